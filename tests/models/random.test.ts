/** Random models: values and gradients on the adapter are those of f64, by the kernels for an adapter that computes on the CPU and by those for GPUs. */
import { expect, it } from "vitest";
import { compareKernels } from "../support/compare-kernels.ts";
import { describeGpu } from "../support/gpu.ts";
import { randomModel } from "../support/random-model.ts";
import { compiledGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const SIZES = [{ B: 3, T: 5 }, { B: 2, T: 4 }, { B: 1, T: 1 }];

/** Wide enough for the tiles of a GPU, at sizes that none of them divides. */
const WIDTHS = [[20, 16], [33, 17], [17, 64], [64, 5]] as const;
const WIDE_SIZES = [{ B: 3, T: 5 }, { B: 1, T: 33 }, { B: 2, T: 1 }];

function wide(seed: number, at: number): string {
  const [d, e] = WIDTHS[at]!;
  return randomModel(seed, "all").replace(/d = \d+, e = \d+/, `d = ${d}, e = ${e}`);
}

describeGpu("random models on the adapter", () => {
  it.each(Array.from({ length: 10 }, (_, at) => at + 1))("seed %d", (seed) => compareKernels(randomModel(seed, "all"), seed, SIZES, "cpu"));

  it.each([[11, 0], [12, 1], [13, 2], [14, 3], [15, 0], [16, 1]] as const)("seed %d, by the kernels for GPUs", (seed, at) => compareKernels(wide(seed, at), seed, WIDE_SIZES, "gpu"));

  it("products in tiles are among those", () => {
    const { program } = compiledGraph(withGradients(wide(11, 0), ["x"]), { B: 3, T: 33 }, { kind: "gpu" });
    expect(program.kernels.filter(({ wgsl }) => wgsl.includes("var<workgroup>")).length).toBeGreaterThan(0);
  });
});
