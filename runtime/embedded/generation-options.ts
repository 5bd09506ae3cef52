/** What is handed to `generate`, checked before anything runs: callers may be JavaScript. */
import { count, GENERATE_OPTIONS, generateOptions, METHODS } from "../decode/options.ts";
import type { GenerateOption } from "../decode/options.ts";
import { unknownName } from "../errors.ts";
import type { TfmError } from "../errors.ts";
import { optionValue, textsType } from "./errors.ts";
import type { GenerationOptions } from "./generation.ts";

/** Those that stand beside `decoding`, and not within it. */
const OUTSIDE: readonly GenerateOption[] = [...GENERATE_OPTIONS.filter(({ name }) => name === "max_length" || name === "seed"), { name: "batch", ...count(1) }];
const OPTIONS: readonly (keyof GenerationOptions)[] = ["maxLength", "decoding", "seed", "stop", "batch", "signal", "onText", "onProgress"];

/** Throws TfmError `texts-type`, `option-value` or `unknown-option`. */
export function checkGeneration(texts: unknown, options: GenerationOptions): void {
  const all: readonly unknown[] = Array.isArray(texts) ? texts : [texts];
  const wrong = all.findIndex((text) => typeof text !== "string");
  if (wrong >= 0) throw textsType(all[wrong]);
  if (typeof options !== "object" || (options as unknown) === null) throw badOption("options", "an object", options);
  for (const name of Object.keys(options)) if (!OPTIONS.some((known) => known === name)) throw unknownName("option", name, OPTIONS);
  checkNumbers("", options, OUTSIDE, false);
  const { stop, decoding, signal } = options;
  if (stop !== undefined && !(Array.isArray(stop) && stop.findIndex((text) => typeof text !== "string" || text === "") < 0)) throw badOption("stop", "an array of texts that are not empty", stop);
  if (signal !== undefined && typeof (signal as { readonly throwIfAborted?: unknown } | null)?.throwIfAborted !== "function") throw badOption("signal", "an AbortSignal", signal);
  for (const name of ["onText", "onProgress"] as const) if (options[name] !== undefined && typeof options[name] !== "function") throw badOption(name, "a function", options[name]);
  if (decoding === undefined) return;
  const method = METHODS.find((one) => one === (decoding as { readonly method?: string } | null)?.method);
  if (method === undefined) throw badOption("decoding", `{ method: ${METHODS.map((name) => `"${name}"`).join(" | ")}, … }`, decoding);
  const known = generateOptions(method).filter(({ methods }) => methods !== undefined);
  const names = ["method", ...known.map(fieldOf)];
  for (const name of Object.keys(decoding)) if (!names.includes(name)) throw unknownName("option", `decoding.${name}`, names);
  checkNumbers("decoding.", decoding, known, method === "beam");
}

/** `required`: none of them may be left out. */
function checkNumbers(path: string, given: object, options: readonly GenerateOption[], required: boolean): void {
  for (const option of options) {
    const field = fieldOf(option);
    const value = (given as Readonly<Record<string, unknown>>)[field];
    if (value === undefined && !required) continue;
    if (typeof value !== "number" || !option.isValid(value)) throw badOption(path + field, option.wanted, value);
  }
}

/** `topK` for `top_k`. */
function fieldOf({ name }: GenerateOption): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function badOption(name: string, wanted: string, value: unknown): TfmError {
  return optionValue("generate()", name, wanted, value);
}
