import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { children, exprKey, renameValues, withChildren } from "../ir/expr.ts";
import type { Expr, Value, ValueId } from "../ir/graph.ts";
import { mapExpressions, pinnedIn } from "../ir/walk.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import type { Pass } from "./pass.ts";

export const share: Pass = {
  name: "share",
  doc: "Computes equal equations once: the first stays, the others' readers read it.",
  run(graph) {
    // An output keeps a value of its own: two states must not become one. So does what a carry consists of.
    const pinned = pinnedIn(graph);
    const instead = new Map<ValueId, ValueId>();
    const seen = new Map<string, ValueId>();
    const values: Value[] = [];
    for (const original of graph.values) {
      const value = mapExpressions(original, (expr) => renameValues(expr, (id) => instead.get(id) ?? id));
      const key = valueKey(value);
      const earlier = key === undefined ? undefined : seen.get(key);
      if (earlier !== undefined) instead.set(value.id, earlier);
      else if (key !== undefined) seen.set(key, value.id);
      if (earlier === undefined || pinned.has(value.id)) values.push(value);
    }
    return { ...graph, values };
  },
};

/** Equal for values that are computed alike; undefined for leaves, which are unique already. */
function valueKey(value: Value): string | undefined {
  if (value.kind === "input" || value.kind === "state" || value.kind === "carry") return undefined;
  const reduce = value.kind === "equation" ? value.reduce : undefined;
  const sizes = (list: readonly Dim[] | undefined): string => (list ?? []).map(dims.key).join(",");
  return [
    value.kind, value.type, sizes(value.shape), reduce?.monoid, sizes(reduce?.sizes),
    reduce?.where && exprKey(ordered(reduce.where)), exprKey(ordered(value.body)),
  ].join("|");
}

/** Arguments of commutative operations in one order, for comparing only. */
function ordered(expr: Expr): Expr {
  const parts = children(expr).map(ordered);
  if (expr.kind === "apply" && SCALAR_OPS[expr.op].commutative) parts.sort((a, b) => (exprKey(a) < exprKey(b) ? -1 : 1));
  return withChildren(expr, parts);
}
