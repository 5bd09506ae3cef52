/** Gradients along sorted points, on the adapter: equal to the interpreter whatever is looked up, by every variant of the kernels. */
import { it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { expectLike } from "../support/outputs.ts";
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
        expectLike(interpret(graph, bindings).outputs, await opened.run(bindings), `${name}, ${B} × ${T}`);
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
