/** A kernel for every group of a fused graph: its text in one or more variants, its bindings, its workgroups. */
import { add, constant, multiply, named, scale, ZERO, type Dim } from "../dim.ts";
import type { FusedGraph, FusedLoop, Group } from "../ir/fused.ts";
import type { Equation, Expr, HostScalar, Value, ValueId } from "../ir/graph.ts";
import { indexSizes, operandsOf, stateKey, valuesById } from "../ir/walk.ts";
import type { Uniform } from "../plan/uniform.ts";
import { contraction } from "../passes/fuse/contraction.ts";
import { contractSpec } from "./contract-group.ts";
import { chooseContract } from "./contract/choose.ts";
import type { ContractKernel, ContractProfile } from "./contract/spec.ts";
import { TIME } from "./emit/dim-text.ts";
import type { EmitContext } from "./emit/emitter.ts";
import { helperTexts } from "./emit/ops.ts";
import { hasWide, Memory } from "./emit/memory.ts";
import { groupKey } from "./group-key.ts";
import type { KernelBinding, KernelVariant, ScheduledKernel } from "./kernel.ts";
import { settled, variantOf } from "./module.ts";
import { nestKernel } from "./nest.ts";
import { sharedRow } from "./shared-row.ts";

/** Kernels already made for a uniform block and a profile, by what their texts depend on (see `groupKey`). */
export type MadeKernels = Map<string, Made & { readonly ids: readonly ValueId[] }>;

/** `made`: shared by the entries of a program. */
export function schedule(fused: FusedGraph, uniform: Uniform, profile: ContractProfile, made: MadeKernels = new Map()): ScheduledKernel[] {
  const values = valuesById(fused.graph);
  const stored = new Set(fused.groups.flatMap((group) => group.stored));
  const names = new Set<string>();
  const storage = new Map([...stateStorage(fused, values), ...packStorage(fused, values), ...(fused.loops ?? []).flatMap(carryStorage)]);
  const within = (fused.loops ?? []).map((loop) => new Map([...values, ...loop.values]));
  return fused.groups.map((group) => {
    const own = new Set(group.members);
    const loop = group.loop === undefined ? undefined : fused.loops?.[group.loop];
    const context: EmitContext = {
      values: group.loop === undefined ? values : within[group.loop]!,
      inMemory: (id) => (stored.has(id) ? !own.has(id) : values.get(id)!.kind !== "equation"),
      storage: (id) => atTime(storage.get(id) ?? { id, offset: ZERO }, loop?.values.get(id)),
      hostScalar: (id) => uniform.scalarText(values.get(id) as HostScalar),
    };
    const { text, ids } = groupKey(group, context);
    let kernel = made.get(text);
    if (!kernel) made.set(text, (kernel = { ...kernelOf(group, context, uniform, profile), ids }));
    const { bindings, variants } = kernel;
    const flops = loop ? multiply(kernel.flops, loop.extent) : kernel.flops;
    return { name: unique(kernelName(group, values), names), kind: group.kind, bindings: renamed(bindings, kernel.ids, ids), variants, flops };
  });
}

function kernelOf(group: Group, context: EmitContext, uniform: Uniform, profile: ContractProfile): Made {
  const made = group.kind === "contract" ? contractKernels(group, context, uniform, profile) : nestKernels(group, context, uniform);
  return { ...made, flops: flopsOf(group, context.values) };
}

/** The bindings of a group's kernel for another group of the same key. */
function renamed(bindings: readonly KernelBinding[], from: readonly ValueId[], to: readonly ValueId[]): KernelBinding[] {
  const id = (old: ValueId): ValueId => to[from.indexOf(old)]!;
  return bindings.map((binding) => (binding.kind === "value" ? { ...binding, value: id(binding.value) } : { ...binding, input: id(binding.input) }));
}

/**
 * The state that each output is the next content of, where the graph reads that state too: the two are one binding. Every
 * reader of the old content must then be in the kernel that writes the new one, or earlier.
 */
function stateStorage(fused: FusedGraph, values: ReadonlyMap<ValueId, Value>): Map<ValueId, Storage> {
  const storage = new Map<ValueId, Storage>();
  const states = new Map(fused.graph.values.flatMap((leaf) => (leaf.kind === "state" ? [[stateKey(leaf.state), leaf] as const] : [])));
  for (const { value, state } of fused.graph.outputs) {
    const old = state && states.get(stateKey(state));
    if (!old) continue;
    storage.set(value, { id: old.id, offset: ZERO });
    const writer = fused.groups.findIndex(({ stored }) => stored.includes(value));
    const late = fused.groups.findIndex(({ members }, at) => at > writer && members.some((id) => operandsOf(values.get(id)!).includes(old.id)));
    if (late >= 0) throw new Error(`internal: ${old.name} is read after its next content was written`);
  }
  return storage;
}

