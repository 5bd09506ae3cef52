/**
 * Decoding id after id, for many sequences at once: what is chosen is never taken back. Sequences of about the same length share a
 * batch, and those that have ended leave it, so what is left runs at its own size.
 */
import { batchesOf, lastLength, prefixesOf, sourcesOf } from "./batches.ts";
import type { DecodeOptions, DecodeRequest, NextLogits } from "./next-logits.ts";

export interface ExtendOptions extends DecodeOptions {
  /** Called with each new id and the index of its request; true ends the sequence there. */
  readonly onId?: (request: number, id: number) => boolean;
  /** Called with the index of each request as soon as its answer is whole. */
  readonly onEnd?: (request: number, ids: readonly number[]) => void;
}

/** Logits [vocabulary] to the id that is taken. */
export type Choice = (logits: Float32Array) => number;

/** The new ids of each request, without its prefix and without `end`. `choiceFor` is asked once for each request. */
export async function extend(model: NextLogits, requests: readonly DecodeRequest[], choiceFor: (request: number) => Choice, options: ExtendOptions): Promise<number[][]> {
  const answers: number[][] = requests.map(() => []);
  let done = 0;
  for (const batch of batchesOf(requests, model.limits.rows, options)) {
    const found = await extendBatch(model, batch.map((at) => requests[at] as DecodeRequest), batch.map(choiceFor), {
      ...options,
      onId: (row, id) => options.onId?.(batch[row] as number, id) === true,
      onEnd: (row, ids) => options.onEnd?.(batch[row] as number, ids),
    });
    batch.forEach((at, row) => (answers[at] = found[row] as number[]));
    done += batch.length;
    options.onProgress?.(done);
  }
  return answers;
}

async function extendBatch(model: NextLogits, batch: readonly DecodeRequest[], choices: readonly Choice[], options: ExtendOptions): Promise<number[][]> {
  const continuation = model.begin(sourcesOf(batch, options.pad));
  const sequences = batch.map(({ prefix }) => Array.from(prefix));
  const first = sequences[0]?.length ?? 0;
  const last = lastLength(model, first, options);
  let open = batch.map((_, row) => row);
  for (let length = first; open.length > 0 && length <= last; length++) {
    options.signal?.throwIfAborted();
    const prefixes = prefixesOf(open.map((row) => sequences[row] as number[]), model, options);
    const logits = await continuation.next(open, prefixes.ids, prefixes.length);
    const vocabulary = logits.length / open.length;
    open = open.filter((row, at) => {
      const id = (choices[row] as Choice)(logits.subarray(at * vocabulary, (at + 1) * vocabulary));
      const sequence = sequences[row] as number[];
      if (id !== options.end) sequence.push(id);
      const goesOn = id !== options.end && options.onId?.(row, id) !== true && length < last;
      if (!goesOn) options.onEnd?.(row, sequence.slice(first));
      return goesOn;
    });
  }
  return sequences.map((sequence) => sequence.slice(first));
}
