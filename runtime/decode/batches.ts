/** Which requests share a batch, and how far it goes. */
import type { DecodeOptions, DecodeRequest, NextLogits } from "./next-logits.ts";

/** Indices of requests by batch: equal prefix lengths, and similar (or without padding equal) source lengths. */
export function batchesOf(requests: readonly DecodeRequest[], rows: number, options: Pick<DecodeOptions, "batch" | "pad">): readonly (readonly number[])[] {
  const most = Math.max(1, Math.min(rows, options.batch ?? rows));
  const sourceLength = (at: number): number => requests[at]?.source?.length ?? 0;
  const prefixLength = (at: number): number => requests[at]?.prefix.length ?? 0;
  const order = requests.map((_, at) => at).sort((a, b) => prefixLength(a) - prefixLength(b) || sourceLength(a) - sourceLength(b) || a - b);
  const batches: number[][] = [];
  for (const at of order) {
    const open = batches.at(-1);
    const first = open?.[0];
    const fits = first !== undefined && prefixLength(first) === prefixLength(at) && (options.pad !== undefined || sourceLength(first) === sourceLength(at));
    if (open !== undefined && fits && open.length < most) open.push(at);
    else batches.push([at]);
  }
  return batches;
}

/** The sources of a batch, filled to the length of the longest. */
export function sourcesOf(batch: readonly DecodeRequest[], pad = 0): readonly Int32Array[] {
  const width = Math.max(...batch.map(({ source }) => source?.length ?? 0));
  return batch.map(({ source = [] }) => {
    const row = new Int32Array(width).fill(pad);
    row.set(Array.from(source));
    return row;
  });
}

/** The length of the last prefix that the model is asked to continue, for prefixes that begin with `first` ids. */
export function lastLength({ limits }: NextLogits, first: number, { maxLength, slide = false }: DecodeOptions): number {
  const wanted = first + maxLength - 1;
  // A prompt above the model's limit is fed all the same, for the error that it gives.
  return slide ? wanted : Math.max(first, Math.min(limits.length, wanted));
}

/** Sequences of equal length as [sequences, shown] for the model, cut to their last ids where it `slide`s. */
export function prefixesOf(sequences: readonly (readonly number[])[], { limits }: NextLogits, { slide = false }: DecodeOptions): { readonly ids: Int32Array; readonly length: number } {
  const whole = sequences[0]?.length ?? 0;
  const length = slide ? Math.min(whole, limits.length) : whole;
  const ids = new Int32Array(sequences.length * length);
  sequences.forEach((sequence, at) => ids.set(sequence.slice(whole - length), at * length));
  return { ids, length };
}
