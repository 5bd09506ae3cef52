/** A layer of experts whose choice is computed from scores that a test gives, with all its gradients. */
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { bindingsFor } from "./graphs.ts";
import { checkedModel } from "./reference.ts";

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
  const { graph } = checkedModel("case.tfm", text).entries.find(({ name }) => name === "forward")!;
  const values = graph.values.map((value) =>
    value.kind === "input" && (value.field === "x" || value.field === "share")
      ? ({ id: value.id, name: value.name, type: value.type, shape: value.shape, kind: "state", state: { kind: "parameter", path: value.field } } as const)
      : value);
  const b = new GraphBuilder(graph.name, { values, outputs: [] });
  const out = b.value(graph.outputs[0]!.value);
  const up = b.input("up", "f32", out.shape);
  b.output("loss", b.sum("loss", [], out.shape, mul(identityAccess(out), identityAccess(up))));
  const gradient = differentiate(b.build());
  // Only for that were they parameters: their length is fed.
  const given = new Map(graph.values.map((value) => [value.id, value]));
  const isGiven = (name: string): boolean => name === "x" || name === "share";
  const outputs = gradient.outputs.map(({ name, value, state }) => (state && !isGiven(state.path) ? { name, value, state } : { name, value }));
  return { ...gradient, values: gradient.values.map((value) => (value.kind === "state" && isGiven(value.name) ? given.get(value.id)! : value)), outputs: [{ name: "out", value: out.id }, ...outputs] };
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
