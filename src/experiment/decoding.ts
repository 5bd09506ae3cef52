/** How a model writes: as its recipe says, or as a command line does in its place. */
import type { GenerateSpec, Model } from "../../compiler/check/model.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import { byLastPlace, grownAndRead } from "../../runtime/decode/entries.ts";
import { GENERATE_OPTIONS, METHODS } from "../../runtime/decode/options.ts";
import type { GenerateOption } from "../../runtime/decode/options.ts";
import { decodingOf, entriesOf, generatingEntries } from "../../runtime/index.ts";
import type { Decoding, EncodeDecodeEntries, ForwardEntry } from "../../runtime/index.ts";
import type { Option, OptionValues } from "../commands/command.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

type Method = GenerateSpec["method"];

const SEARCHES: Readonly<Record<Method, string>> = { greedy: "greedy decoding", beam: "beam search", sample: "sampling" };

/** What is said beside the recipe. */
export interface DecodingChoice {
  readonly method?: Method | undefined;
  /** By the recipe's names. */
  readonly options?: Readonly<Record<string, number>>;
  readonly stop?: readonly string[];
}

export interface Writing {
  /** The entries of a program that run. */
  readonly use: ForwardEntry | EncodeDecodeEntries;
  readonly decoding: Decoding;
  /** New tokens at most, where recipe or command line say. */
  readonly longest?: number;
  readonly stop: readonly string[];
}

export function generateOf(model: Model): GenerateSpec {
  const generate = model.recipe?.generate;
  if (generate !== undefined) return generate;
  throw new CommandFailure({ code: "no-generate", exit: exitCodes.wrong, ...howElse(model, `the recipe ${model.recipe?.name ?? ""} does not say how text is generated`) });
}

/** A model that classifies has no function that could be named. */
function howElse({ entries }: Model, unsaid: string): { readonly message: string; readonly remedy: string } {
  const able = entries.find((entry) => grownAndRead(entry) !== undefined)?.name;
  if (able !== undefined) return { message: unsaid, remedy: `add \`generate = greedy(${able === "forward" ? "model" : `model.${able}`})\` to it` };
  const shown = entries[0] === undefined ? "" : `what \`${entries[0].name}\` gives is shown by \`tfmc inspect RUN --at ${entries[0].name} --input …\`; `;
  return { message: `${unsaid}, and no function of the model gives logits [B, T, vocab] of ids [B, T]`, remedy: `${shown}\`tfmc eval RUN\` measures` };
}

/** The recipe's options, and for the draws its seed where they have none of their own. */
export function seededOptions(model: Model, generate: GenerateSpec): Readonly<Record<string, number>> {
  return { seed: model.recipe?.seed ?? 0, ...generate.options };
}

/** Throws CommandFailure for options of another search than the one that is asked for. */
export function writingOf(model: Model, choice: DecodingChoice = {}): Writing {
  const { options = {}, stop = [] } = choice;
  const recipe = generateOf(model);
  const method = searchOf(choice, decodingOptions, recipe.method) ?? recipe.method;
  const all = { ...seededOptions(model, recipe), ...options };
  const longest = all["max_length"];
  const use = useOf(model, recipe.entry);
  if (use === undefined) throw notAGenerator(recipe.entry);
  return { use, decoding: decodingOf(method, all), stop, ...(longest === undefined ? {} : { longest }) };
}

/**
 * The search that is asked for: by its name, by an option that belongs to it alone, or by the recipe. A seed asks for none: it says which
 * draws, not that there are any.
 */
function searchOf({ method, options = {} }: DecodingChoice, declared: readonly Option[], recipe?: Method): Method | undefined {
  const given = GENERATE_OPTIONS.filter(({ name, methods }) => methods !== undefined && options[name] !== undefined);
  const asking = given.find(({ name }) => name !== "seed");
  const search = method ?? asking?.methods?.[0] ?? recipe;
  const stray = given.find(({ methods }) => search !== undefined && methods?.includes(search) === false);
  if (search === undefined || stray === undefined) return search;
  const asker = method !== undefined ? "--decode" : asking !== undefined ? optionOf(asking) : "the recipe";
  throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: `${optionOf(stray)} has no effect on ${SEARCHES[search]}, which ${asker} asks for`, remedy: METHODS.map((one) => `${one} has ${optionsOf(one, declared)}`).join("; ") });
}

