/** Quotients of sizes round down, and `%` is never negative, on the adapter as in f64, also where a numerator is negative. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";

const BODIES = [
  "y[t] = x[t] * 0 + (-T) % 8",
  "y[t] = x[t] * 0 + ceil((4 - T) / 3) + 100 * floor((4 - T) / 3)",
  "y[t] = x[t] + (T - 9) % 4 - 10 * floor((T - 9) / 4)",
  "y[t] = if t > floor((2 - T) / 4) + 1 then x[t] else 0.0",
  "y[t < T] = x[(T - 4) % 3 else -1] + t",
  "wide[n < ceil(T / 8), i < 8] = x[n*8 + i - (-T) % 8 else 0]; y[t < T] = wide[t/8,t%8 else 0]",
  "y[t < T] = sum[s where s < floor((T - 3) / 2)] x[s]",
  // The shorter the rows, the more is left of 40.
  "require T <= 40; left[n < 40 - T] = sum[s] x[s] * (n - s); y[t < T] = x[t] + sum[n] left[n] / (1 + left[n]^2)",
  "require T <= 40; y[t < T] = x[t] + 0.01 * (sum[n < 40 - T] cos(0.3 * n))",
  "require T <= 40; start[t < T] = x[t]; scan k < 40 - T with h = start { h[t] = h[t] + 1 }; y[t < T] = h[t]",
];

describeGpu("sizes divided", () => {
  it.each(BODIES)("%s", async (body) => {
    const { graph } = checkedModel("sizes.tfm", `model M() { forward(x: [T]) -> [T] { ${body}; return y } }`).entries[0]!;
    const opened = await openGraph(await gpuDevice(), compiledGraph(graph, { T: 40 }), graph, { T: 40 });
    try {
      for (const T of [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 40]) {
        const bindings = bindingsFor(graph, { T });
        const wanted = interpret(graph, bindings).outputs[graph.outputs[0]!.name]!.data;
        const got = (await opened.run(bindings))[graph.outputs[0]!.name]!;
        expect(Array.from(got).slice(0, T).map((value) => value.toFixed(4)), `T = ${T}`).toEqual(Array.from(wanted, (value) => value.toFixed(4)));
      }
    } finally {
      opened.dispose();
    }
  });
});
