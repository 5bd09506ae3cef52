/**
 * Where states live. Parameters, their gradients and each of the optimizer's states have one layout: the groups of the optimizer one
 * behind the other, so that an update runs over one contiguous range of each buffer, or over parts of it that can be bound. Frozen parameters come last
 * and have neither.
 */
import type { Initializer, Model, Optimizer } from "../check/model.ts";
import type { StateRef } from "../ir/graph.ts";
import { ALIGNMENT, DEFAULT_BINDING } from "../../runtime/program.ts";
import type { BufferRef, StateBuffer, StateTensor } from "../../runtime/program.ts";
import { elementCount } from "../../runtime/size.ts";
import { REPORT_LENGTH } from "../../runtime/training/report.ts";

/** Tensors start at multiples of so many elements, so that each can be bound by itself. */
const STEP = ALIGNMENT / 4;
/** The whole is a multiple of this, so that reductions over it fall into equal parts. */
export const CHUNK = 1024;
/** Elements of a range at most, so that every device binds it; a multiple of CHUNK. */
const LONGEST_RANGE = DEFAULT_BINDING / 4;

/** The scalar that `grad` leaves for `update`. */
export const LOSS: StateRef = { kind: "accumulator", path: "loss" };
/** What the host reads of a step. */
export const REPORT: StateRef = { kind: "report", path: "report" };

/** A denominator of the loss, such as the number of kept positions, summed over the micro-batches of a step. */
export function countState(at: number): StateRef {
  return { kind: "accumulator", path: `count.${at}` };
}

/** What `grad` leaves for `update` to make of a running state, summed over the micro-batches of a step. */
export function nextState(path: string): StateRef {
  return { kind: "accumulator", path: `next.${path}` };
}

