/** The uniform block that all kernels of a program share: sizes, step, micro-batch, seed, host scalars. */
import type { Expr, Graph, HostScalar } from "../ir/graph.ts";
import { exprKey } from "../ir/expr.ts";
import { hasLoops } from "../ir/walk.ts";
import { UNIFORM_BYTES } from "../../runtime/program.ts";
import type { HostExpr, UniformField } from "../../runtime/program.ts";
import { LEARNING_RATE } from "../../runtime/training/report.ts";
import { TfmError } from "../../runtime/errors.ts";
import { sizeField, TIME } from "../kernels/emit/dim-text.ts";

export interface Uniform {
  readonly fields: readonly UniformField[];
  /** `struct U { … }` and its binding. */
  readonly text: string;
  readonly scalarText: (scalar: HostScalar) => string;
}

/** `learningRate`: kept in the block under its own name so that logs can show it. */
export function uniformOf(graphs: readonly Graph[], sizes: readonly string[], learningRate?: Expr): Uniform {
  const scalars = new Map<string, { name: string; body: Expr; type: "f32" | "i32" }>();
  if (learningRate) scalars.set(exprKey(learningRate), { name: LEARNING_RATE, body: learningRate, type: "f32" });
  for (const graph of graphs)
    for (const value of graph.values)
      if (value.kind === "host-scalar" && !scalars.has(exprKey(value.body)))
        scalars.set(exprKey(value.body), { name: `h${scalars.size}`, body: value.body, type: value.type === "f32" ? "f32" : "i32" });
  const loops = graphs.some(hasLoops);
  const fields: UniformField[] = [
    ...sizes.map((name): UniformField => ({ kind: "size", name })),
    { kind: "step" },
    { kind: "micro" },
    { kind: "seed" },
    ...(loops ? [{ kind: "iter" } as const] : []),
    ...[...scalars.values()].map(({ name, body, type }): UniformField => ({ kind: "scalar", name, body: hostExpr(body), ...(type === "i32" && { integer: true }) })),
  ];
  if (fields.length > FIELDS) throw tooManyScalars(scalars.size, FIELDS - (fields.length - scalars.size));
  const members = [
    ...sizes.map((name) => `${sizeField(name)}: i32`),
    "step: i32",
    "micro: i32",
    "seed: u32",
    ...(loops ? [`${sizeField(TIME)}: i32`] : []),
    ...[...scalars.values()].map(({ name, type }) => `h_${name}: ${type}`),
  ];
  return {
    fields,
    text: `struct U { ${members.join(", ")} }\n@group(0) @binding(0) var<uniform> u: U;`,
    scalarText: (scalar) => {
      const text = `u.h_${scalars.get(exprKey(scalar.body))!.name}`;
      return scalar.type === "bool" ? `(${text} != 0)` : text;
    },
  };
}

/** Of four bytes each. */
const FIELDS = UNIFORM_BYTES / 4;

function tooManyScalars(count: number, room: number): TfmError {
  return new TfmError("too-many-scalars", 1, `The recipe computes ${count} different numbers from the step, and a program has room for ${room}.`, "Give `rates` fewer factors, or the optimizer fewer functions of the step.");
}

/** An expression of steps, sizes and indices, as the runtime evaluates it. */
export function hostExpr(expr: Expr): HostExpr {
  switch (expr.kind) {
    case "const":
      return { kind: "const", value: expr.value };
    case "step":
      return { kind: "step" };
    case "index":
      return { kind: "index", at: expr.at };
    case "size":
      return { kind: "size", size: expr.dim };
    case "apply":
      return { kind: "apply", op: expr.op, args: expr.args.map(hostExpr) };
    case "micro":
    case "access":
    case "draw":
      throw new Error("internal: only steps, sizes and indices can be evaluated on the host");
  }
}
