/** Graphs at sizes where a kernel has more workgroups than one dimension of a dispatch holds, compared at some of their elements. */
import { expect } from "vitest";
import type { Compiled } from "../../compiler/compile.ts";
import { evaluate } from "../../compiler/dim.ts";
import type { GroupKind } from "../../compiler/ir/fused.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import type { ScheduledKernel } from "../../compiler/kernels/kernel.ts";
import { draws } from "../../runtime/random/philox.ts";
import { elementsOf } from "./elements.ts";
import { uniformOf } from "./graphs.ts";
import { compiledGraph, type GraphOptions, runGraph } from "./run-graph.ts";

/** Workgroups along one dimension, at most, in WebGPU. */
const DIMENSION = 65_535;
/** Elements of an output that are compared: at its end, where the second dimension's workgroups are, and anywhere. */
const AT_END = 100, ANYWHERE = 200;

export interface HugeCase {
  /** The size that grows as far as it must, and what the others are. */
  readonly grows: string;
  readonly others?: Bindings["sizes"];
  /** Kinds of kernels, each of which has to go beyond; by default any kernel does. */
  readonly kinds?: readonly GroupKind[];
  readonly options?: GraphOptions;
}

/** Every output at sampled elements, within 2e-5 of the largest of them. */
export async function expectHuge(device: GPUDevice, graph: Graph, huge: HugeCase): Promise<void> {
  const sizes = hugeSizes(graph, huge);
  const compiled = compiledGraph(graph, sizes, huge.options);
  expect(mostGroups(compiled, sizes, huge.kinds), graph.name).toBeGreaterThan(DIMENSION);
  const bindings = patterned(graph, sizes);
  const got = await runGraph(device, compiled, graph, bindings);
  const elements = elementsOf(graph, bindings);
  const random = draws(7);
  for (const { name, value } of graph.outputs) {
    const count = elements.count(value);
    expect(got[name]!.length, name).toBe(count);
    const positions = new Set([...Array.from({ length: Math.min(AT_END, count) }, (_, k) => count - 1 - k), ...Array.from({ length: ANYWHERE }, () => random.below(count))]);
    const pairs = Array.from(positions, (at) => [at, got[name]![at]!, elements.at(value, at)] as const);
    const scale = pairs.reduce((most, [, , wanted]) => Math.max(most, Math.abs(wanted)), 1e-2);
    for (const [at, found, wanted] of pairs) expect(Math.abs(found - wanted) / scale, `${graph.name}: ${name}[${at}] is ${found}, not ${wanted}`).toBeLessThan(2e-5);
  }
}

/** The least sizes that take the kernels beyond one dimension. */
function hugeSizes(graph: Graph, { grows, others = {}, kinds, options }: HugeCase): Bindings["sizes"] {
  const at = (extent: number): Bindings["sizes"] => ({ ...others, [grows]: extent });
  const compiled = compiledGraph(graph, at(4), options);
  let [below, above] = [0, 2 ** 23];
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (mostGroups(compiled, at(middle), kinds) > DIMENSION) above = middle;
    else below = middle;
  }
  return at(above);
}

/** Workgroups of the largest kernel, as an adapter with all features runs it; with kinds, the fewest of each kind's largest. */
function mostGroups({ stages }: Compiled, sizes: Bindings["sizes"], kinds?: readonly GroupKind[]): number {
  const largest = (kernels: readonly ScheduledKernel[]): number => Math.max(0, ...kernels.map(({ variants: [best] }) => evaluate(best.groups, sizes)));
  const { kernels } = stages[0]!;
  return kinds === undefined ? largest(kernels) : Math.min(...kinds.map((kind) => largest(kernels.filter((kernel) => kernel.kind === kind))));
}

/** Inputs and states that are quick to make for millions of elements: reals in -1..1, indices within their range. */
function patterned(graph: Graph, sizes: Bindings["sizes"]): Bindings {
  const inputs: Record<string, ArrayLike<number>> = {}, states: Record<string, ArrayLike<number>> = {};
  for (const value of graph.values) {
    if (value.kind !== "input" && value.kind !== "state") continue;
    const length = value.shape.reduce((product, dim) => product * evaluate(dim, sizes), 1);
    const range = value.kind === "input" && value.range ? evaluate(value.range, sizes) : undefined;
    const data = value.type === "f32" ? tiled(new Float32Array(length), 1009, (at) => ((at * 7919) % 1009) / 512 - 1)
      : value.type === "bool" ? tiled(new Int32Array(length), 1009, (at) => +(((at * 7919) % 1009) % 3 > 0))
      : tiled(new Int32Array(length), range ?? 41, (at) => (range === undefined ? at - 20 : (at * 599_999 + range - 1) % range));
    if (value.kind === "input") inputs[value.field] = data;
    else states[stateKey(value.state)] = data;
  }
  return { sizes, inputs, states, step: 3, uniform: uniformOf(1) };
}

/** The same `period` elements again and again. */
function tiled<Data extends Float32Array | Int32Array>(data: Data, period: number, element: (at: number) => number): Data {
  for (let at = 0; at < Math.min(period, data.length); at++) data[at] = element(at);
  for (let done = period; done < data.length; done *= 2) data.copyWithin(done, 0, Math.min(done, data.length - done));
  return data;
}
