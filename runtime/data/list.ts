import type { Batch } from "./batches.ts";
import type { EncodedExamples } from "./examples.ts";
import { epochBatches } from "./schedule.ts";

/** Batches whose examples are sorted by length together; more of them waste less padding. */
const POOL = 50;

export interface ListOptions {
  readonly batch: number;
  readonly seed: number;
  readonly bounds: Readonly<Record<string, number>>;
  /** The batch of these examples, in this order. `epoch` is undefined where they are evaluated. */
  readonly assemble: (rows: readonly number[], epoch: number | undefined) => Batch;
}

/**
 * Examples that are each in one batch of every epoch, those of like length together: `lengths` has one for each, by epoch where what an
 * example is made of is drawn anew in each.
 */
export function listBatches(lengths: ArrayLike<number> | ((epoch: number) => ArrayLike<number>), { batch, seed, bounds, assemble }: ListOptions): EncodedExamples {
  const lengthsOf = typeof lengths === "function" ? lengths : () => lengths;
  const count = lengthsOf(0).length;
  const stepsPerEpoch = Math.ceil(count / batch);
  const order = { batch, seed, pool: POOL };
  let current: { readonly epoch: number; readonly batches: readonly Uint32Array[] } | undefined;
  const epochOf = (epoch: number): readonly Uint32Array[] => {
    if (current?.epoch !== epoch) current = { epoch, batches: epochBatches(lengthsOf(epoch), epoch, order) };
    return current.batches;
  };
  return {
    stepsPerEpoch,
    bounds: { B: Math.min(batch, count), ...bounds },
    batch(step) {
      const epoch = Math.floor(step / stepsPerEpoch);
      return assemble(Array.from(epochOf(epoch)[step % stepsPerEpoch] as Uint32Array), epoch);
    },
    *inOrder() {
      for (let from = 0; from < count; from += batch) {
        yield assemble(Array.from({ length: Math.min(batch, count - from) }, (_, at) => from + at), undefined);
      }
    },
  };
}

/** Rows of ids as one field [B, width], filled up with `pad`. */
export function paddedRows(rows: readonly (readonly number[])[], width: number, pad: number): Int32Array {
  const field = new Int32Array(rows.length * width).fill(pad);
  for (const [b, row] of rows.entries()) field.set(row, b * width);
  return field;
}

/** The longest row's length, at least 1. */
export function widest(rows: readonly (readonly number[])[]): number {
  return rows.reduce((width, row) => Math.max(width, row.length), 1);
}