type Storage = ReturnType<EmitContext["storage"]>;

function packStorage({ packs }: FusedGraph, values: ReadonlyMap<ValueId, Value>): [ValueId, Storage][] {
  return packs.flatMap(({ members }) => members.map((id, plane): [ValueId, Storage] => [id, { id: members[0]!, offset: multiply(constant(plane), ...values.get(id)!.shape) }]));
}

/** What a carry begins with and what follows it are written where the carry is read: at its first time, and one time later. */
function carryStorage({ carries }: FusedLoop): [ValueId, Storage][] {
  return carries.flatMap(({ id, init, next, extent, reverse, shape }): [ValueId, Storage][] => {
    const [, ...rest] = shape;
    return [[init, { id, offset: reverse ? multiply(extent, ...rest) : ZERO }], [next, { id, offset: reverse ? ZERO : multiply(...rest) }]];
  });
}

/** Within a loop only the current time of a value. */
function atTime({ id, offset }: Storage, slice: Equation | undefined): Storage {
  return { id, offset: slice ? add(offset, multiply(named(TIME), ...slice.shape)) : offset };
}

type Made = Pick<ScheduledKernel, "bindings" | "variants" | "flops">;
type Emitted = Omit<Made, "flops">;

function nestKernels(group: Group, context: EmitContext, uniform: Uniform): Emitted {
  const alone = settled((widths) => nestKernel(group, context, widths));
  const bindings = alone.memory.bindings();
  const row = group.kind === "stream" ? sharedRow(group, context) : undefined;
  if (row === undefined) return { bindings, variants: [variantOf(alone, uniform.text)] };
  const together = settled((widths) => nestKernel(group, context, widths, row));
  if (JSON.stringify(together.memory.bindings()) !== JSON.stringify(bindings)) throw new Error("internal: the variants of a kernel bind differently");
  return { bindings, variants: [variantOf(together, uniform.text), variantOf(alone, uniform.text)] };
}

/** Where the declarations will stand, which are known when everything else is. */
const DECLARATIONS = "\0declarations\0";

function contractKernels(group: Group, context: EmitContext, uniform: Uniform, profile: ContractProfile): Emitted {
  const emit = (memory: Memory): readonly ContractKernel[] => chooseContract(contractSpec(group, context, memory, DECLARATIONS), profile);
  let memory = new Memory();
  let kernels = emit(memory);
  // As in `settled`: the first round tells which bindings are accessed four at a time.
  const widths = memory.demands();
  if (hasWide(widths)) kernels = emit((memory = new Memory(widths)));
  const helpers = helperTexts(kernels.map(({ wgsl }) => wgsl).join("\n"));
  const declarations = [uniform.text, memory.declarations(), ...helpers].join("\n\n");
  const variants = kernels.map(({ features, workgroupSize, groups, wgsl, schedule: how }): KernelVariant =>
    ({ features, workgroupSize, groups, wgsl: wgsl.replace(DECLARATIONS, () => declarations), schedule: how }));
  return { bindings: memory.bindings(), variants: variants as [KernelVariant, ...KernelVariant[]] };
}

function kernelName(group: Group, values: ReadonlyMap<ValueId, Value>): string {
  const main = values.get(group.stored.at(-1) ?? group.members.at(-1)!)!;
  return `${group.kind}_${main.name.replace(/[^A-Za-z0-9]+/g, "_")}`;
}

function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let at = 2; taken.has(candidate); at++) candidate = `${name}_${at}`;
  taken.add(candidate);
  return candidate;
}

/** Two for each point of a sum of products, one for each scalar operation of a map. Where batches share out the depth, each has its part. */
function flopsOf(group: Group, values: ReadonlyMap<ValueId, Value>): Dim {
  let total: Dim = ZERO;
  for (const id of group.members) {
    const equation = values.get(id) as Equation;
    const product = contraction(equation);
    const operations = product ? 2 : (equation.reduce ? 1 : 0) + operationsIn(equation.body);
    const sizes = indexSizes(equation).filter((_, index) => !product?.end || !product.batch.includes(index));
    total = add(total, scale(multiply(...sizes), operations));
  }
  return total;
}

/** Those of index arithmetic are none. */
function operationsIn(expr: Expr): number {
  return expr.kind === "apply" ? expr.args.reduce((sum, arg) => sum + operationsIn(arg), 1) : 0;
}
