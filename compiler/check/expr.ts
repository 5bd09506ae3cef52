/** Walks over scalar expressions that are shared graphs, and whose indices are variables of the elaboration. */
import { children, isOp, withChildren } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import { sizeNames } from "../../runtime/size.ts";
import { isBoundSize } from "./names.ts";

/** Replaces index variables; ids that the map lacks stay. Shared subexpressions stay shared. */
export function substitute(expr: Expr, by: ReadonlyMap<number, Expr>): Expr {
  if (by.size === 0) return expr;
  return rewrite(expr, (e) => (e.kind === "index" ? by.get(e.at) : undefined));
}

/** Replaces the outermost subexpressions for which `by` gives something. */
export function rewrite(expr: Expr, by: (e: Expr) => Expr | undefined): Expr {
  const done = new Map<Expr, Expr>();
  const visit = (e: Expr): Expr => {
    const parts = children(e);
    // Leaves are not worth remembering.
    if (parts.length === 0) return by(e) ?? e;
    const seen = done.get(e);
    if (seen) return seen;
    const result = by(e) ?? withChildren(e, parts.map(visit));
    done.set(e, result);
    return result;
  };
  return visit(expr);
}

/** Ids of the index variables that occur, ascending: the order in which the enclosing equations bind them. */
export function freeIndices(...exprs: readonly Expr[]): number[] {
  const found = new Set<number>();
  for (const expr of exprs)
    some(expr, (e) => {
      if (e.kind === "index") found.add(e.at);
      return false;
    });
  return [...found].sort((a, b) => a - b);
}

/** Whether any subexpression satisfies the test. */
export function some(expr: Expr, test: (e: Expr) => boolean): boolean {
  const done = new Set<Expr>();
  const visit = (e: Expr): boolean => {
    const parts = children(e);
    if (parts.length === 0) return test(e);
    if (done.has(e)) return false;
    done.add(e);
    return test(e) || parts.some(visit);
  };
  return visit(expr);
}

/** Depends on sizes alone: on nothing that is computed in a run. */
export function isOfSizes(expr: Expr): boolean {
  return !some(expr, (e) => e.kind === "access" || e.kind === "index" || e.kind === "draw" || e.kind === "step");
}

/** Whether a size of the batch is in it. */
export function isOfBatch(expr: Expr): boolean {
  return some(expr, (e) => e.kind === "size" && sizeNames(e.dim).some(isBoundSize));
}

/** `T / 2` as a value: a size, and the whole number that divides it. */
export function partOfSize(expr: Expr): { readonly size: Expr & { readonly kind: "size" }; readonly by: number } | undefined {
  const [over, under] = isOp(expr, "div") ? expr.args : [];
  const size = over && isOp(over, "toReal") ? over.args[0] : undefined;
  return size?.kind === "size" && under?.kind === "const" && Number.isInteger(under.value) && under.value > 0 ? { size, by: under.value } : undefined;
}
