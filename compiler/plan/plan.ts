/**
 * From scheduled kernels to an entry of the program: every value gets a place (a state's range, an input, a table, or a
 * temporary whose lifetime the runtime turns into an offset), every kernel becomes a dispatch, equal kernels become one.
 */
import type { Entry as ModelEntry } from "../check/model.ts";
import { constant } from "../dim.ts";
import type { FusedGraph } from "../ir/fused.ts";
import type { HostTable, ScalarType, Value, ValueId } from "../ir/graph.ts";
import { valuesById } from "../ir/walk.ts";
import type { KernelBinding, ScheduledKernel } from "../kernels/kernel.ts";
import type { BufferRef, Dispatch, ElementType, Entry, IndexList, Kernel, Loop, Output, Temporary } from "../../runtime/program.ts";
import { type Layout, locate } from "./layout.ts";
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
  readonly fused: FusedGraph;
  readonly kernels: readonly ScheduledKernel[];
  /** For the inputs' order and the sizes' requirements; an entry without inputs has none. */
  readonly source?: Pick<ModelEntry, "inputs" | "requires">;
}

export function planEntry({ name, fused, kernels, source }: EntryToPlan, layout: Layout, table: KernelTable): Entry {
  const values = valuesById(fused.graph);
  const inputs = (source?.inputs ?? []).filter((input) => fused.graph.values.some((value) => value.kind === "input" && value.field === input.name));
  const states = stateOutputs(fused);
  const temporaries: Temporary[] = [];
  const temporaryOf = new Map<ValueId, number>();
  const tables = fused.graph.values.filter((value): value is HostTable => value.kind === "host-table");
  const indexLists: IndexList[] = [];

  const packed = new Map(fused.packs.map(({ members }) => [members[0]!, [constant(members.length), ...values.get(members[0]!)!.shape]]));

  const loops = loopsOf(fused);
  /** What a loop touches is needed until it ends, and from its beginning. */
  const around = (at: number): { readonly first: number; readonly last: number } => loops.find(({ first, last }) => first <= at && at <= last) ?? { first: at, last: at };

  const touch = (value: Value, at: number): BufferRef => {
    let index = temporaryOf.get(value.id);
    if (index === undefined) {
      index = temporaries.length;
      temporaryOf.set(value.id, index);
      temporaries.push({ name: value.name, type: elementType(value.type), shape: packed.get(value.id) ?? value.shape, first: around(at).first, last: at });
    }
    temporaries[index] = { ...temporaries[index]!, last: Math.max(temporaries[index]!.last, around(at).last) };
    return { kind: "temporary", at: index };
  };
  const indexList = (binding: Extract<KernelBinding, { kind: "index-list" }>): BufferRef => {
    const field = values.get(binding.input)!;
    const of = field.kind === "input" ? field.field : field.name;
    const rows = JSON.stringify(binding.rows);
    const known = indexLists.findIndex((list) => list.of === of && JSON.stringify(list.rows) === rows);
    if (known >= 0) return { kind: "index-list", at: known };
    indexLists.push({ of, rows: binding.rows });
    return { kind: "index-list", at: indexLists.length - 1 };
  };
  const place = (binding: KernelBinding, at: number): BufferRef => {
    if (binding.kind === "index-list") return indexList(binding);
    const value = values.get(binding.value)!;
    if (value.kind === "input") return { kind: "input", at: inputs.findIndex((input) => input.name === value.field) };
    if (value.kind === "host-table") return { kind: "table", at: tables.findIndex((candidate) => candidate.id === value.id) };
    if (value.kind === "state") return locate(layout, value.state);
    const state = states.get(value.id);
    return state ?? touch(value, at);
  };

  function stateOutputs(graph: FusedGraph): Map<ValueId, BufferRef> {
    return new Map(graph.graph.outputs.flatMap((output) => (output.state ? [[output.value, locate(layout, output.state)] as const] : [])));
  }

  const steps = kernels.map((kernel, at): Dispatch => {
    const bindings = unaliased(kernel.bindings.map((binding) => place(binding, at)));
    const last = kernel.variants.at(-1)!;
    return {
      kernel: table.add(kernel),
      groups: kernel.variants[0].groups,
      ...(kernel.variants.length > 1 && { fallbackGroups: last.groups }),
      bindings,
      label: kernel.name,
    };
  });
  const outputs = fused.graph.outputs
    .filter((output) => !output.state)
    .map((output): Output => {
      const value = values.get(output.value)!;
      return { name: output.name, type: elementType(value.type), shape: value.shape, at: place({ kind: "value", value: value.id, access: "read" }, Math.max(0, steps.length - 1)) };
    });
  return {
    name,
    inputs: inputs.map(({ name: field, type, shape, range }) => ({ name: field, type: elementType(type), shape, ...(range && { range }) })),
    outputs,
    requires: source?.requires ?? [],
    temporaries,
    tables: tables.map((value) => ({ name: value.name, shape: value.shape, body: hostExpr(value.body) })),
    indexLists,
    steps,
    ...(loops.length > 0 && { loops }),
  };
}

function loopsOf({ groups, loops = [] }: FusedGraph): Loop[] {
  return loops.map(({ extent, reverse }, at): Loop => {
    const own = groups.flatMap((group, k) => (group.loop === at ? [k] : []));
    return { first: own[0]!, last: own.at(-1)!, count: extent, ...(reverse && { reverse }) };
  });
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

