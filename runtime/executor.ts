/** Walks an entry's dispatches: everything is made beforehand, a run only evaluates workgroup counts. */
import { resolve } from "./buffers.ts";
import type { BufferPlan, BufferRange, Buffers } from "./buffers.ts";
import type { MadePipeline } from "./pipelines.ts";
import { UNIFORM_BYTES } from "./program.ts";
import type { Entry } from "./program.ts";
import { evaluateSize } from "./size.ts";
import type { Size, Sizes } from "./size.ts";

export interface PreparedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly groups: Size;
  readonly label: string;
  readonly kernel: number;
}

/** One bind group per dispatch; dispatches that bind the same ranges share it. In the order of the plan's entries. */
export function prepareDispatches(
  device: GPUDevice,
  plan: BufferPlan,
  buffers: Buffers,
  pipelines: ReadonlyMap<number, MadePipeline>,
): readonly (readonly PreparedDispatch[])[] {
  const groups = new Map<string, GPUBindGroup>();
  const ids = new Map<GPUBuffer, number>();
  const idOf = (buffer: GPUBuffer): number => {
    const id = ids.get(buffer) ?? ids.size;
    ids.set(buffer, id);
    return id;
  };
  return plan.entries.map(({ entry }, entryAt) =>
    entry.steps.map((step): PreparedDispatch => {
      const made = pipelines.get(step.kernel);
      if (made === undefined) throw new Error(`internal: kernel ${step.kernel} was not made`);
      const ranges = step.bindings.map((ref) => resolve(ref, entryAt, plan, buffers));
      refuseOverlap(ranges, step.label);
      const key = ranges.map(({ buffer, offset, size }) => `${idOf(buffer)}:${offset}:${size}`).join(" ");
      let bindings = groups.get(key);
      if (bindings === undefined) {
        const uniform = plan.times === undefined ? { buffer: buffers.uniform } : { buffer: buffers.uniform, size: UNIFORM_BYTES };
        const entries = [uniform, ...ranges].map((resource, binding) => ({ binding, resource }));
        bindings = device.createBindGroup({ label: step.label, layout: made.layout, entries });
        groups.set(key, bindings);
      }
      return {
        pipeline: made.pipeline,
        bindings,
        groups: made.fallback ? (step.fallbackGroups ?? step.groups) : step.groups,
        label: step.label,
        kernel: step.kernel,
      };
    }),
  );
}

/** WebGPU forbids two writable bindings of the same bytes in a dispatch, whatever the kernel does with them. */
function refuseOverlap(ranges: readonly BufferRange[], label: string): void {
  ranges.forEach((a, at) => {
    for (const b of ranges.slice(0, at)) {
      if (a.buffer === b.buffer && a.offset < b.offset + b.size && b.offset < a.offset + a.size) {
        throw new Error(`internal: two bindings of ${label} overlap`);
      }
    }
  });
}

/** Calls `encode` for every dispatch of a run in order, with its time within a loop. */
export function forEachDispatch(entry: Entry, dispatches: readonly PreparedDispatch[], sizes: Sizes, encode: (dispatch: PreparedDispatch, time: number) => void): void {
  let at = 0;
  const run = (end: number, time: number): void => {
    for (; at < end; at++) encode(dispatches[at] as PreparedDispatch, time);
  };
  for (const { first, last, count, reverse } of entry.loops ?? []) {
    run(first, 0);
    const times = evaluateSize(count, sizes);
    for (let k = 0; k < times; k++) {
      at = first;
      run(last + 1, reverse === true ? times - 1 - k : k);
    }
    at = last + 1;
  }
  run(dispatches.length, 0);
}

/** `time`: of the loop that it stands in; undefined in programs without loops. */
export function encodeDispatch(pass: GPUComputePassEncoder, dispatch: PreparedDispatch, sizes: Sizes, limit: number, time?: number): void {
  const count = evaluateSize(dispatch.groups, sizes);
  if (count <= 0) return;
  const [x, y] = foldGroups(count, limit);
  pass.setPipeline(dispatch.pipeline);
  if (time === undefined) pass.setBindGroup(0, dispatch.bindings);
  else pass.setBindGroup(0, dispatch.bindings, [time * UNIFORM_BYTES]);
  pass.dispatchWorkgroups(x, y);
}

/**
 * The same count in two dimensions where it is above the limit, with less than one row to spare: 65,536 is [32768, 2].
 * A dispatch above the limit would not throw: it would do nothing.
 */
function foldGroups(count: number, limit: number): readonly [x: number, y: number] {
  if (count <= limit) return [count, 1];
  const y = Math.ceil(count / limit);
  if (y > limit) throw new Error(`internal: ${count} workgroups are too many`);
  return [Math.ceil(count / y), y];
}
