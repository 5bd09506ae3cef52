/** Random models: values and gradients on the adapter are those of f64, by the kernels for an adapter that computes on the CPU and by those for GPUs. */
import { expect, it } from "vitest";
import type { Compiled } from "../../compiler/compile.ts";
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

/** Wide enough for the tiles of a GPU, at sizes that none of them divides. */
const WIDTHS = [[20, 16], [33, 17], [17, 64], [64, 5]] as const;
const WIDE_SIZES = [{ B: 3, T: 5 }, { B: 1, T: 33 }, { B: 2, T: 1 }];

async function compare(text: string, seed: number, sizes: readonly { readonly B: number; readonly T: number }[], kind: "cpu" | "gpu"): Promise<void> {
  const graph = withGradients(text, ["x"]);
  const bounds = { B: Math.max(...sizes.map(({ B }) => B)), T: Math.max(...sizes.map(({ T }) => T)) };
  const compiled = compiledGraph(graph, bounds, { kind });
  const opened = await openGraph(await gpuDevice(), kind === "gpu" ? rolled(compiled) : compiled, graph, bounds);
  let compared = 0;
  try {
    for (const size of sizes) {
      const bindings = bindingsFor(graph, size, seed);
      const { outputs, values } = interpret(graph, bindings);
      if ([...values.values()].some(({ data }) => data.some((value) => Math.abs(value) > LARGEST))) continue;
      const got = await opened.run(bindings);
      for (const [name, { data }] of Object.entries(outputs)) expect(relativeError(got[name]!, data, 1e-2), `${name} at ${JSON.stringify(size)} of\n${text}`).toBeLessThan(1e-4);
      compared++;
    }
  } finally {
    opened.dispose();
  }
  expect(compared).toBeGreaterThan(0);
}

function wide(seed: number, at: number): string {
  const [d, e] = WIDTHS[at]!;
  return randomModel(seed, "all").replace(/d = \d+, e = \d+/, `d = ${d}, e = ${e}`);
}

/** With the inner loop of a tile as a loop: a driver that computes on the CPU takes seconds to compile it unrolled. */
function rolled({ program, stages }: Compiled): Compiled {
  const roll = (wgsl: string): string => wgsl.replace(/ct_k < (\d+)u; ct_k\+\+/g, "ct_k < $1u + ct_zero; ct_k++");
  return { stages, program: { ...program, kernels: program.kernels.map((kernel) => ({ ...kernel, wgsl: roll(kernel.wgsl) })) } };
}

describeGpu("random models on the adapter", () => {
  it.each(Array.from({ length: 10 }, (_, at) => at + 1))("seed %d", (seed) => compare(randomModel(seed, "all"), seed, SIZES, "cpu"));

  it.each([[11, 0], [12, 1], [13, 2], [14, 3], [15, 0], [16, 1]] as const)("seed %d, by the kernels for GPUs", (seed, at) => compare(wide(seed, at), seed, WIDE_SIZES, "gpu"));

  it("products in tiles are among those", () => {
    const { program } = compiledGraph(withGradients(wide(11, 0), ["x"]), { B: 3, T: 33 }, { kind: "gpu" });
    expect(program.kernels.filter(({ wgsl }) => wgsl.includes("var<workgroup>")).length).toBeGreaterThan(0);
  });
});
