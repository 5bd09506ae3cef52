/**
 * From scheduled kernels to an entry of the program: every value gets a place (a state's range, an input, a table, or a
 * temporary whose lifetime the runtime turns into an offset), every kernel becomes a dispatch, equal kernels become one.
 */
import type { Entry as ModelEntry } from "../check/model.ts";
import { constant, type Dim, equal } from "../dim.ts";
import type { FusedGraph } from "../ir/fused.ts";
import type { Graph, HostTable, ScalarType, Value, ValueId } from "../ir/graph.ts";
import { valuesById } from "../ir/walk.ts";
import type { KernelBinding, ScheduledKernel } from "../kernels/kernel.ts";
import { prunedGraph } from "../passes/prune.ts";
import type { BufferRef, Dispatch, ElementType, Entry, IndexList, Kernel, Loop, Output, Temporary } from "../../runtime/program.ts";
import { type Layout, locate } from "./layout.ts";
import { most } from "./room.ts";
import { hostExpr } from "./uniform.ts";

/** Kernels of the whole program, shared by their text. */
export class KernelTable {
  readonly kernels: Kernel[] = [];
  private readonly byText = new Map<string, number>();

  add(kernel: ScheduledKernel): number {
    const [best, ...others] = kernel.variants;
    const last = others.at(-1);
    const id = kernel.variants.map(({ wgsl }) => wgsl).join("\0");
    const known = this.byText.get(id);
    if (known !== undefined) return known;
    this.kernels.push({
      name: kernel.name,
      wgsl: best.wgsl,
      workgroupSize: best.workgroupSize,
      features: best.features,
      // A workgroup with subgroup operations is one subgroup: elsewhere its lanes would exchange values with the wrong ones.
      ...(best.features.includes("subgroups") && { subgroupSize: best.workgroupSize }),
      bindings: kernel.bindings.length,
      ...(last && { fallback: { wgsl: last.wgsl, workgroupSize: last.workgroupSize } }),
    });
    this.byText.set(id, this.kernels.length - 1);
    return this.kernels.length - 1;
  }
}

export interface EntryToPlan {
  readonly name: string;
  /** As the function was written: it takes what that reads, whatever the passes leave of it. */
  readonly graph: Graph;
  readonly fused: FusedGraph;
  readonly kernels: readonly ScheduledKernel[];
  /** For the inputs' order and the sizes' requirements; an entry without inputs has none. */
  readonly source?: Pick<ModelEntry, "inputs" | "requires">;
}

export function planEntry({ name, graph, fused, kernels, source }: EntryToPlan, layout: Layout, table: KernelTable): Entry {
  const values = valuesById(fused.graph);
  const read = new Set(prunedGraph(graph).values.map((value) => (value.kind === "input" ? value.field : undefined)));
  const inputs = (source?.inputs ?? []).filter((input) => read.has(input.name));
  const tables = fused.graph.values.filter((value): value is HostTable => value.kind === "host-table");
  const loops = loopsOf(fused);
  const places = new Places(fused, layout, inputs.map((input) => input.name), tables, loops);
  const steps = kernels.map((kernel, at): Dispatch => ({
    kernel: table.add(kernel),
    groups: kernel.variants[0].groups,
    ...(kernel.variants.length > 1 && { fallbackGroups: kernel.variants.at(-1)!.groups }),
    bindings: unaliased(kernel.bindings.map((binding) => places.of(binding, at))),
    label: kernel.name,
  }));
  const outputs = fused.graph.outputs
    .filter((output) => !output.state)
    .map((output): Output => {
      const value = values.get(output.value)!;
      return { name: output.name, type: elementType(value.type), shape: value.shape, at: places.ofValue(value, Math.max(0, steps.length - 1)) };
    });
  return {
    name,
    inputs: inputs.map(({ name: field, type, shape, range }) => ({ name: field, type: elementType(type), shape, ...(shape.some(falls) && { room: shape.map(most) }), ...(range && { range }) })),
    outputs,
    requires: source?.requires ?? [],
    temporaries: places.temporaries,
    tables: tables.map((value) => ({ name: value.name, shape: value.shape.map(most), body: hostExpr(value.body) })),
    indexLists: places.indexLists,
    steps,
    ...(loops.length > 0 && { loops }),
  };
}

