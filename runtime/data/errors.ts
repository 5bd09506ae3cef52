import { TfmError } from "../errors.ts";

export function noPairs(): TfmError {
  return new TfmError("data-empty", 1, "The data holds no pairs.", "Give at least one line with a source, a tab and a target.");
}

export function sequenceOverLimit(side: string, line: number, length: number, limit: number): TfmError {
  return new TfmError("sequence-over-limit", 1, `The ${side} of line ${line} has ${length} tokens; the limit is ${limit}.`,
    "Raise the limit, shorten the line, or let long lines be cut.");
}
