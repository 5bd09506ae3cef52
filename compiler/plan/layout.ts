/**
 * Where states live. Parameters, their gradients and each of the optimizer's states have one layout: the groups of the optimizer one
 * behind the other, so that an update runs over one contiguous range of each buffer. Frozen parameters come last and have neither.
 */
import type { Initializer, Model, Optimizer } from "../check/model.ts";
import type { StateRef } from "../ir/graph.ts";
import { ALIGNMENT } from "../../runtime/program.ts";
import type { BufferRef, StateBuffer, StateTensor } from "../../runtime/program.ts";
import { elementCount } from "../../runtime/size.ts";
import { REPORT_LENGTH } from "../../runtime/training/report.ts";

/** Tensors start at multiples of so many elements, so that each can be bound by itself. */
const STEP = ALIGNMENT / 4;
/** The whole is a multiple of this, so that reductions over it fall into equal parts. */
export const CHUNK = 1024;

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
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export interface Layout {
  readonly buffers: readonly StateBuffer[];
  readonly ranges: readonly Range[];
}

/** `counts`: how many denominators of the loss are gathered over micro-batches. `average`: whether one of the weights is kept. */
export function stateLayout(parameters: Model["parameters"], optimizer?: Optimizer, counts = 0, running: Model["running"] = [], average = false): Layout {
  const places: StateTensor[] = [];
  let end = 0;
  const put = (group: readonly Omit<StateTensor, "offset">[], into = places): number => {
    for (const { path, shape, init } of group) {
      into.push({ path, shape, offset: end, init });
      end = roundUp(end + elementCount(shape), STEP);
    }
    return end;
  };
  const groups = (optimizer?.groups ?? []).map(({ name, paths }): Range => {
    const own = new Set(paths);
    const offset = end;
    return { name, offset, length: put(parameters.filter(({ path }) => own.has(path))) - offset };
  });
  const trained = [...places];
  const length = wholeChunks(end);
  const known = new Set(places.map(({ path }) => path));
  const whole = wholeChunks(put(parameters.filter(({ path }) => !known.has(path))));
  const zero: Initializer = { kind: "constant", value: 0 };
  end = 0;
  const kept: StateTensor[] = [];
  const keptEnd = put(running, kept);
  end = 0;
  const accumulators: StateTensor[] = [];
  const scalars = [LOSS, ...Array.from({ length: counts }, (_, at) => countState(at))].map(({ path }) => ({ path, shape: [] }));
  const accumulatorsEnd = put([...scalars, ...running.map(({ path, shape }) => ({ path: nextState(path).path, shape }))].map((each) => ({ ...each, init: zero })), accumulators);
  const like = (init: Initializer): StateTensor[] => trained.map((place) => ({ ...place, init }));
  const training: StateBuffer[] = optimizer
    ? [
        { name: "gradients", kind: "gradient", length, tensors: like(zero) },
        ...optimizer.states.map(({ name, init }): StateBuffer => ({ name, kind: "optimizer", length, tensors: like(init) })),
        ...(average ? [{ name: "averages", kind: "average" as const, length, tensors: trained }] : []),
        { name: "accumulators", kind: "accumulator", length: accumulatorsEnd, tensors: accumulators },
        { name: "report", kind: "report", length: REPORT_LENGTH, tensors: [{ path: REPORT.path, shape: [REPORT_LENGTH], offset: 0, init: zero }] },
      ]
    : [];
  return {
    buffers: [{ name: "parameters", kind: "parameter", length: whole, tensors: places }, ...training, ...(kept.length > 0 ? [{ name: "running", kind: "running" as const, length: keptEnd, tensors: kept }] : [])],
    ranges: [{ name: "all", offset: 0, length }, ...groups],
  };
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
