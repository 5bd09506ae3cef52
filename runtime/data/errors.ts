import { TfmError } from "../errors.ts";

export function noPairs(): TfmError {
  return new TfmError("data-empty", 1, "The data holds no pairs.", "Give at least one line with a source, a tab and a target.");
}

export function sequenceOverLimit(side: string, line: number, length: number, limit: number): TfmError {
  return new TfmError("sequence-over-limit", 1, `The ${side} of line ${line} has ${length} tokens; the limit is ${limit}.`,
    "Raise the limit, shorten the line, or let long lines be cut.");
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
