/** Brings a feed to the GPU: checked fields, the index lists made from them, and the uniform block. */
import { longestLoop } from "./buffers.ts";
import type { BufferPlan, BufferRange, Buffers } from "./buffers.ts";
import { checkField, checkSizes, isFedOutput } from "./feed.ts";
import type { Elements, FedOutput, Feed, OutputHandle } from "./feed.ts";
import { writeIndexList } from "./index-list.ts";
import type { Entry } from "./program.ts";
import { elementCount, evaluateShape, evaluateSize } from "./size.ts";
import type { Sizes } from "./size.ts";
import type { UniformBlock } from "./uniform.ts";

/** An entry, its place in the plan, and the sizes it depends on. */
export interface StagedEntry {
  readonly at: number;
  readonly entry: Entry;
  readonly sizes: readonly string[];
}

/** Where an output of an earlier run stands. */
export type OutputRange = (output: OutputHandle) => { readonly shape: readonly number[]; readonly range: BufferRange };

export class Staging {
  private readonly queue: GPUQueue;
  private readonly plan: BufferPlan;
  private readonly buffers: Buffers;
  private readonly uniform: UniformBlock;
  private readonly bounds: Sizes;
  private readonly outputRange: OutputRange;
  /** One for each index list, at its largest. */
  private readonly scratch: readonly Int32Array[];

  constructor(queue: GPUQueue, plan: BufferPlan, buffers: Buffers, uniform: UniformBlock, bounds: Sizes, outputRange: OutputRange) {
    this.queue = queue;
    this.plan = plan;
    this.buffers = buffers;
    this.uniform = uniform;
    this.bounds = bounds;
    this.outputRange = outputRange;
    this.scratch = plan.lists.map(({ bytes }) => new Int32Array(bytes / 4));
  }

  /**
   * For the passes encoded next. `slot` is the batch's place in the upload buffer where the submission has several: plain writes
   * would all come before the submission, so copies between its passes bring each batch in its turn. Throws a TfmError for a
   * feed that does not fit.
   */
  stage(encoder: GPUCommandEncoder, entries: readonly StagedEntry[], feed: Feed, slot: number | undefined): void {
    for (const { entry, sizes } of entries) checkSizes(entry, sizes, feed.sizes, this.bounds);
    const move = (target: GPUBuffer | undefined, slotOffset: number, data: Elements | ArrayBuffer): void => {
      if (target === undefined || data.byteLength === 0) return;
      if (slot === undefined || this.buffers.upload === undefined) return this.queue.writeBuffer(target, 0, data);
      const offset = slot * this.plan.slotBytes + slotOffset;
      this.queue.writeBuffer(this.buffers.upload, offset, data);
      encoder.copyBufferToBuffer(this.buffers.upload, offset, target, 0, data.byteLength);
    };

    const checked = new Map<number, Elements>();
    const lists = new Set<number>();
    for (const { at, entry } of entries) {
      const ids = this.plan.entries[at];
      ids?.inputs.forEach((id, own) => {
        const input = entry.inputs[own];
        if (input === undefined || checked.has(id)) return;
        const value = feed.fields[input.name];
        if (value !== undefined && isFedOutput(value)) return this.copyOutput(encoder, value, id, feed.sizes);
        const data = checkField(entry, input, value, feed.sizes);
        checked.set(id, data);
        move(this.buffers.inputs[id], this.plan.inputs[id]?.slotOffset ?? 0, data);
      });
      for (const id of ids?.lists ?? []) lists.add(id);
    }
    for (const id of lists) {
      const { list, input, slotOffset } = this.plan.lists[id] as BufferPlan["lists"][number];
      const indices = checked.get(input);
      const into = this.scratch[id];
      if (indices === undefined || into === undefined) throw new Error(`internal: the index list of ${list.of} needs the field itself`);
      const rows = evaluateSize(list.rows, feed.sizes);
      writeIndexList(indices, rows, into);
      move(this.buffers.lists[id], slotOffset, into.subarray(0, rows + 1 + indices.length));
    }
    const times = Math.max(...entries.map(({ entry }) => longestLoop(entry, feed.sizes)));
    move(this.buffers.uniform, 0, this.uniform.write({ sizes: feed.sizes, step: feed.step ?? 1, micro: feed.micro ?? 0 }, times));
  }

  /** An output of another entry as this run's input: copied on the GPU, whole or some rows of it. */
  private copyOutput(encoder: GPUCommandEncoder, { from, rows }: FedOutput, id: number, sizes: Sizes): void {
    const { shape, range } = this.outputRange(from);
    const target = this.buffers.inputs[id];
    const input = this.plan.inputs[id]?.input;
    if (target === undefined || input === undefined) throw new Error(`internal: no input ${id}`);
    const rowBytes = shape[0] === 0 ? 0 : range.size / (shape[0] ?? 1);
    const wanted = elementCount(evaluateShape(input.shape, sizes)) * 4;
    const given = rows === undefined ? range.size : rows.length * rowBytes;
    if (wanted !== given) throw new Error(`internal: ${given} bytes of ${from.output} for ${input.name}, which takes ${wanted}`);
    if (given === 0) return;
    if (rows === undefined) encoder.copyBufferToBuffer(range.buffer, range.offset, target, 0, range.size);
    rows?.forEach((row, at) => encoder.copyBufferToBuffer(range.buffer, range.offset + row * rowBytes, target, at * rowBytes, rowBytes));
  }
}
