/**
 * A session's buffers: planned as plain data for the session's largest sizes, checked against the memory budget, then made
 * at once. Nothing is made later. Inputs, tables and index lists of several entries that are the same share a buffer.
 */
import { USAGE } from "./device.ts";
import { aboveBudget, stateAboveBuffer, valueAboveBinding } from "./errors.ts";
import { aligned, padded, place } from "./place.ts";
import type { Placement } from "./place.ts";
import { ALIGNMENT, UNIFORM_BYTES } from "./program.ts";
import type { BufferRef, Entry, IndexList, Input, Program, Table } from "./program.ts";
import { elementCount, evaluateShape, evaluateSize, isSymbolic } from "./size.ts";
import type { Sizes } from "./size.ts";

/** Reports on their way to the host at one time. */
const REPORTS = 4;

export interface BufferPlan {
  readonly placement: Placement;
  readonly inputs: readonly InputPlan[];
  readonly tables: readonly TablePlan[];
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

export interface TablePlan {
  readonly table: Table;
  readonly bytes: number;
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

export function planBuffers(program: Program, entries: readonly Entry[], { bounds, limit, maxBuffer, slots, sharedStates }: PlanOptions): BufferPlan {
  const placement = place(entries, bounds, limit);
  const inputs = new Numbered<InputPlan>(), tables = new Numbered<TablePlan>(), lists = new Numbered<ListPlan>();
  const times = entries.some(({ loops }) => loops !== undefined) ? Math.max(1, ...entries.map((entry) => longestLoop(entry, bounds))) : undefined;
  const uniformBytes = UNIFORM_BYTES * (times ?? 1);
  let slotBytes = uniformBytes;
  const takeSlot = (bytes: number): number => {
    const offset = slotBytes;
    slotBytes += aligned(bytes);
    return offset;
  };
  const bytesOf = ({ name, shape, room = shape }: Pick<Input, "name" | "shape" | "room">): number => {
    const bytes = elementCount(evaluateShape(room, bounds)) * 4;
    if (bytes > limit) throw valueAboveBinding(name, bytes, limit, isSymbolic(room));
    return bytes;
  };

  const plans = entries.map((entry): EntryPlan => {
    const ofInputs = entry.inputs.map((input) => inputs.at([input.name, input.type, input.shape], () => {
      const bytes = bytesOf(input);
      return { input, bytes, slotOffset: takeSlot(bytes) };
    }));
    const ofTables = entry.tables.map((table) => tables.at([table.shape, table.body], () => ({ table, bytes: bytesOf(table) })));
    const ofLists = entry.indexLists.map((list) => {
      const input = ofInputs[entry.inputs.findIndex(({ name }) => name === list.of)];
      if (input === undefined) throw new Error(`internal: the index list of ${entry.name} inverts ${list.of}, which is no input`);
      return lists.at([input, list.rows], () => {
        const bytes = (evaluateSize(list.rows, bounds) + 1) * 4 + (inputs.all[input]?.bytes ?? 0);
        return { list, input, bytes, slotOffset: takeSlot(bytes) };
      });
    });
    return { entry, inputs: ofInputs, tables: ofTables, lists: ofLists };
  });

  const states = usedStates(program, entries);
  const stateBytes = (at: number): number => (program.states[at]?.length ?? 0) * 4;
  for (const at of states) if (stateBytes(at) > maxBuffer) throw stateAboveBuffer(program.states[at]?.name ?? "", stateBytes(at), maxBuffer);
  checkStateBindings(program, entries, limit);
  const total = (all: readonly { readonly bytes: number }[]): number => all.reduce((sum, { bytes }) => sum + padded(bytes), 0);
  return {
    placement, inputs: inputs.all, tables: tables.all, lists: lists.all, states, entries: plans, slotBytes, slots, times,
    bytes: {
      state: total(states.filter((at) => !sharedStates.has(at)).map((at) => ({ bytes: stateBytes(at) }))),
      arena: placement.arenas.reduce((all, bytes) => all + bytes, 0),
      input: total(inputs.all) + total(lists.all),
      table: total(tables.all),
      transfer: uniformBytes + (slots > 1 ? slots * slotBytes : 0) + REPORTS * ALIGNMENT,
    },
  };
}

/** What several entries have in common is there once: items by what tells them apart, numbered in the order in which they are met. */
class Numbered<Item> {
  readonly all: Item[] = [];
  private readonly places = new Map<string, number>();

  /** The number of the item; it is made where there is none. */
  at(key: unknown, make: () => Item): number {
    const text = JSON.stringify(key);
    const known = this.places.get(text);
    if (known !== undefined) return known;
    const number = this.all.push(make()) - 1;
    this.places.set(text, number);
    return number;
  }
}

/** An update binds as much of a state as every device does; what is larger is a tensor. */
function checkStateBindings({ states }: Program, entries: readonly Entry[], limit: number): void {
  for (const entry of entries)
    for (const ref of references(entry)) {
      if (ref.kind !== "state" || ref.length * 4 <= limit) continue;
      const tensor = states[ref.state]?.tensors.find(({ offset }) => offset === ref.offset);
      throw valueAboveBinding(tensor?.path ?? "", ref.length * 4, limit, false);
    }
}

/** By number, ascending. What trains holds all that a checkpoint of it has to hold, frozen statistics too. */
function usedStates({ states }: Program, entries: readonly Entry[]): readonly number[] {
  const used = new Set<number>();
  for (const entry of entries) for (const ref of references(entry)) if (ref.kind === "state") used.add(ref.state);
  const trains = states.some(({ kind }, at) => kind === "gradient" && used.has(at));
  return states.flatMap(({ kind }, at) => (used.has(at) || (trains && kind === "running") ? [at] : []));
}

/** The times of an entry's longest loop; 1 without loops. */
export function longestLoop(entry: Entry, sizes: Sizes): number {
  return Math.max(1, ...(entry.loops ?? []).map(({ count, most = count }) => evaluateSize(most, sizes)));
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
