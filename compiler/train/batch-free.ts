/** What is the same for every batch: parameters, constants, and what is computed of them alone. */
import { asNumber } from "../dim.ts";
import { someNode } from "../ir/expr.ts";
import type { Expr, Graph, Value, ValueId } from "../ir/graph.ts";
import { expressionsOf, indexSizes } from "../ir/walk.ts";

export function batchFree(graph: Graph): ReadonlySet<ValueId> {
  const free = new Set<ValueId>();
  for (const value of graph.values) if (isSame(value, free)) free.add(value.id);
  return free;
}

function isSame(value: Value, free: ReadonlySet<ValueId>): boolean {
  if (value.kind === "input") return false;
  return indexSizes(value).every((size) => asNumber(size) !== undefined) && expressionsOf(value).every((expr) => isBatchFree(expr, free));
}

export function isBatchFree(expr: Expr, free: ReadonlySet<ValueId>): boolean {
  return !someNode(expr, (node) => {
    if (node.kind === "size") return asNumber(node.dim) === undefined;
    return node.kind === "draw" || node.kind === "micro" || (node.kind === "access" && !free.has(node.value));
  });
}
