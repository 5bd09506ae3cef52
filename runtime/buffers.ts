/**
 * A session's buffers: planned as plain data for the session's largest sizes, checked against the memory budget, then made
 * at once. Nothing is made later. Inputs, tables and index lists of several entries that are the same share a buffer.
 */
import { USAGE } from "./device.ts";
import { aboveBudget, valueAboveBinding } from "./errors.ts";
import { aligned, padded, place } from "./place.ts";
import type { Placement } from "./place.ts";
import { ALIGNMENT, UNIFORM_BYTES } from "./program.ts";
import type { BufferRef, Entry, IndexList, Input, Program, Table } from "./program.ts";
import { elementCount, evaluateShape, evaluateSize } from "./size.ts";
import type { Sizes } from "./size.ts";

/** Reports on their way to the host at one time. */
const REPORTS = 4;

export interface BufferPlan {
  readonly placement: Placement;
  readonly inputs: readonly InputPlan[];
  readonly tables: readonly { readonly table: Table; readonly bytes: number }[];
  readonly lists: readonly ListPlan[];
  /** Indices into `program.states`, ascending. */
  readonly states: readonly number[];
  readonly entries: readonly EntryPlan[];
  /** One slot of the upload buffer: the uniform block, then inputs and lists. */
  readonly slotBytes: number;
  readonly slots: number;
  /** Uniform blocks: one for every time of the longest loop; undefined where there is no loop. */
  readonly times: number | undefined;
  readonly bytes: Readonly<Record<Purpose, number>>;
}

export type Purpose = "state" | "arena" | "input" | "table" | "transfer";

/** Bytes are those at the bounds; `slotOffset` is the place within a slot of the upload buffer. */
export interface InputPlan {
  readonly input: Input;
  readonly bytes: number;
  readonly slotOffset: number;
}

export interface ListPlan {
  readonly list: IndexList;
  /** Index into `inputs`. */
  readonly input: number;
  readonly bytes: number;
  readonly slotOffset: number;
}

/** Where an entry's own numbering leads. */
export interface EntryPlan {
  readonly entry: Entry;
  readonly inputs: readonly number[];
  readonly tables: readonly number[];
  readonly lists: readonly number[];
}

export interface PlanOptions {
  readonly bounds: Sizes;
  /** The largest binding in bytes. */
  readonly limit: number;
  /** The largest buffer in bytes. */
  readonly maxBuffer: number;
  /** How many different batches one submission may carry. */
  readonly slots: number;
  /** States that another session holds: not counted. */
  readonly sharedStates: ReadonlySet<number>;
}

