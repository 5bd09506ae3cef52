import { draws, permutation, shuffle } from "../random/philox.ts";
import { STREAMS } from "../random/streams.ts";

/** What decides which examples share a batch. */
export interface Order {
  readonly batch: number;
  readonly seed: number;
  /** Examples are shuffled, sorted by length within pools of this many batches, cut into batches, and the batches shuffled. */
  readonly pool: number;
}

/**
 * The batches of an epoch as indices of examples, a pure function of its arguments. Every example is in exactly one batch; the last batch
 * of the epoch's last pool is short where the batch size does not divide the number of examples. Sorting within shuffled pools keeps
 * padding low while the company that an example keeps still changes from epoch to epoch.
 */
export function epochBatches(lengths: ArrayLike<number>, epoch: number, order: Order): readonly Uint32Array[] {
  const shuffled = permutation(lengths.length, order.seed, STREAMS.order + 2 * epoch);
  const batches: Uint32Array[] = [];
  const poolSize = order.batch * order.pool;
  for (let from = 0; from < shuffled.length; from += poolSize) {
    // Ties keep their shuffled order: the sort is stable.
    const pool = shuffled.slice(from, from + poolSize).sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
    for (let at = 0; at < pool.length; at += order.batch) batches.push(pool.slice(at, at + order.batch));
  }
  shuffle(batches, draws(order.seed, STREAMS.order + 2 * epoch + 1));
  return batches;
}
