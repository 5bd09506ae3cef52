/** Every sample graph and its gradient, compiled to kernels, against the interpreter in f64: one program at 26 sizes. */
import { expect, it } from "vitest";
import * as dims from "../../compiler/dim.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { bindingsFor, SAMPLES } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import type { Sample } from "../support/sample.ts";

/** Nothing, one, odd ones, around vectors, subgroups and workgroups, in either place. */
const PAIRS = [
  [1, 1], [2, 3], [3, 5], [0, 4], [4, 0], [0, 0], [1, 2], [2, 1], [5, 3], [7, 7], [1, 15], [2, 16], [3, 17], [1, 31], [2, 33],
  [1, 63], [1, 64], [1, 65], [31, 1], [63, 2], [64, 1], [65, 3], [1, 127], [129, 1], [257, 2], [1, 255],
] as const;
/** In the place of pairs that a sample has already, as it has one size alone or a largest one. */
const OTHERS = [6, 8, 9, 32, 66, 128, 129, 256, 320].map((size) => [size, size] as const);

/** Some sizes fit no sample: a sample names its largest. */
function sizesOf({ sizes, most = {}, least = {} }: Sample): readonly Readonly<Record<string, number>>[] {
  const names = Object.keys(sizes[0]!);
  const within = (name: string, size: number): number => Math.max(least[name] ?? 0, Math.min(size, most[name] ?? size));
  const all = [...PAIRS, ...OTHERS].map((pair) => Object.fromEntries(names.map((name, at) => [name, within(name, pair[names.length === 1 ? 1 : at]!)])));
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()].slice(0, PAIRS.length);
}

describeGpu("kernels equal the interpreter", () => {
  for (const sample of SAMPLES)
    it(`${sample.name} at ${sizesOf(sample).length} sizes`, async () => {
      expect(sizesOf(sample).length).toBeGreaterThanOrEqual(25);
      const grad = differentiate(sample.graph);
      const sizes = sizesOf(sample);
      const bounds = Object.fromEntries(Object.keys(sizes[0]!).map((name) => [name, Math.max(...sizes.map((each) => each[name]!))]));
      const opened = await openGraph(await gpuDevice(), compiledGraph(grad, bounds), grad, bounds);
      try {
        for (const at of sizes) {
          const bindings = bindingsFor(grad, at);
          const wanted = interpret(grad, bindings).outputs;
          const got = await opened.run(atBounds(grad, bindings, bounds));
          for (const [output, tensor] of Object.entries(wanted)) expectClose(`${output} at ${JSON.stringify(at)}`, got[output]!, tensor.data);
        }
      } finally {
        opened.dispose();
      }
    });
});

/** Parameters are as long as the largest sizes make them; smaller ones lie at the beginning, packed. */
function atBounds(graph: Graph, bindings: Bindings, bounds: Bindings["sizes"]): Bindings {
  const leaves = graph.values.filter((value) => value.kind === "state");
  const states = Object.fromEntries(leaves.map(({ state, shape }) => {
    const padded = new Float64Array(shape.reduce((product, size) => product * dims.evaluate(size, bounds), 1));
    padded.set(bindings.states![stateKey(state)] as Float64Array);
    return [stateKey(state), padded];
  }));
  return { ...bindings, states };
}

function expectClose(name: string, got: ArrayLike<number>, wanted: Float64Array): void {
  // A loss is a sum of terms of either sign, of which little may be left.
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), wanted.length === 1 ? 0.2 : 1e-2);
  const worst = wanted.reduce((most, value, at) => Math.max(most, Math.abs(value - got[at]!)), 0);
  expect(got.length, name).toBeGreaterThanOrEqual(wanted.length);
  if (worst / scale >= 2e-5) expect(Array.from(got).slice(0, wanted.length), name).toEqual(Array.from(wanted));
  expect(worst / scale, name).toBeLessThan(2e-5);
}
