/** The row index in which the lanes of a subgroup differ while they walk a stream together. */
import type { Group } from "../ir/fused.ts";
import { indicesIn } from "../ir/expr.ts";
import type { Equation } from "../ir/graph.ts";
import { readsOf } from "../passes/fuse/reads.ts";
import type { EmitContext } from "./emit/emitter.ts";

/**
 * The row index that most of what the loops load does not depend on: for queries over keys and values that of the queries.
 * Undefined where every load depends on every row index.
 */
export function sharedRow(group: Group, context: EmitContext): number | undefined {
  const inPlace = new Set(group.members.filter((id) => !context.inMemory(id)));
  const scores = group.rows.map(() => 0);
  for (const [id, axes] of group.roots) {
    const root = context.values.get(id) as Equation;
    if (!root.reduce) continue;
    const streamed = root.shape.length;
    for (const { slots } of readsOf(root, context.values, inPlace)) {
      const indices = new Set(slots.flatMap(indicesIn));
      if (indices.has(streamed)) for (const [row, axis] of axes.entries()) if (!indices.has(axis)) scores[row] = scores[row]! + 1;
    }
  }
  const best = Math.max(...scores);
  return best > 0 ? scores.lastIndexOf(best) : undefined;
}
