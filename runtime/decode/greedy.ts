/** Greedy decoding: the likeliest id, again and again. */
import { extend } from "./extend.ts";
import type { ExtendOptions } from "./extend.ts";
import type { DecodeRequest, NextLogits } from "./next-logits.ts";

/** The new ids of each request, without its prefix and without `end`. */
export function greedy(model: NextLogits, requests: readonly DecodeRequest[], options: ExtendOptions): Promise<number[][]> {
  return extend(model, requests, () => likeliest, options);
}

/** The position of the largest value, the first of equals. */
export function likeliest(values: Float32Array): number {
  let best = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value > highest) {
      highest = value;
      best = at;
    }
  }
  return best;
}
