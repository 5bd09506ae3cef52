/** A layer of experts whose choice is computed from scores that a test gives, with all its gradients. */
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "./graphs.ts";
import { withGradients } from "./with-gradients.ts";

const FORWARD = `forward(x: [T, d], scores: [T, experts], share: [T, 2]) -> [T, d] {
    best, choice = topk(scores, 2)
    hidden[t,j,f] = tanh(sum[i] x[t,i] * side[choice[t,j],i,f])
    y[t,i] = sum[j,f] share[t,j] * hidden[t,j,f] * down[choice[t,j],f,i]
    return y
  }`;

/** Outputs of `forward` and the gradients of everything real with respect to it, for some `up` that arrives there. */
export function expertGraph(forward: string = FORWARD, sizes = { d: 8, ff: 12 }): Graph {
  const text = `model Case(d = ${sizes.d}, ff = ${sizes.ff}, experts = 4) {
  param side: [experts, d, ff] ~ normal(1)
  param down: [experts, ff, d] ~ normal(1)
  ${forward}
}`;
  return withGradients(text, ["x", "share"]);
}

/** The two experts of a token, in their order. */
export type Choose = (token: number) => readonly [number, number];

export const CHOICES: Readonly<Record<string, Choose>> = {
  "all to the same two": () => [2, 0],
  "in turn": (token) => [token % 4, (token + 1) % 4],
  "one expert without any": (token) => [token % 3 === 2 ? 3 : token % 3, token % 3 === 0 ? 3 : 0],
  "mostly one": (token) => [token % 10 === 9 ? 3 : 1, token % 7 === 6 ? 2 : 0],
};

export function expertBindings(graph: Graph, tokens: number, choose: Choose): ReturnType<typeof bindingsFor> {
  const bindings = bindingsFor(graph, { T: tokens });
  const scores = new Float64Array(4 * tokens);
  for (let token = 0; token < tokens; token++) choose(token).forEach((expert, nth) => void (scores[4 * token + expert] = 2 - nth));
  return { ...bindings, inputs: { ...bindings.inputs, ...("scores" in (bindings.inputs ?? {}) ? { scores } : {}) } } satisfies Bindings as ReturnType<typeof bindingsFor>;
}
