/**
 * A session runs a program's entries on a device. All GPU objects are made when it is made, for the largest sizes it will
 * meet; a run writes the batch and one uniform block, encodes one command buffer and submits once. `run` does not wait.
 */
import { resolve } from "./buffers.ts";
import type { BufferPlan, BufferRange, Buffers } from "./buffers.ts";
import type { SessionOptions } from "./create-session.ts";
import { DeviceWatch } from "./device.ts";
import { disposed, unknownName } from "./errors.ts";
import { encodeDispatch, forEachDispatch, prepareDispatches } from "./executor.ts";
import type { PreparedDispatch } from "./executor.ts";
import { entrySizes } from "./feed.ts";
import type { Elements, Feed, OutputHandle } from "./feed.ts";
import type { MadePipeline } from "./pipelines.ts";
import type { TimedDispatch, TimeDispatches } from "./profile.ts";
import type { Output, Program, StateBuffer } from "./program.ts";
import { Readback } from "./readback.ts";
import { elementCount, evaluateShape } from "./size.ts";
import type { Sizes } from "./size.ts";
import { Staging } from "./staging.ts";
import type { StagedEntry } from "./staging.ts";
import { States } from "./states.ts";
import type { NamedTensor } from "./states.ts";
import { tableValues } from "./tables.ts";
import type { DispatchTime, SessionUsage, Trace } from "./trace.ts";
import { UniformBlock } from "./uniform.ts";

/** Entries to run one behind the other with the same feed. */
export interface Job {
  readonly entries: readonly string[];
  readonly feed: Feed;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Elements;
}

interface Parts {
  readonly program: Program;
  readonly device: GPUDevice;
  readonly owned: boolean;
  readonly plan: BufferPlan;
  readonly buffers: Buffers;
  readonly pipelines: ReadonlyMap<number, MadePipeline>;
  readonly options: SessionOptions;
  readonly fallbacks: readonly string[];
}

/** An entry with all that its run needs. */
interface Prepared extends StagedEntry {
  readonly dispatches: readonly PreparedDispatch[];
}

export class Session {
  readonly program: Program;
  readonly device: GPUDevice;
  readonly bounds: Sizes;
  readonly seed: number;
  readonly usage: SessionUsage;
  /** By index of the state; for sessions that share them. */
  readonly stateBuffers: ReadonlyMap<number, GPUBuffer>;

  private readonly owned: boolean;
  private readonly plan: BufferPlan;
  private readonly buffers: Buffers;
  private readonly uniform: UniformBlock;
  private readonly watch: DeviceWatch;
  private readonly readback: Readback;
  private readonly prepared = new Map<string, Prepared>();
  private readonly staging: Staging;
  private readonly states: States;
  private readonly freeReports: GPUBuffer[];
  /** Sizes of each entry's last run, which give its outputs their shapes. */
  private readonly lastSizes = new Map<string, Sizes>();
  /** Whether each submission has an error scope: what goes wrong on a device that was handed in may be others' doing. */
  private readonly scoped: boolean;
  private readonly trace: Trace | undefined;
  private alive = true;

  /** Not for users: see `createSession`. */
  constructor({ program, device, owned, plan, buffers, pipelines, options, fallbacks }: Parts) {
    this.program = program;
    this.device = device;
    this.owned = owned;
    this.plan = plan;
    this.buffers = buffers;
    this.bounds = options.bounds;
    this.seed = (options.seed ?? 0) >>> 0;
    this.scoped = !owned || (options.debug ?? false);
    this.trace = options.trace;
    this.stateBuffers = buffers.states;
    this.uniform = new UniformBlock(program, this.seed, plan.times);
    this.watch = new DeviceWatch(device, options.patience ?? 120, owned);
    this.readback = new Readback(device, this.watch);
    this.staging = new Staging(device.queue, plan, buffers, this.uniform, this.bounds, (output) => this.outputRange(output));
    this.states = new States(program, buffers.states, device.queue, this.readback);
    this.freeReports = [...buffers.reports];
    const dispatches = prepareDispatches(device, plan, buffers, pipelines);
    plan.entries.forEach(({ entry }, at) => {
      this.prepared.set(entry.name, { at, entry, sizes: entrySizes(entry), dispatches: dispatches[at] ?? [] });
    });
    const arena = plan.bytes.arena;
    this.usage = {
      dispatches: Object.fromEntries(plan.entries.map(({ entry }) => [entry.name, entry.steps.length])),
      pipelines: pipelines.size,
      fallbacks,
      bytes: plan.bytes,
      arenaRatio: arena === 0 ? 1 : arena / plan.placement.live,
    };
    plan.tables.forEach(({ table }, at) => {
      const values = tableValues(table, this.bounds);
      if (values.length > 0) device.queue.writeBuffer(buffers.tables[at] as GPUBuffer, 0, values);
    });
    this.states.initialise(this.seed, options.states?.stateBuffers);
    options.states?.states.draw();
    // Writes without a submission would keep their staging memory.
    device.queue.submit([]);
  }

