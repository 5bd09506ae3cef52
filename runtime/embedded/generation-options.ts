/** What is handed to `generate`, checked before anything runs: callers may be JavaScript. */
import type { TfmError } from "../errors.ts";
import { optionValue, textsType } from "./errors.ts";
import type { GenerationOptions } from "./generation.ts";

interface Wanted {
  readonly text: string;
  readonly isValid: (value: number) => boolean;
}

const count: Wanted = { text: "an integer of at least 1", isValid: (value) => Number.isSafeInteger(value) && value >= 1 };
const seed: Wanted = { text: "an integer of at least 0", isValid: (value) => Number.isSafeInteger(value) && value >= 0 };
const notNegative: Wanted = { text: "a number of at least 0", isValid: (value) => value >= 0 };
const share: Wanted = { text: "a number above 0 and at most 1", isValid: (value) => value > 0 && value <= 1 };

const NUMBERS: Readonly<Record<string, Wanted>> = { maxLength: count, batch: count, seed };
/** What each method must have, and may have. */
const METHODS: Readonly<Record<string, { readonly needs: Readonly<Record<string, Wanted>>; readonly takes: Readonly<Record<string, Wanted>> }>> = {
  greedy: { needs: {}, takes: {} },
  beam: { needs: { width: count, lengthPenalty: notNegative }, takes: {} },
  sample: { needs: {}, takes: { temperature: notNegative, topK: count, topP: share, seed } },
};

/** Throws TfmError `texts-type` or `option-value`. */
export function checkGeneration(texts: unknown, options: GenerationOptions): void {
  const wrong = Array.isArray(texts) ? texts.find((text) => typeof text !== "string") : typeof texts === "string" ? undefined : texts ?? null;
  if (wrong !== undefined) throw textsType(wrong === null ? "nothing" : shown(wrong));
  checkNumbers("", options, {}, NUMBERS);
  const { stop, decoding } = options;
  if (stop !== undefined && !(Array.isArray(stop) && stop.every((text) => typeof text === "string"))) throw badOption("stop", "an array of texts", stop);
  if (decoding === undefined) return;
  const method = METHODS[(decoding as { readonly method?: string } | null)?.method ?? ""];
  if (method === undefined) throw badOption("decoding", `{ method: ${Object.keys(METHODS).map((name) => `"${name}"`).join(" | ")}, … }`, decoding);
  checkNumbers("decoding.", decoding, method.needs, method.takes);
}

function checkNumbers(path: string, given: object, needs: Readonly<Record<string, Wanted>>, takes: Readonly<Record<string, Wanted>>): void {
  for (const [name, { text, isValid }] of Object.entries({ ...needs, ...takes })) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value === undefined && !(name in needs)) continue;
    if (typeof value !== "number" || !isValid(value)) throw badOption(path + name, text, value);
  }
}

function badOption(name: string, wanted: string, value: unknown): TfmError {
  return optionValue(name, wanted, shown(value));
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : typeof value === "string" ? `"${value}"` : String(value);
}
