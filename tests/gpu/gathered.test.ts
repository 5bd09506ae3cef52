/** Gradients of lookups whose last index that is summed over could be taken four at a time, in tables whose rows can not. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const CASES = [
  ["w: [7, 6]", "at: index(7)[B, T]", "require T == 8; y[b, t < 8, i] = w[at[b,t], i]; return mean[b,t,i] y[b,t,i]^2 * (t + 1)"],
  ["w: [7, 4]", "at: index(4)[4]", "y[i,j] = w[i, at[j]]; return sum[i,j] y[i,j]^2 * (i + j)"],
  ["w: [7, 5]", "at: index(5)[8]", "return sum[i,j] exp(w[i, at[j]])"],
  ["w: [7, 3]", "at: index(7)[3, 8]", "return sum[i,j,k] w[at[i,j], k]^2 * (k + 1)"],
  ["w: [3, 5, 4]", "at: index(5)[8]", "y[i,j,k] = w[i, at[j], k]; return sum[i,j,k] y[i,j,k]^2"],
] as const;

describeGpu("the gradient of a lookup", () => {
  it.each(CASES)("%s, %s: %s", async (table, fed, body) => {
    const graph = withGradients(`model M() { param ${table} ~ normal(1); forward(${fed}) -> real { ${body} } }`);
    const sizes = { B: 3, T: 8 };
    const opened = await openGraph(await gpuDevice(), compiledGraph(graph, sizes), graph, sizes);
    try {
      const bindings = bindingsFor(graph, sizes);
      const got = await opened.run(bindings);
      for (const [name, { data }] of Object.entries(interpret(graph, bindings).outputs)) expect(relativeError(got[name]!, data, 1e-2), name).toBeLessThan(1e-5);
    } finally {
      opened.dispose();
    }
  });
});