  /** Whether the session was made for an entry of that name. */
  has(entry: string): boolean {
    return this.prepared.has(entry);
  }

  /** Runs entries one behind the other with one feed, in one submission, and returns at once. Throws a TfmError for a wrong feed. */
  run(entries: string | readonly string[], feed: Feed): void {
    this.submit([{ entries: typeof entries === "string" ? [entries] : entries, feed }]);
  }

  /** The same for several feeds, at most `batches` different ones; still one submission. */
  runJobs(jobs: readonly Job[]): void {
    this.submit(jobs);
  }

  /**
   * Runs the jobs and reads the small state of kind "report" as it is behind them, in the same submission. At most four
   * reports may be under way.
   */
  runWithReport(jobs: readonly Job[]): Promise<Float32Array<ArrayBuffer>> {
    const staging = this.freeReports.shift();
    if (staging === undefined) throw new Error("internal: no free report: there is no such state, or four are under way");
    try {
      this.submit(jobs, staging);
    } catch (error) {
      this.freeReports.unshift(staging);
      throw error;
    }
    return this.readback.map(staging, this.states.report()?.bytes ?? 0).then((bytes) => {
      this.freeReports.push(staging);
      return new Float32Array(bytes);
    });
  }

  /** An entry's output, the first if unnamed: to read, or to feed to another entry on the GPU. It lasts until the entry runs again. */
  output(entry: string, name?: string): OutputHandle {
    return { kind: "output", entry, output: this.outputOf(entry, name).name };
  }

  /** The shape of an output as of its entry's last run. */
  shapeOf(output: OutputHandle): readonly number[] {
    return this.outputRange(output).shape;
  }

  /** Where an output stands on the GPU, for code that goes on with it there. */
  rangeOf(output: OutputHandle): BufferRange {
    return this.outputRange(output).range;
  }

  /** An output as of its entry's last run, waiting for it. */
  async read(output: OutputHandle): Promise<Tensor> {
    const { shape, range, type } = this.outputRange(output);
    const bytes = await this.readback.read([range]);
    return { shape, data: elementsOf(type, bytes) };
  }

  /** Parts of an output, one behind the other; `offset` and `length` in elements of the packed tensor. */
  async readSlices(output: OutputHandle, slices: readonly { readonly offset: number; readonly length: number }[]): Promise<Elements> {
    const { range, type } = this.outputRange(output);
    const ranges = slices.map(({ offset, length }) => {
      if (offset < 0 || (offset + length) * 4 > range.size) throw new Error(`internal: slice ${offset} + ${length} of ${output.output}`);
      return { buffer: range.buffer, offset: range.offset + offset * 4, size: length * 4 };
    });
    return elementsOf(type, await this.readback.read(ranges));
  }

  /** All tensors of the states of these kinds that the session has, in the program's order. */
  readStates(kinds: readonly StateBuffer["kind"][]): Promise<readonly NamedTensor[]> {
    this.check();
    return this.states.readAll(kinds);
  }

  readState(path: string, kind: StateBuffer["kind"] = "parameter", state?: string): Promise<Float32Array<ArrayBuffer>> {
    this.check();
    return this.states.read(kind, path, state);
  }

  /** Writes all tensors and hands the writes to the GPU. */
  writeStates(tensors: readonly NamedTensor[]): void {
    this.check();
    for (const { kind, path, data, state } of tensors) this.states.write(kind, path, data, state);
    this.device.queue.submit([]);
  }

  writeState(path: string, data: Float32Array, kind: StateBuffer["kind"] = "parameter", state?: string): void {
    this.check();
    this.states.write(kind, path, data, state);
  }

  /** The tensors that the session holds, without their data. */
  tensors(kinds: readonly StateBuffer["kind"][]): readonly Omit<NamedTensor, "data">[] {
    return this.states.tensors(kinds);
  }

  /** The host scalar of that name at a step, in f64; undefined where the program has none. */
  scalar(name: string, step: number, sizes: Sizes = this.bounds): number | undefined {
    return this.uniform.scalar(name, step, sizes);
  }

  /** Settles when all that was submitted so far is done. */
  async settled(): Promise<void> {
    this.check();
    await this.watch.wait(this.device.queue.onSubmittedWorkDone());
  }

  /**
   * Runs entries with every dispatch in a pass of its own between two timestamps. Empty where the device has no timestamps.
   * `time` is `timeDispatches`: handed in, so that an app, which measures nothing, does not carry it.
   */
  async profile(entries: readonly string[], feed: Feed, time: TimeDispatches): Promise<readonly DispatchTime[]> {
    this.check();
    if (!this.device.features.has("timestamp-query")) return [];
    this.states.draw();
    const prepared = entries.map((name) => this.preparedOf(name));
    const timed: TimedDispatch[] = [];
    for (const { entry, dispatches } of prepared) {
      forEachDispatch(entry, dispatches, feed.sizes, (dispatch, at) => void timed.push({ entry: entry.name, kernel: this.program.kernels[dispatch.kernel]?.name ?? "", dispatch, time: at }));
    }
    return time(this.device, timed, {
      first: (encoder) => this.staging.stage(encoder, prepared, feed, undefined),
      encode: (pass, { dispatch, time: at }) => this.encode(pass, dispatch, feed.sizes, at),
      read: (range) => this.readback.read([range]),
    });
  }

