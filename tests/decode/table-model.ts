import { draws } from "../../runtime/random/philox.ts";
import type { NextLogits } from "../../runtime/decode/next-logits.ts";

export const END = 0;

/** Log-probabilities of the id after `ids`, for the source that begins with `source`. */
export type Table = (source: number, ids: readonly number[]) => readonly number[];

/** A drawn distribution over `vocabulary` ids for every prefix and source, and none the same. */
export function randomTable(seed: number, vocabulary: number, spread = 2): Table {
  return (source, ids) => {
    const random = draws(seed, ids.reduce((hash, id) => hash * (vocabulary + 1) + id + 1, source + 1));
    const logits = Array.from({ length: vocabulary }, () => spread * random.normal());
    const all = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
    return logits.map((value) => value - all);
  };
}

/** A model by table. Its logits are the log-probabilities and a constant, which no way of decoding may notice. */
export function tableModel(table: Table, limits = { rows: 1000, length: 100 }): { readonly model: NextLogits; readonly calls: (readonly [rows: number, length: number])[] } {
  const calls: [number, number][] = [];
  const model: NextLogits = {
    limits,
    begin: (sources) => ({
      async next(rows, prefixes, length) {
        calls.push([rows.length, length]);
        if (rows.length > limits.rows || length > limits.length) throw new Error("above the limits");
        const all = rows.map((row, at) => table(sources[row]?.[0] ?? 0, Array.from(prefixes.subarray(at * length, (at + 1) * length))).map((value) => value + 3));
        return Float32Array.from(all.flat());
      },
    }),
  };
  return { model, calls };
}
