import { expect, it } from "vitest";
import { compareKernels } from "../support/compare-kernels.ts";
import { describeGpu } from "../support/gpu.ts";
import { compiledGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

/** A product with such a left side; four neighbours along the sum have a remainder, a draw or an error function each. */
const model = (left: string): string => `model Case(d = 8, m = 4) {
  param w: [d, m] ~ normal(1)
  forward(x: [B, T]) -> [B, T, m] {
    draw u: [B, T, d] ~ uniform
    r[b < B, t < T, j] = sum[i < d] ${left} * w[i,j]
    y[b,t,j] = x[b,t] * r[b,t,j]
    return y
  }
}`;

describeGpu("what is computed lane by lane, within a product's operand", () => {
  it.each(["sinusoid(t - b, i, d)", "sinusoid(t - b, (i - 3) % 5, d)", "sinusoid(t - b, d - 1 - i, d)", "u[b,t,i]", "(if u[b,t,i] < 0.3 then 0.0 else t + 1)", "gelu(gelu(0.3 * i - t))"])("%s", (left) =>
    compareKernels(model(left), 1, [{ B: 2, T: 5 }, { B: 1, T: 1 }], "cpu"));
});

describeGpu("a choice of integers, taken lane by lane", () => {
  it.each(["if t % 3 == 0 then (i - 3) % 4 else i", "if (i - b) % 3 == 0 then 1 else i", "if (i - b) % 3 == 0 then i else (i - t) % 8"])("%s", (place) =>
    compareKernels(`model Case(d = 8) {
  param w: [d, d] ~ normal(1)
  forward(x: [B, T]) -> [B, T, d] {
    y[b,t,i] = x[b,t] * w[${place}, i]
    return y
  }
}`, 1, [{ B: 2, T: 5 }, { B: 1, T: 1 }], "cpu"));
});

it("the text does not multiply with the levels of what is computed", () => {
  const length = (left: string): number => compiledGraph(withGradients(model(left)), { B: 2, T: 5 }).program.kernels.reduce((sum, { wgsl }) => sum + wgsl.length, 0);
  expect(length("gelu(gelu(gelu(0.3 * i - t)))")).toBeLessThan(3 * length("gelu(0.3 * i - t)"));
});
