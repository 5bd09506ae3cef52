/**
 * Random models whose equations read one another in every way that an index can go: they are accepted, the passes keep their values, their
 * gradients are those of differences, and on the adapter all is as in f64.
 */
import { describe, expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { compareKernels } from "../support/compare-kernels.ts";
import { describeGpu } from "../support/gpu.ts";
import { bindingsFor } from "../support/graphs.ts";
import { randomGathers } from "../support/random-gathers.ts";
import { relativeError } from "../support/reference.ts";
import { withGradients } from "../support/with-gradients.ts";

const SIZES = [{ B: 3, T: 5 }, { B: 1, T: 2 }];
const seeds = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, at) => from + at);

type Numbers = ArrayLike<number>;
const moved = (values: Numbers, by: Numbers, length: number): Float64Array => Float64Array.from(values, (value, at) => value + length * by[at]!);
const inner = (a: Numbers, b: Numbers): number => Array.from(a).reduce((sum, value, at) => sum + value * b[at]!, 0);
/** Some direction, none of whose parts is 0. */
const direction = (values: Numbers, seed: number): Float64Array => Float64Array.from(values, (_, at) => Math.sin(1 + seed + at * 7.3));

describe("random models that read by every kind of index", () => {
  it("the passes keep values and gradients", { timeout: 120_000 }, () => {
    for (const seed of seeds(0, 40)) {
      const text = randomGathers(seed);
      const graph = withGradients(text, ["x"]);
      const after = GRAPH_PASSES.reduce((before, pass) => pass.run(before), graph);
      for (const sizes of SIZES) {
        const bindings = bindingsFor(graph, sizes, seed);
        const passed = interpret(after, bindings).outputs;
        for (const [name, { data }] of Object.entries(interpret(graph, bindings).outputs)) expect(relativeError(passed[name]!.data, data, 1e-6), `${name} of seed ${seed}\n${text}`).toBeLessThan(1e-9);
      }
    }
  });

  it("gradients are those of differences", { timeout: 120_000 }, () => {
    for (const seed of seeds(100, 30)) {
      const text = randomGathers(seed);
      const graph = withGradients(text, ["x"]);
      for (const sizes of SIZES) {
        const bindings = bindingsFor(graph, sizes, seed);
        const along = Object.fromEntries([...Object.entries(bindings.states), ...Object.entries(bindings.inputs).filter(([name]) => name === "x")].map(([name, values], at) => [name, direction(values, at)]));
        const loss = (length: number): number => {
          const at = (all: Readonly<Record<string, Numbers>>): Record<string, Numbers> => Object.fromEntries(Object.entries(all).map(([name, values]) => [name, along[name] ? moved(values, along[name], length) : values]));
          return interpret(graph, { ...bindings, states: at(bindings.states), inputs: at(bindings.inputs) }).outputs["loss"]!.data[0]!;
        };
        const { outputs } = interpret(graph, bindings);
        const gradients = graph.outputs.flatMap(({ name, state }) => (state ? [[`parameter/${state.path}`, name]] : name === "dx" ? [["x", name]] : []));
        const slope = gradients.reduce((sum, [of, name]) => sum + inner(outputs[name!]!.data, along[of!]!), 0);
        // `stop` is no derivative, and at a kink there is none.
        if (text.includes("stop(") || !Number.isFinite(slope) || Math.abs(slope) > 1e9) continue;
        const errors = [1e-5, 1e-6, 1e-7].map((length) => Math.abs((loss(length) - loss(-length)) / (2 * length) - slope) / (1e-2 + Math.abs(slope)));
        expect(Math.min(...errors), `seed ${seed} at ${JSON.stringify(sizes)}\n${text}`).toBeLessThan(1e-3);
      }
    }
  });
});

describeGpu("random models that read by every kind of index, on the adapter", () => {
  it.each(seeds(200, 10))("seed %d", (seed) => compareKernels(randomGathers(seed), seed, SIZES, "cpu"));
  it.each(seeds(210, 3))("seed %d, by the kernels for GPUs", (seed) => compareKernels(randomGathers(seed), seed, SIZES, "gpu"));
});