/** "--width and --length-penalty": what belongs to a search and not to all. */
function optionsOf(method: Method, declared: readonly Option[]): string {
  const names = GENERATE_OPTIONS.filter((option) => option.methods?.includes(method) === true).map(optionOf).filter((option) => declared.some(({ name }) => `--${name}` === option));
  return names.length === 0 ? "no options of its own" : names.join(", ").replace(/, ([^,]*)$/, " and $1");
}

function optionOf({ name }: Pick<GenerateOption, "name">): string {
  return `--${name.replaceAll("_", "-")}`;
}

/** Undefined where the function cannot generate. */
function useOf(model: Model, entry: string): Writing["use"] | undefined {
  // As in a program: there an entry has no inputs that nothing comes of.
  const entries = model.entries.map(({ graph, inputs, ...rest }) => {
    const read = new Set(prunedGraph(graph).values.map((value) => (value.kind === "input" ? value.field : undefined)));
    return { ...rest, inputs: inputs.filter(({ name }) => read.has(name)) };
  });
  const use = generatingEntries({ entries }, entry);
  return use && byLastPlace(use);
}

function notAGenerator(entry: string): CommandFailure {
  return new CommandFailure({ code: "not-a-generator", exit: exitCodes.wrong, message: `\`${entry}\` cannot write text: it needs one argument that grows and at most one that it reads`, remedy: "name another function in the recipe's `generate`" });
}

/** The entries to compile for what the model's recipe generates; none where it generates nothing, or cannot. */
export function writingEntries(model: Model): readonly string[] {
  const { generate } = model.recipe ?? {};
  const use = generate && useOf(model, generate.entry);
  return use ? entriesOf(use) : [];
}

/** Of commands that write: what `choiceOf` reads. Those that belong to one search say so. */
export const decodingOptions: readonly Option[] = ([
  { name: "decode", kind: "text", value: "HOW", choices: METHODS, doc: "by default the search that the options below belong to, or else the recipe's" },
  { name: "temperature", kind: "number", value: "X", doc: "below 1 keeps to likely tokens, 0 takes the likeliest" },
  { name: "top-k", kind: "integer", value: "N", doc: "from the N likeliest tokens" },
  { name: "top-p", kind: "number", value: "X", doc: "from the fewest tokens that hold this share of the probability" },
  { name: "width", kind: "integer", value: "N", doc: "texts that go on at a time" },
  { name: "length-penalty", kind: "number", value: "X", doc: "0 favours short texts" },
  { name: "seed", kind: "integer", value: "N", doc: "of the draws; another one gives other texts" },
  { name: "max-length", kind: "integer", value: "N", doc: "new tokens of a text at most" },
  { name: "stop", kind: "list", value: "TEXT", doc: "end before the first such text (\\n is a line break); may be given several times" },
] satisfies readonly Option[]).map((option) => ({ ...option, doc: [...searchesOf(option.name), option.doc].join(": ") }));

function searchesOf(option: string): readonly Method[] {
  return GENERATE_OPTIONS.find((one) => optionOf(one) === `--${option}`)?.methods ?? [];
}

/** Of commands that measure: what two runs of them agree on. */
export const measuringOptions: readonly Option[] = decodingOptions.filter(({ name }) => ["decode", "width", "length-penalty", "max-length"].includes(name));

/** From those of the options above that a command declares. Throws CommandFailure for values that make no sense, alone or together. */
export function choiceOf(options: OptionValues, declared: readonly Option[]): DecodingChoice {
  const isDeclared = (option: string): boolean => declared.some(({ name }) => name === option);
  const given = GENERATE_OPTIONS.flatMap(({ name, wanted, isValid }) => {
    const option = name.replaceAll("_", "-");
    const value = isDeclared(option) ? options.number(option) : undefined;
    if (value === undefined) return [];
    if (!isValid(value)) throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--${option} must be ${wanted}; it is ${value}` });
    return [[name, value] as const];
  });
  const choice = { method: options.text("decode") as Method | undefined, options: Object.fromEntries(given), stop: isDeclared("stop") ? options.list("stop").map((text) => text.replaceAll("\\n", "\n")) : [] };
  searchOf(choice, declared);
  return choice;
}