/** A contiguous part of the parameters, by name; a state's path may name it instead of a tensor. */
export interface Range {
  /** `all` that is trained, or a group of the optimizer. */
  readonly of: string;
  /** The same, with a number behind it where the range is one of several. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export interface Layout {
  readonly buffers: readonly StateBuffer[];
  readonly ranges: readonly Range[];
}

/** What is to be kept beside the parameters. */
export interface Kept {
  readonly optimizer?: Optimizer | undefined;
  /** How many denominators of the loss are gathered over micro-batches. */
  readonly counts?: number | undefined;
  readonly running?: Model["running"];
  /** Whether an average of the weights is kept. */
  readonly average?: boolean;
  /** Elements of a range at most, a multiple of CHUNK; as many as every device binds by default. */
  readonly longestRange?: number | undefined;
}

export function stateLayout(parameters: Model["parameters"], { optimizer, counts = 0, running = [], average = false, longestRange = LONGEST_RANGE }: Kept): Layout {
  const trained = byGroups(parameters, optimizer?.groups ?? []);
  const isTrained = new Set(trained.tensors.map(({ path }) => path));
  const frozen = packed(parameters.filter(({ path }) => !isTrained.has(path)), trained.end);
  const kept = packed(running);
  const length = wholeChunks(trained.end);
  return {
    buffers: [
      { name: "parameters", kind: "parameter", length: wholeChunks(frozen.end), tensors: [...trained.tensors, ...frozen.tensors] },
      ...(optimizer ? trainingBuffers(trained.tensors, length, optimizer, average) : []),
      ...(optimizer ? stepBuffers(counts, running) : []),
      ...(running.length > 0 ? [{ name: "running", kind: "running" as const, length: kept.end, tensors: kept.tensors }] : []),
    ],
    ranges: [{ of: "all", offset: 0, length }, ...trained.ranges].flatMap((range) => parts(range, longestRange)),
  };
}

/** What is too long to be bound, in parts. */
function parts({ of, offset, length }: Unparted, longest: number): Range[] {
  if (length <= longest) return [{ of, name: of, offset, length }];
  return Array.from({ length: Math.ceil(length / longest) }, (_, at): Range => ({
    of,
    name: `${of}#${at + 1}`,
    offset: offset + at * longest,
    length: Math.min(longest, length - at * longest),
  }));
}

type Unparted = Omit<Range, "name">;
type Unplaced = Pick<StateTensor, "path" | "shape" | "init">;

interface Packed {
  readonly tensors: readonly StateTensor[];
  /** Where more may follow. */
  readonly end: number;
}

/** One behind the other. */
function packed(tensors: readonly Unplaced[], start = 0): Packed {
  let end = start;
  const placed = tensors.map(({ path, shape, init }): StateTensor => {
    const offset = end;
    end = roundUp(offset + elementCount(shape), STEP);
    return { path, shape, offset, init };
  });
  return { tensors: placed, end };
}

function byGroups(parameters: Model["parameters"], groups: Optimizer["groups"]): Packed & { readonly ranges: readonly Unparted[] } {
  const tensors: StateTensor[] = [], ranges: Unparted[] = [];
  let end = 0;
  for (const { name, paths } of groups) {
    const own = new Set(paths);
    const group = packed(parameters.filter(({ path }) => own.has(path)), end);
    tensors.push(...group.tensors);
    ranges.push({ of: name, offset: end, length: group.end - end });
    end = group.end;
  }
  return { tensors, ranges, end };
}

const ZERO: Initializer = { kind: "constant", value: 0 };

/** What has a number for each trained one. */
function trainingBuffers(trained: readonly StateTensor[], length: number, { states }: Optimizer, average: boolean): StateBuffer[] {
  const from = (init: Initializer): StateTensor[] => trained.map((place) => ({ ...place, init }));
  return [
    { name: "gradients", kind: "gradient", length, tensors: from(ZERO) },
    ...states.map(({ name, init }): StateBuffer => ({ name, kind: "optimizer", length, tensors: from(init) })),
    ...(average ? [{ name: "averages", kind: "average" as const, length, tensors: trained }] : []),
  ];
}

/** What one entry of a step leaves for another, and for the host. */
function stepBuffers(counts: number, running: Model["running"]): StateBuffer[] {
  const scalars = [LOSS, ...Array.from({ length: counts }, (_, at) => countState(at))];
  const { tensors, end } = packed([
    ...scalars.map(({ path }): Unplaced => ({ path, shape: [], init: ZERO })),
    ...running.map(({ path, shape }): Unplaced => ({ path: nextState(path).path, shape, init: ZERO })),
  ]);
  return [
    { name: "accumulators", kind: "accumulator", length: end, tensors },
    { name: "report", kind: "report", length: REPORT_LENGTH, tensors: [{ path: REPORT.path, shape: [REPORT_LENGTH], offset: 0, init: ZERO }] },
  ];
}

/** The range of a buffer that a state's path names: a tensor, or for optimizers `name:range`. */
export function locate(layout: Layout, state: StateRef): BufferRef {
  const [bufferName, path] = state.kind === "optimizer" ? (state.path.split(":") as [string, string]) : [undefined, state.path];
  const at = layout.buffers.findIndex(({ kind, name }) => kind === state.kind && (bufferName === undefined || name === bufferName));
  const buffer = layout.buffers[at];
  if (!buffer) throw new Error(`internal: no buffer for ${state.kind} ${state.path}`);
  const range = layout.ranges.find(({ name }) => name === path);
  if (range && state.kind !== "report") return { kind: "state", state: at, offset: range.offset, length: range.length };
  const tensor = buffer.tensors.find((candidate) => candidate.path === path);
  if (!tensor) throw new Error(`internal: no tensor ${path} in ${buffer.name}`);
  return { kind: "state", state: at, offset: tensor.offset, length: Math.max(1, elementCount(tensor.shape)) };
}

function wholeChunks(length: number): number {
  return Math.max(CHUNK, roundUp(length, CHUNK));
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
