/** Whether a loss has a gradient: what the checker refuses has none, what it accepts has one that is not 0. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { sourceFile } from "../../grammar/index.ts";
import { bindingsFor } from "../support/graphs.ts";
import { library } from "../support/reference.ts";
import { withGradients } from "../support/with-gradients.ts";

const std = library();

const model = (loss: string): string => `model M(d = 3) {
  param w: [d] ~ normal(1)
  param v: [d] ~ normal(1)
  forward(ids: index(9)[B, T]) -> real {
    x[b]   = sum[t] 0.1 * ids[b,t]
    a[b,i] = w[i] * x[b] + v[i]
    ${loss}
  }
}
`;
const recipe = "train t { tokenizer = characters(); data = text(\"input.txt\", tokenizer: tokenizer); model = M(); loss(ids) = model(at_most(ids)); optimizer = Sgd(lr: 1e-3); batch = 2; steps = 1 }\nfn at_most(ids: index(V)[B, T]) -> index(9)[B, T] { y[b,t] = min(ids[b,t], 8); return y }\n";

const FLOWS = [
  "return mean[b,i] a[b,i]^2",
  "return mean[b,i] stop(a[b,i]) * a[b,i]",
  "return mean[b] max[i] a[b,i]",
  "return mean[b,i] (if a[b,i] > 0 then v[i] else 0.0)",
  "k[b] = argmax[i] a[b,i]; return mean[b] v[k[b]]",
  "start[i] = stop(v[i]); scan t < T with h = start { h[i] = 0.5 * h[i] + w[i] }; return mean[i] h[i]",
];
const STOPS = [
  "return mean[b] x[b]",
  "return mean[b,i] floor(a[b,i])",
  "return mean[b,i] stop(a[b,i])^2",
  "return mean[b,i] sign(a[b,i])",
  "return mean[b,i] (if a[b,i] > 0 then 1.0 else 0.0)",
  "k[b] = argmax[i] a[b,i]; return mean[b] k[b]",
  "start[i] = stop(v[i]); scan t < T with h = start { h[i] = 0.5 * h[i] + stop(w[i]) }; return mean[i] h[i]",
];

const codes = (text: string): readonly string[] => check(sourceFile("model.tfm", text), { std }).diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);

/** The largest element of any parameter's gradient, in f64. */
function steepest(text: string): number {
  const graph = withGradients(text);
  const { outputs } = interpret(graph, bindingsFor(graph, { B: 4, T: 5 }));
  const gradients = graph.outputs.filter(({ state }) => state?.kind === "gradient").map(({ name }) => outputs[name]!.data);
  return Math.max(0, ...gradients.flatMap((gradient) => Array.from(gradient, Math.abs)));
}

describe("accepted", () => {
  test.each(FLOWS)("%s", (loss) => {
    expect(codes(model(loss) + recipe)).toEqual([]);
    expect(steepest(model(loss))).toBeGreaterThan(1e-3);
  });
});

describe("refused", () => {
  test.each(STOPS)("%s", (loss) => {
    expect(codes(model(loss) + recipe)).toEqual(["loss-not-learned"]);
    expect(steepest(model(loss))).toBe(0);
  });
});
