import type { BufferRange } from "./buffers.ts";
import { USAGE } from "./device.ts";
import type { PreparedDispatch } from "./executor.ts";
import type { DispatchTime } from "./trace.ts";

/** WebGPU's limit for a set of queries; loops take more. */
const MOST_QUERIES = 4096;

/** A dispatch of an entry, at a time step where it is in a loop. */
export interface TimedDispatch {
  readonly entry: string;
  readonly kernel: string;
  readonly dispatch: PreparedDispatch;
  readonly time: number;
}

interface Run {
  /** Encodes what comes before the first dispatch. */
  readonly first: (encoder: GPUCommandEncoder) => void;
  readonly encode: (pass: GPUComputePassEncoder, timed: TimedDispatch) => void;
  readonly read: (range: BufferRange) => Promise<ArrayBuffer>;
}

export type TimeDispatches = typeof timeDispatches;

/** Runs every dispatch in a pass of its own between two timestamps, on a device that has them. */
export async function timeDispatches(device: GPUDevice, dispatches: readonly TimedDispatch[], { first, encode, read }: Run): Promise<readonly DispatchTime[]> {
  const most = Math.min(dispatches.length, MOST_QUERIES / 2);
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * most });
  const resolved = device.createBuffer({ size: 16 * most, usage: USAGE.queryResolve | USAGE.copySource });
  const found: DispatchTime[] = [];
  try {
    for (let from = 0; from < dispatches.length; from += most) {
      const chunk = dispatches.slice(from, from + most);
      const encoder = device.createCommandEncoder({ label: "profile" });
      if (from === 0) first(encoder);
      chunk.forEach((timed, at) => {
        const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 };
        const pass = encoder.beginComputePass({ label: timed.dispatch.label, timestampWrites });
        encode(pass, timed);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, 2 * chunk.length, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const times = new BigUint64Array(await read({ buffer: resolved, offset: 0, size: 16 * chunk.length }));
      chunk.forEach(({ entry, kernel, dispatch }, at) => {
        found.push({ entry, kernel, label: dispatch.label, nanoseconds: Number((times[2 * at + 1] ?? 0n) - (times[2 * at] ?? 0n)) });
      });
    }
    return found;
  } finally {
    querySet.destroy();
    resolved.destroy();
  }
}
