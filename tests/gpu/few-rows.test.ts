/** Sums by a class, and gradients of lookups by one, where there are fewer rows than classes. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const BODIES = [
  "y[k < 3] = sum[b where id[b] == k] x[b]; return mean[k] y[k]^2 * w[k,0]",
  "return mean[b,i] (if id[b] < 3 then w[id[b],i] else 1.0) * x[b]",
  "return mean[b,i] w[id[b],i else 0.5] * x[b]",
];

describeGpu("fewer rows than classes", () => {
  it.each(BODIES)("%s", async (body) => {
    const graph = withGradients(`model M() { param w: [3, 2] ~ normal(1); forward(x: [B], id: index(5)[B]) -> real { ${body} } }`);
    const opened = await openGraph(await gpuDevice(), compiledGraph(graph, { B: 40 }), graph, { B: 40 });
    try {
      for (const B of [1, 5, 40]) {
        const bindings = bindingsFor(graph, { B });
        const got = await opened.run(bindings);
        for (const [name, { data }] of Object.entries(interpret(graph, bindings).outputs)) expect(relativeError(got[name]!, data, 1e-2), `${name} of ${B}`).toBeLessThan(1e-5);
      }
    } finally {
      opened.dispose();
    }
  });
});
