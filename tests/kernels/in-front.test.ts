/** Reads in front of a value, by branches that are not taken, at places that are known when the kernel is written. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const READS = {
  "one vector behind another": "sum[k < d + d] (if k < d then a[k] else c[k - d]) * (k + 1)",
  "a vector moved by one": "sum[k < d] (if k < 1 then 0.5 else a[k - 1]) * (k + 1)",
  "a vector moved by five": "sum[k < d + 5] (if k < 5 then 0.5 else a[k - 5]) * (k + 1)",
  "every second element": "sum[k < d] (if 2 * k < d then 0.5 else a[2 * k - d]) * (k + 1)",
};

describeGpu("a branch that is not taken", () => {
  for (const [name, value] of Object.entries(READS))
    for (const d of [3, 4, 8])
      it(`${name}, of ${d} elements`, async () => {
        const graph = withGradients(`model Case(d = ${d}) {
  param a: [d] ~ normal(1)
  param c: [d] ~ normal(1)
  forward(x: [B]) -> [B] { y = ${value}; z[b] = x[b] * y; return z }
}`);
        const bindings = bindingsFor(graph, { B: 3 });
        const got = await runGraph(await gpuDevice(), compiledGraph(graph, { B: 3 }), graph, bindings);
        for (const [output, { data }] of Object.entries(interpret(graph, bindings).outputs)) expect(relativeError(got[output]!, data, 1e-2), output).toBeLessThan(1e-5);
      });
});
