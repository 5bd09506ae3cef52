import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { checkedModel } from "./reference.ts";

/** A model's `forward` with the gradients of its parameters, and of the fields that are named, for some `up` that arrives at its result. */
export function withGradients(text: string, fields: readonly string[] = []): Graph {
  const { graph } = checkedModel("case.tfm", text).entries.find(({ name }) => name === "forward")!;
  const values = graph.values.map((value) =>
    value.kind === "input" && fields.includes(value.field)
      ? ({ id: value.id, name: value.name, type: value.type, shape: value.shape, kind: "state", state: { kind: "parameter", path: value.field } } as const)
      : value);
  const b = new GraphBuilder(graph.name, { values, outputs: [] });
  const out = b.value(graph.outputs[0]!.value);
  const up = b.input("up", "f32", out.shape);
  b.output("loss", b.sum("loss", [], out.shape, mul(identityAccess(out), identityAccess(up))));
  const gradient = differentiate(b.build());
  // Only for that were they parameters: their length is fed.
  const given = new Map(graph.values.map((value) => [value.id, value]));
  const outputs = gradient.outputs.map(({ name, value, state }) => (state && !fields.includes(state.path) ? { name, value, state } : { name, value }));
  return { ...gradient, values: gradient.values.map((value) => (value.kind === "state" && fields.includes(value.name) ? given.get(value.id)! : value)), outputs: [{ name: "out", value: out.id }, ...outputs] };
}
