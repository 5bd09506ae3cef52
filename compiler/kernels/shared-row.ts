/** The row index in which the lanes of a subgroup differ while they walk a stream together. */
import type { Group } from "../ir/fused.ts";
import { accessesIn, indicesIn, substituteIndices } from "../ir/expr.ts";
import type { Equation, Expr } from "../ir/graph.ts";
import { expressionsOf } from "../ir/walk.ts";
import type { EmitContext } from "./emit/emitter.ts";

/** Indices of reductions on the way are numbered from here. */
const INNER = 1000;

/**
 * The row index that most of what the loops load does not depend on: for queries over keys and values that of the queries.
 * Undefined where every load depends on every row index.
 */
export function sharedRow(group: Group, context: EmitContext): number | undefined {
  const scores = group.rows.map(() => 0);
  for (const [id, axes] of group.roots) {
    const root = context.values.get(id) as Equation;
    if (!root.reduce) continue;
    const streamed = root.shape.length;
    for (const indices of loadsOf(root, context))
      if (indices.has(streamed)) for (const [row, axis] of axes.entries()) if (!indices.has(axis)) scores[row] = scores[row]! + 1;
  }
  const best = Math.max(...scores);
  return best > 0 ? scores.lastIndexOf(best) : undefined;
}

/** For every load from memory that computing a value takes, the indices of the value in its slots. */
function loadsOf(root: Equation, context: EmitContext): ReadonlySet<number>[] {
  const loads = new Map<string, ReadonlySet<number>>();
  const visit = (equation: Equation, indexOf: (at: number) => Expr, inner: number): void => {
    for (const { value: id, slots } of expressionsOf(equation).flatMap(accessesIn)) {
      const at = slots.map((slot) => substituteIndices(slot, indexOf));
      const value = context.values.get(id)!;
      if (value.kind === "equation" && !context.inMemory(id)) visit(value, (axis) => at[axis] ?? { kind: "index", at: inner + axis }, inner + 16);
      else if (value.kind !== "host-scalar" && at.length > 0) loads.set(`${id} ${JSON.stringify(at)}`, new Set(at.flatMap(indicesIn)));
    }
  };
  visit(root, (at) => ({ kind: "index", at }), INNER);
  return [...loads.values()];
}
