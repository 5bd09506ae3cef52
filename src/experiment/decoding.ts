/** How a model writes: as its recipe says, or as a command line does in its place. */
import { GENERATE_OPTIONS } from "../../compiler/check/recipe/generate-options.ts";
import type { GenerateSpec, Model } from "../../compiler/check/model.ts";
import { decodingOf } from "../../runtime/index.ts";
import type { Decoding } from "../../runtime/index.ts";
import type { Option, OptionValues } from "../commands/command.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

type Method = GenerateSpec["method"];

/** What is said beside the recipe. */
export interface DecodingChoice {
  readonly method?: Method | undefined;
  /** By the recipe's names. */
  readonly options?: Readonly<Record<string, number>>;
  readonly stop?: readonly string[];
}

export interface Writing {
  readonly entry: string;
  readonly decoding: Decoding;
  /** New tokens at most, where recipe or command line say. */
  readonly longest?: number;
  readonly stop: readonly string[];
}

export function generateOf(model: Model): GenerateSpec {
  const generate = model.recipe?.generate;
  if (generate !== undefined) return generate;
  throw new CommandFailure({ code: "no-generate", exit: exitCodes.wrong, message: `the recipe ${model.recipe?.name ?? ""} does not say how text is generated`, remedy: "add `generate = greedy(model)` to it" });
}

export function writingOf(model: Model, { method, options = {}, stop = [] }: DecodingChoice = {}): Writing {
  const recipe = generateOf(model);
  // Who asks for a temperature wants to sample, whatever the recipe does.
  const samples = ["temperature", "top_k", "top_p"].some((name) => options[name] !== undefined);
  const all: Readonly<Record<string, number>> = { seed: model.recipe?.seed ?? 0, ...recipe.options, ...options };
  const longest = all["max_length"];
  return { entry: recipe.entry, decoding: decodingOf(method ?? (samples ? "sample" : recipe.method), all), stop, ...(longest === undefined ? {} : { longest }) };
}

/** The entries to compile for what `entry` writes: those of an encoder and a decoder too, where there are any. */
export function writingEntries(model: Model, entry: string): readonly string[] {
  const [, source] = model.entries.find(({ name }) => name === entry)?.inputs ?? [];
  const parts = source === undefined ? [] : model.entries.map(({ name }) => name).filter((name) => (name === "encode" || name === "decode") && name !== entry);
  return [entry, ...parts];
}

/** Of commands that write: what `choiceOf` reads. */
export const decodingOptions: readonly Option[] = [
  { name: "decode", kind: "text", value: "HOW", choices: ["greedy", "beam", "sample"], doc: "by default as the recipe says" },
  { name: "temperature", kind: "number", value: "X", doc: "sample; below 1 keeps to likely tokens, 0 takes the likeliest" },
  { name: "top-k", kind: "integer", value: "N", doc: "sample from the N likeliest tokens" },
  { name: "top-p", kind: "number", value: "X", doc: "sample from the fewest tokens that hold this share of the probability" },
  { name: "width", kind: "integer", value: "N", doc: "of beam search: texts that go on at a time" },
  { name: "length-penalty", kind: "number", value: "X", doc: "of beam search: 0 favours short texts" },
  { name: "seed", kind: "integer", value: "N", doc: "of the draws; another one gives other texts" },
  { name: "max-length", kind: "integer", value: "N", doc: "new tokens of a text at most" },
  { name: "stop", kind: "list", value: "TEXT", doc: "end before the first such text (\\n is a line break); may be given several times" },
];

/** Of commands that measure: what two runs of them agree on. */
export const measuringOptions: readonly Option[] = decodingOptions.filter(({ name }) => ["decode", "width", "length-penalty", "max-length"].includes(name));

/** From those of the options above that a command declares. Throws CommandFailure for values that make no sense. */
export function choiceOf(options: OptionValues, declared: readonly Option[]): DecodingChoice {
  const isDeclared = (option: string): boolean => declared.some(({ name }) => name === option);
  const given = GENERATE_OPTIONS.flatMap(({ name, wanted, isValid }) => {
    const option = name.replaceAll("_", "-");
    const value = isDeclared(option) ? options.number(option) : undefined;
    if (value === undefined) return [];
    if (!isValid(value)) throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--${option} must be ${wanted}; it is ${value}` });
    return [[name, value] as const];
  });
  return { method: options.text("decode") as Method | undefined, options: Object.fromEntries(given), stop: isDeclared("stop") ? options.list("stop").map((text) => text.replaceAll("\\n", "\n")) : [] };
}
