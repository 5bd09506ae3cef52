/** Gradients along sorted points, on the adapter: equal to the interpreter whatever is looked up, by every variant of the kernels. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { LOOKUPS, lookupBindings, lookupGraph } from "../support/lookups.ts";
import { compiledGraph, type GraphOptions, openGraph } from "../support/run-graph.ts";

const SIZES = [[0, 4], [1, 1], [1, 7], [3, 21], [4, 64], [5, 60]] as const;

async function compare(options: GraphOptions, width: number): Promise<void> {
  const graph = lookupGraph(width);
  const opened = await openGraph(await gpuDevice(), compiledGraph(graph, { B: 5, T: 64 }, options), graph, { B: 5, T: 64 });
  try {
    for (const [name, looked] of Object.entries(LOOKUPS))
      for (const [B, T] of SIZES) {
        const bindings = lookupBindings(graph, { B, T }, looked);
        const wanted = interpret(graph, bindings).outputs;
        const got = await opened.run(bindings);
        for (const [output, { data }] of Object.entries(wanted)) {
          // A sum of terms of both signs, all of which are compared.
          if (output === "loss") continue;
          const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
          expect(got[output]!.length, output).toBe(data.length);
          for (const [at, value] of data.entries()) expect(Math.abs(got[output]![at]! - value) / scale, `${name}, ${B} × ${T}: ${output}[${at}] is ${got[output]![at]}, not ${value}`).toBeLessThan(2e-5);
        }
      }
  } finally {
    opened.dispose();
  }
}

describeGpu("sums along sorted points", () => {
  it("equal the interpreter", { timeout: 120_000 }, () => compare({}, 32));
  it("equal it where nothing comes in fours", { timeout: 120_000 }, () => compare({}, 33));
  it("equal it with a naive kernel for every equation", { timeout: 120_000 }, () => compare({ recognise: false }, 32));
});
