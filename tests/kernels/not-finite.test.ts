import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

/** WGSL has no constants that are infinite or NaN, and refuses to compute one of constants. */
const CASES = {
  "scores hidden by minus infinity": "s[b,t,i] = if i > 0 and u[b,t,i] < 0.3 then log(0) else x[b,t,i]; y[b,t,i] = softmax[i] s[b,t,i]",
  "infinity of which nothing comes": "y[b,t,i] = x[b,t,i] * exp(-exp(1000 + 0 * t))",
  "a quotient of zeros in a branch that is not taken": "y[b,t,i] = if x[b,t,i] > 1000 then 0 / (0.1 * 0) else x[b,t,i]",
  "a softmax of which all is known to be hidden": "z[b, t, j < 1] = softmax[j where j > 0] x[b,t,j]; y[b,t,i] = x[b,t,i] + z[b,t,0]",
};

describeGpu("what is not finite when compiling", () => {
  for (const [name, body] of Object.entries(CASES))
    it(name, async () => {
      const graph = withGradients(`model Case(d = 4) {
  forward(x: [B, T, d]) -> [B, T, d] {
    draw u: [B, T, d] ~ uniform
    ${body}
    return y
  }
}`, ["x"]);
      const bindings = bindingsFor(graph, { B: 2, T: 3 });
      const got = await runGraph(await gpuDevice(), compiledGraph(graph, bindings.sizes), graph, bindings);
      for (const [output, { data }] of Object.entries(interpret(graph, bindings).outputs)) {
        expect([...data].every(Number.isFinite), output).toBe(true);
        expect(relativeError(got[output]!, data, 1e-2), output).toBeLessThan(1e-5);
      }
    });
});