  /** Frees what the session made; a device or states that were handed in stay. */
  dispose(): void {
    if (!this.alive) return;
    this.alive = false;
    this.watch.close(disposed());
    this.readback.destroy();
    for (const buffer of this.buffers.owned) buffer.destroy();
    if (this.owned) this.device.destroy();
  }

  private submit(jobs: readonly Job[], report?: GPUBuffer): void {
    this.check();
    this.states.draw();
    const started = this.trace === undefined ? 0 : performance.now();
    if (this.scoped) this.device.pushErrorScope("validation");
    try {
      this.device.queue.submit([this.encoded(jobs, report)]);
    } finally {
      // Also where a feed is refused: a scope that stays open would take the errors of others on this device.
      if (this.scoped) this.watch.scoped(this.device.popErrorScope());
    }
    this.trace?.({
      kind: "run",
      entries: jobs.flatMap(({ entries }) => entries),
      sizes: jobs[0]?.feed.sizes ?? {},
      step: jobs[0]?.feed.step ?? 1,
      encodeMilliseconds: performance.now() - started,
    });
  }

  /** The commands of the jobs, and of a copy of the report behind them. Throws a TfmError for a wrong feed. */
  private encoded(jobs: readonly Job[], report: GPUBuffer | undefined): GPUCommandBuffer {
    const feeds = [...new Set(jobs.map(({ feed }) => feed))];
    if (feeds.length > 1 && feeds.length > this.plan.slots) throw new Error(`internal: ${feeds.length} batches, but room for ${this.plan.slots}`);
    const encoder = this.device.createCommandEncoder({ label: "run" });
    let pass: GPUComputePassEncoder | undefined;
    let staged: Feed | undefined;
    jobs.forEach(({ entries, feed }, at) => {
      const prepared = entries.map((name) => this.preparedOf(name));
      // A feed may serve several jobs that do not need the same fields.
      if (feed !== staged || (jobs[at - 1]?.entries ?? entries).join() !== entries.join()) {
        pass?.end();
        pass = undefined;
        this.staging.stage(encoder, prepared, feed, feeds.length > 1 ? feeds.indexOf(feed) : undefined);
        staged = feed;
      }
      pass ??= encoder.beginComputePass({ label: entries.join(" ") });
      for (const { entry, dispatches } of prepared) {
        const into = pass;
        forEachDispatch(entry, dispatches, feed.sizes, (dispatch, time) => this.encode(into, dispatch, feed.sizes, time));
        this.lastSizes.set(entry.name, feed.sizes);
      }
    });
    pass?.end();
    const source = this.states.report();
    if (report !== undefined && source !== undefined) encoder.copyBufferToBuffer(source.buffer, 0, report, 0, source.bytes);
    return encoder.finish();
  }

  private encode(pass: GPUComputePassEncoder, dispatch: PreparedDispatch, sizes: Sizes, time: number): void {
    encodeDispatch(pass, dispatch, sizes, this.device.limits.maxComputeWorkgroupsPerDimension, this.plan.times === undefined ? undefined : time);
  }

  private outputRange(output: OutputHandle): { readonly shape: readonly number[]; readonly range: BufferRange; readonly type: Output["type"] } {
    this.check();
    const { at } = this.preparedOf(output.entry);
    const declared = this.outputOf(output.entry, output.output);
    const sizes = this.lastSizes.get(output.entry);
    if (sizes === undefined) throw new Error(`internal: ${output.entry} has not run`);
    const shape = evaluateShape(declared.shape, sizes);
    const { buffer, offset } = resolve(declared.at, at, this.plan, this.buffers);
    return { shape, range: { buffer, offset, size: elementCount(shape) * 4 }, type: declared.type };
  }

  private outputOf(entry: string, name: string | undefined): Output {
    const { outputs } = this.preparedOf(entry).entry;
    const found = name === undefined ? outputs[0] : outputs.find((output) => output.name === name);
    if (found === undefined) throw unknownName("output", name ?? "", outputs.map((output) => output.name));
    return found;
  }

  private preparedOf(name: string): Prepared {
    const found = this.prepared.get(name);
    if (found === undefined) throw unknownName("entry", name, [...this.prepared.keys()]);
    return found;
  }

  private check(): void {
    if (!this.alive) throw disposed();
    this.watch.check();
  }
}

function elementsOf(type: Output["type"], bytes: ArrayBuffer): Elements {
  switch (type) {
    case "f32":
      return new Float32Array(bytes);
    case "i32":
      return new Int32Array(bytes);
    case "u32":
      return new Uint32Array(bytes);
    default:
      return type satisfies never;
  }
}
