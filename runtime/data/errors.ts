import { TfmError } from "../errors.ts";
import type { Overlong } from "./examples.ts";

export function noPairs(): TfmError {
  return new TfmError("data-empty", 1, "The data holds no pairs.", "Give at least one line with a source, a tab and a target.");
}

export function sequenceOverLimit({ side, line, tokens, limit, unit = "tokens" }: Overlong): TfmError {
  return new TfmError("sequence-over-limit", 1, `The ${side} of line ${line} has ${tokens} ${unit}; the limit is ${limit}.`, "Shorten the line, leave it out, or let the model take more.");
}

export function noExamples(unit: string): TfmError {
  return new TfmError("data-empty", 1, `The data hold no ${unit}.`, "Give at least one.");
}

export function textTooShort(tokens: number): TfmError {
  return new TfmError("data-empty", 1, `The text has ${tokens === 1 ? "one token" : "no tokens"}; two are the least that anything can be learnt from.`, "Give a longer text.");
}

export function windowOverLimit(length: number, limit: number): TfmError {
  return new TfmError("sequence-over-limit", 1, `The data give windows of ${length} tokens; the model takes ${limit}.`, `Write length: ${limit} in the recipe's data, or let the model take more.`);
}

export function imagesDamaged(cause: string): TfmError {
  return new TfmError("images-damaged", 1, `The file of images cannot be read: ${cause}.`, "Take the file anew from where it came from.");
}
