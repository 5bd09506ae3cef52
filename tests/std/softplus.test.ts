import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { checkedModel } from "../support/reference.ts";

// 0 is where the argument often begins: logits of a head of zeros, a model's preference beside that of its own copy.
const AT = [-30, -2, -1e-9, -0, 0, 1e-9, 2, 30];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

it("softplus has the sigmoid as its derivative, at 0 too", () => {
  const { loss, gradient } = traced("return sum[i] softplus(w[i])");
  expect(loss).toBeCloseTo(AT.reduce((sum, x) => sum + Math.log1p(Math.exp(x)), 0), 12);
  for (const [at, x] of AT.entries()) expect(gradient[at], `at ${x}`).toBeCloseTo(sigmoid(x), 12);
  // Far below 0 nothing larger is taken from something as large, in which it would be lost.
  expect(gradient[0]! / sigmoid(-30)).toBeCloseTo(1, 12);
});

it.each([0, 0.5, 1])("binary cross-entropy with %d moves a logit of 0 by the difference from a half", (wanted) => {
  const { gradient } = traced(`y[i < n] = ${wanted} + 0 * w[i]; return binary_cross_entropy(w, y)`);
  for (const [at, x] of AT.entries()) expect(gradient[at], `at ${x}`).toBeCloseTo((sigmoid(x) - wanted) / AT.length, 12);
});

/** A loss of w, and its gradient, as all passes leave them. */
function traced(body: string): { readonly loss: number; readonly gradient: ArrayLike<number> } {
  const { entries } = checkedModel("m.tfm", `model M(n = ${AT.length}) {
  param w: [n] ~ zeros
  loss() -> real { ${body} }
}`);
  const program = GRAPH_PASSES.reduce((before, pass) => pass.run(before), differentiate(entries.find(({ name }) => name === "loss")!.graph));
  const outputs = Object.values(interpret(program, { sizes: {}, inputs: {}, states: { "parameter/w": AT } }).outputs).map(({ data }) => data);
  return { loss: outputs.find(({ length }) => length === 1)![0]!, gradient: outputs.find(({ length }) => length === AT.length)! };
}