/** Where an entry's values live, found as its dispatches bind them, in order. */
class Places {
  readonly temporaries: Temporary[] = [];
  readonly indexLists: IndexList[] = [];
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly layout: Layout;
  private readonly inputs: readonly string[];
  private readonly tables: readonly HostTable[];
  private readonly loops: readonly Loop[];
  /** Of outputs that are the next content of a state. */
  private readonly states: ReadonlyMap<ValueId, BufferRef>;
  /** Of packs, by their first members, which stand for all. */
  private readonly packShapes: ReadonlyMap<ValueId, Value["shape"]>;
  private readonly temporaryOf = new Map<ValueId, number>();

  constructor({ graph, packs }: FusedGraph, layout: Layout, inputs: readonly string[], tables: readonly HostTable[], loops: readonly Loop[]) {
    this.values = valuesById(graph);
    this.layout = layout;
    this.inputs = inputs;
    this.tables = tables;
    this.loops = loops;
    this.states = new Map(graph.outputs.flatMap(({ value, state }) => (state ? [[value, locate(layout, state)] as const] : [])));
    this.packShapes = new Map(packs.map(({ members }) => [members[0]!, [constant(members.length), ...this.values.get(members[0]!)!.shape]]));
  }

  /** `at`: the dispatch that binds it. */
  of(binding: KernelBinding, at: number): BufferRef {
    return binding.kind === "index-list" ? this.indexList(binding) : this.ofValue(this.values.get(binding.value)!, at);
  }

  ofValue(value: Value, at: number): BufferRef {
    if (value.kind === "input") return { kind: "input", at: this.inputs.indexOf(value.field) };
    if (value.kind === "host-table") return { kind: "table", at: this.tables.findIndex(({ id }) => id === value.id) };
    if (value.kind === "state") return locate(this.layout, value.state);
    return this.states.get(value.id) ?? this.temporary(value, at);
  }

  private temporary(value: Value, at: number): BufferRef {
    const { first, last } = this.around(at);
    const index = this.temporaryOf.get(value.id) ?? this.temporaries.length;
    const known = this.temporaries[index] ?? { name: value.name, type: elementType(value.type), shape: (this.packShapes.get(value.id) ?? value.shape).map(most), first, last };
    this.temporaryOf.set(value.id, index);
    this.temporaries[index] = { ...known, last: Math.max(known.last, last) };
    return { kind: "temporary", at: index };
  }

  /** What a loop touches is needed until it ends, and from its beginning. */
  private around(at: number): Pick<Loop, "first" | "last"> {
    return this.loops.find(({ first, last }) => first <= at && at <= last) ?? { first: at, last: at };
  }

  private indexList({ input, rows }: Extract<KernelBinding, { kind: "index-list" }>): BufferRef {
    const field = this.values.get(input)!;
    const of = field.kind === "input" ? field.field : field.name;
    const known = this.indexLists.findIndex((list) => list.of === of && equal(list.rows, rows));
    if (known >= 0) return { kind: "index-list", at: known };
    this.indexLists.push({ of, rows });
    return { kind: "index-list", at: this.indexLists.length - 1 };
  }
}

function loopsOf({ groups, loops = [] }: FusedGraph): Loop[] {
  return loops.map(({ extent, reverse }, at): Loop => {
    const own = groups.flatMap((group, k) => (group.loop === at ? [k] : []));
    return { first: own[0]!, last: own.at(-1)!, count: extent, ...(falls(extent) && { most: most(extent) }), ...(reverse && { reverse }) };
  });
}

function falls(size: Dim): boolean {
  return most(size) !== size;
}

function elementType(type: ScalarType): ElementType {
  return type === "f32" ? "f32" : "i32";
}

/** A state that is read and written by one kernel must be one binding; two would alias. */
function unaliased(bindings: BufferRef[]): BufferRef[] {
  const seen = new Set<string>();
  for (const binding of bindings) {
    if (binding.kind !== "state") continue;
    const id = `${binding.state}:${binding.offset}`;
    if (seen.has(id)) throw new Error(`internal: state ${id} is bound twice in a kernel`);
    seen.add(id);
  }
  return bindings;
}

