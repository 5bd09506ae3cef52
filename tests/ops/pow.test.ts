import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { withGradients } from "../support/with-gradients.ts";

it("a polynomial in powers has its slope also at 0, where the first power is constant", () => {
  const graph = withGradients("model M() { forward(x: [B], w: [4]) -> [B] { y[b] = sum[k] w[k] * x[b]^k; return y } }", ["x"]);
  const { outputs } = interpret(graph, { sizes: { B: 4 }, inputs: { x: [0, 0.5, -0.5, 2], w: [1, 1, 1, 1], up: [1, 1, 1, 1] } });
  const slopes = Object.entries(outputs).find(([name]) => name.includes("x"))![1].data;
  // 1 + 2x + 3x²
  expect(Array.from(slopes)).toEqual([1, 2.75, 0.75, 17]);
});
