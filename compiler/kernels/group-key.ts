/**
 * What a kernel's text depends on, and nothing else: the layers of a model consist of groups that differ only in the values they
 * name, so equal keys mean equal texts, over bindings that correspond. With it the work of emitting kernels does not grow with the
 * number of layers.
 */
import { key as dimKey, type Dim } from "../dim.ts";
import type { Group } from "../ir/fused.ts";
import type { Equation, Expr, ValueId } from "../ir/graph.ts";
import type { EmitContext } from "./emit/emitter.ts";

export interface GroupKey {
  readonly text: string;
  /** The values behind the numbers in the text, places in memory included, in order of first appearance. */
  readonly ids: readonly ValueId[];
}

export function groupKey(group: Group, context: EmitContext): GroupKey {
  const numbers = new Map<ValueId, number>();
  const parts: string[] = [];
  const sizes = (dims: readonly Dim[]): string => dims.map(dimKey).join(",");
  const described = new Set(group.members);

  const number = (id: ValueId): number => {
    const known = numbers.get(id);
    if (known === undefined) numbers.set(id, numbers.size);
    return known ?? numbers.size - 1;
  };
  /** A value that is read; what reading it depends on is written down once, for members in their own line. */
  const operand = (id: ValueId): string => {
    const at = number(id);
    if (described.has(id)) return String(at);
    described.add(id);
    return `${at}:${description(id)}`;
  };
  const description = (id: ValueId): string => {
    const value = context.values.get(id)!;
    return value.kind === "host-scalar" ? `${value.type} ${context.hostScalar(id)}` : `${value.type}[${sizes(value.shape)}]${place(id)}`;
  };
  const place = (id: ValueId): string => {
    if (!context.inMemory(id) && !group.stored.includes(id)) return "";
    const { id: storage, offset } = context.storage(id);
    return `@${number(storage)}+${dimKey(offset)}`;
  };

  const write = (expr: Expr): void => {
    switch (expr.kind) {
      case "const":
        parts.push(expr.type[0]!, Object.is(expr.value, -0) ? "-0" : String(expr.value), " ");
        return;
      case "index":
        parts.push("$", String(expr.at), " ");
        return;
      case "size":
        parts.push("<", dimKey(expr.dim), ">");
        return;
      case "step":
      case "micro":
        parts.push(expr.kind, " ");
        return;
      case "access":
        parts.push("%", operand(expr.value), "[");
        expr.slots.forEach(write);
        parts.push("]");
        return;
      case "apply":
        parts.push(expr.op, "(");
        expr.args.forEach(write);
        parts.push(")");
        return;
      case "draw":
        parts.push("draw", String(expr.site), " ", sizes(expr.sizes), "(");
        expr.coordinates.forEach(write);
        parts.push(")");
        return;
      default:
        expr satisfies never;
    }
  };

  parts.push(group.kind, "[", sizes(group.rows), "]");
  for (const id of group.members) {
    const equation = context.values.get(id) as Equation;
    parts.push("\n", String(number(id)), equation.type, "[", sizes(equation.shape), "]", place(id), "=");
    if (equation.reduce) {
      parts.push(equation.reduce.monoid, "[", sizes(equation.reduce.sizes), "|");
      if (equation.reduce.where) write(equation.reduce.where);
      parts.push("]");
    }
    write(equation.body);
  }
  parts.push("\nroots");
  for (const [id, axes] of group.roots) parts.push(` ${number(id)}:${axes.join(",")}`);
  parts.push("\nstored ", group.stored.map(number).join(" "));
  return { text: parts.join(""), ids: [...numbers.keys()] };
}