export function planBuffers(program: Program, entries: readonly Entry[], options: PlanOptions): BufferPlan {
  const { bounds, limit, slots } = options;
  const placement = place(entries, bounds, limit);
  const inputs = new Map<string, InputPlan>();
  const tables = new Map<string, { table: Table; bytes: number }>();
  const lists = new Map<string, ListPlan>();
  const states = new Set<number>();
  const times = entries.some(({ loops }) => loops !== undefined) ? Math.max(1, ...entries.map((entry) => longestLoop(entry, bounds))) : undefined;
  const uniformBytes = UNIFORM_BYTES * (times ?? 1);
  let slotBytes = uniformBytes;
  const takeSlot = (bytes: number): number => {
    const offset = slotBytes;
    slotBytes += aligned(bytes);
    return offset;
  };

  const plans = entries.map((entry): EntryPlan => {
    const ofInputs = entry.inputs.map((input) => {
      const key = JSON.stringify([input.name, input.type, input.shape]);
      if (!inputs.has(key)) {
        const bytes = elementCount(evaluateShape(input.shape, bounds)) * 4;
        if (bytes > limit) throw valueAboveBinding(input.name, bytes, limit);
        inputs.set(key, { input, bytes, slotOffset: takeSlot(bytes) });
      }
      return indexOf(inputs, key);
    });
    const ofTables = entry.tables.map((table) => {
      const key = JSON.stringify([table.shape, table.body]);
      if (!tables.has(key)) tables.set(key, { table, bytes: elementCount(evaluateShape(table.shape, bounds)) * 4 });
      return indexOf(tables, key);
    });
    const ofLists = entry.indexLists.map((list) => {
      const input = ofInputs[entry.inputs.findIndex(({ name }) => name === list.of)];
      if (input === undefined) throw new Error(`internal: the index list of ${entry.name} inverts ${list.of}, which is no input`);
      const key = JSON.stringify([input, list.rows]);
      if (!lists.has(key)) {
        const count = [...inputs.values()][input]?.bytes ?? 0;
        const bytes = (evaluateSize(list.rows, bounds) + 1) * 4 + count;
        lists.set(key, { list, input, bytes, slotOffset: takeSlot(bytes) });
      }
      return indexOf(lists, key);
    });
    for (const ref of references(entry)) if (ref.kind === "state") states.add(ref.state);
    return { entry, inputs: ofInputs, tables: ofTables, lists: ofLists };
  });

  // What trains holds all that a checkpoint of it has to hold, frozen statistics too.
  const trains = program.states.some(({ kind }, at) => kind === "gradient" && states.has(at));
  program.states.forEach(({ kind }, at) => void (trains && kind === "running" && states.add(at)));
  const used = [...states].toSorted((a, b) => a - b);
  const stateBytes = (at: number): number => (program.states[at]?.length ?? 0) * 4;
  for (const at of used) {
    if (stateBytes(at) > options.maxBuffer) throw valueAboveBinding(program.states[at]?.name ?? "", stateBytes(at), options.maxBuffer);
  }
  const sum = (items: Iterable<{ readonly bytes: number }>): number => Array.from(items).reduce((all, { bytes }) => all + padded(bytes), 0);
  return {
    placement,
    inputs: [...inputs.values()],
    tables: [...tables.values()],
    lists: [...lists.values()],
    states: used,
    entries: plans,
    slotBytes,
    slots,
    times,
    bytes: {
      state: used.reduce((all, at) => all + (options.sharedStates.has(at) ? 0 : padded(stateBytes(at))), 0),
      arena: placement.arenas.reduce((all, bytes) => all + bytes, 0),
      input: sum(inputs.values()) + sum(lists.values()),
      table: sum(tables.values()),
      transfer: uniformBytes + (slots > 1 ? slots * slotBytes : 0) + REPORTS * ALIGNMENT,
    },
  };
}

/** The times of an entry's longest loop; 1 without loops. */
export function longestLoop(entry: Entry, sizes: Sizes): number {
  return Math.max(1, ...(entry.loops ?? []).map(({ count }) => evaluateSize(count, sizes)));
}

/** All bytes of a session, whatever for. */
export function totalBytes(bytes: BufferPlan["bytes"]): number {
  return Object.values(bytes).reduce((sum, one) => sum + one, 0);
}

/** `held`: bytes of the budget that others hold. */
export function checkBudget({ bytes: own }: BufferPlan, budget: number, held = 0): void {
  const total = totalBytes(own) + held;
  const parts = Object.entries({ ...own, "held already": held }).filter(([, bytes]) => bytes > 0);
  const named = parts.map(([purpose, bytes]) => `${purpose} ${(bytes / 2 ** 20).toFixed(1)} MiB`).join(", ");
  if (total > budget) throw aboveBudget(total, budget, named);
}

/** The buffers of one session; those of states may belong to another. */
export interface Buffers {
  readonly uniform: GPUBuffer;
  readonly arenas: readonly GPUBuffer[];
  readonly inputs: readonly GPUBuffer[];
  readonly tables: readonly GPUBuffer[];
  readonly lists: readonly GPUBuffer[];
  readonly states: ReadonlyMap<number, GPUBuffer>;
  /** Where several batches wait for their turn within one submission. */
  readonly upload?: GPUBuffer;
  readonly reports: readonly GPUBuffer[];
  /** All that this session made. */
  readonly owned: readonly GPUBuffer[];
}

