/** The branch of an `if` that is not taken is not evaluated, nor is what its binders compute: read from outside, their terms would not be there. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { withGradients } from "../support/with-gradients.ts";

it.each([
  "if t >= 1 then (sum[j] x[t - 1,j]) else 0.0",
  "if w[t] > 0 and t + 2 < T then (max[j] x[t + 2,j] * w[t]) else 0.0",
  "if t >= 3 then (if w[t - 3] > 0 then (mean[j where x[t - 3,j] > 0] x[t - 2,j]) else w[t - 1]) else 0.0",
  "if t >= 2 then 1.0 * (argmax[j] x[t - 2,j]) + w[t] else w[t]",
  "if t >= 2 and (any[j] (x[t - 2,j] > 0.4)) then (logsumexp[j] x[t - 1,j]) else w[t]",
  "if t >= 1 then (sum[j] x[t,j] * softmax[j where x[t - 1,j] > 0] x[t - 1,j]) else 0.0",
  "if t < 1 then w[t] else (sum[j,k < 2 where k < t] x[t - 1,j] / t)",
])("y[t] = %s", (body) => {
  const graph = withGradients(`model M() { forward(x: [T, 4], w: [T]) -> [T] { y[t < T] = ${body}; return y } }`, ["x", "w"]);
  for (const T of [1, 2, 5]) {
    const { outputs } = interpret(graph, bindingsFor(graph, { T }));
    for (const { data } of Object.values(outputs)) expect(data.every(Number.isFinite)).toBe(true);
  }
});
