/** Random models: values and gradients on the adapter are those of f64. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { randomModel } from "../support/random-model.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const SIZES = [{ B: 3, T: 5 }, { B: 2, T: 4 }, { B: 1, T: 1 }];
/** The extreme of no terms is the largest number of f32: what is computed from it overflows there, and in f64 does not. */
const LARGEST = 1e18;

describeGpu("random models on the adapter", () => {
  for (let seed = 1; seed <= 10; seed++)
    it(`seed ${seed}`, async () => {
      const graph = withGradients(randomModel(seed, "all"), ["x"]);
      const opened = await openGraph(await gpuDevice(), compiledGraph(graph, SIZES[0]!), graph, SIZES[0]!);
      let compared = 0;
      try {
        for (const sizes of SIZES) {
          const bindings = bindingsFor(graph, sizes, seed);
          const { outputs, values } = interpret(graph, bindings);
          if ([...values.values()].some(({ data }) => data.some((value) => Math.abs(value) > LARGEST))) continue;
          const got = await opened.run(bindings);
          for (const [name, { data }] of Object.entries(outputs)) expect(relativeError(got[name]!, data, 1e-2), `${name} at ${JSON.stringify(sizes)} of\n${randomModel(seed, "all")}`).toBeLessThan(1e-4);
          compared++;
        }
      } finally {
        opened.dispose();
      }
      expect(compared).toBeGreaterThan(0);
    });
});