export function createBuffers(device: GPUDevice, program: Program, plan: BufferPlan, shared?: ReadonlyMap<number, GPUBuffer>): Buffers {
  const owned: GPUBuffer[] = [];
  const create = (label: string, bytes: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ label, size: padded(bytes), usage });
    owned.push(buffer);
    return buffer;
  };
  const storage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
  const states = new Map<number, GPUBuffer>();
  for (const at of plan.states) {
    const state = program.states[at];
    if (state === undefined) throw new Error(`internal: no state ${at}`);
    const other = shared?.get(at);
    states.set(at, other ?? create(state.name, state.length * 4, storage));
  }
  const hasReport = plan.states.some((at) => program.states[at]?.kind === "report");
  return {
    uniform: create("uniform", UNIFORM_BYTES * (plan.times ?? 1), USAGE.uniform | USAGE.copyTarget),
    arenas: plan.placement.arenas.map((bytes, at) => create(`arena ${at}`, bytes, storage)),
    inputs: plan.inputs.map(({ input, bytes }) => create(`input ${input.name}`, bytes, storage)),
    tables: plan.tables.map(({ table, bytes }) => create(`table ${table.name}`, bytes, storage)),
    lists: plan.lists.map(({ list, bytes }) => create(`index list of ${list.of}`, bytes, storage)),
    states,
    ...(plan.slots > 1 ? { upload: create("upload", plan.slots * plan.slotBytes, USAGE.copySource | USAGE.copyTarget) } : {}),
    reports: hasReport ? Array.from({ length: REPORTS }, (_, at) => create(`report ${at}`, ALIGNMENT, USAGE.mapRead | USAGE.copyTarget)) : [],
    owned,
  };
}

export interface BufferRange {
  readonly buffer: GPUBuffer;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
}

/** The range a reference stands for, at the bounds and rounded up to 16 bytes, so that kernels may bind it as vectors of four. */
export function resolve(ref: BufferRef, entryAt: number, plan: BufferPlan, buffers: Buffers): BufferRange {
  const entry = plan.entries[entryAt];
  const whole = (buffer: GPUBuffer | undefined, bytes: number | undefined): BufferRange => range(buffer, 0, bytes ?? 0, ref);
  switch (ref.kind) {
    case "temporary": {
      const at = plan.placement.places[entryAt]?.[ref.at];
      return range(at && buffers.arenas[at.arena], at?.offset ?? 0, at?.bytes ?? 0, ref);
    }
    case "input": {
      const at = entry?.inputs[ref.at] ?? -1;
      return whole(buffers.inputs[at], plan.inputs[at]?.bytes);
    }
    case "table": {
      const at = entry?.tables[ref.at] ?? -1;
      return whole(buffers.tables[at], plan.tables[at]?.bytes);
    }
    case "index-list": {
      const at = entry?.lists[ref.at] ?? -1;
      return whole(buffers.lists[at], plan.lists[at]?.bytes);
    }
    case "state":
      return range(buffers.states.get(ref.state), ref.offset * 4, ref.length * 4, ref);
    default:
      return ref satisfies never;
  }
}

function range(buffer: GPUBuffer | undefined, offset: number, bytes: number, ref: BufferRef): BufferRange {
  if (buffer === undefined) throw new Error(`internal: nothing is at ${JSON.stringify(ref)}`);
  return { buffer, offset, size: Math.max(16, Math.ceil(bytes / 16) * 16) };
}

function* references(entry: Entry): Generator<BufferRef> {
  for (const step of entry.steps) yield* step.bindings;
  for (const output of entry.outputs) yield output.at;
}

function indexOf<T>(items: ReadonlyMap<string, T>, key: string): number {
  return [...items.keys()].indexOf(key);
}
