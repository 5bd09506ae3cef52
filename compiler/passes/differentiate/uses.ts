/** What a body reads, and what reaches it there: the adjoint that each access receives, and under which conditions. */
import { add, apply, conjunction, exprKey, isConst, isOp, real, sameExpr, select } from "../../ir/expr.ts";
import type { AccessExpr, Expr } from "../../ir/graph.ts";

/** One access in a body, with what reaches it. */
export interface Use {
  readonly access: AccessExpr;
  readonly adjoint: Expr;
  readonly guards: readonly Expr[];
}

/** Of `if c then x else 0` x and c: the condition is put around the finished product. */
export function unguarded(part: Expr): { inner: Expr; guard?: Expr } {
  if (isOp(part, "select")) {
    const [condition, yes, no] = part.args as [Expr, Expr, Expr];
    if (isConst(no, 0)) return { inner: yes, guard: condition };
    if (isConst(yes, 0)) return { inner: no, guard: apply("not", condition) };
  }
  return { inner: part };
}

/** One use per access: adjoints under the same guards are added, and guards that all share are taken out. */
export function merged(uses: readonly Use[]): Use[] {
  const byAccess = new Map<string, Use[]>();
  for (const use of uses) {
    const key = exprKey(use.access);
    const group = byAccess.get(key) ?? [];
    byAccess.set(key, group);
    const guards = use.guards.map(exprKey).join();
    const same = group.findIndex((other) => other.guards.map(exprKey).join() === guards);
    if (same >= 0) group[same] = { ...use, adjoint: add(group[same]!.adjoint, use.adjoint) };
    else group.push(use);
  }
  return [...byAccess.values()].map((group) => {
    const [first, ...others] = group as [Use, ...Use[]];
    if (others.length === 0) return first;
    const shared = first.guards.filter((guard) => others.every((use) => use.guards.some((other) => sameExpr(other, guard))));
    const keys = new Set(shared.map(exprKey));
    const parts = group.map((use) => guarded(use.guards.filter((guard) => !keys.has(exprKey(guard))), use.adjoint));
    return { access: first.access, guards: shared, adjoint: parts.reduce(add) };
  });
}

/** `body` where all conditions hold, else 0. */
export function guarded(conditions: readonly Expr[], body: Expr): Expr {
  return conditions.length === 0 ? body : select(conjunction(conditions), body, real(0));
}
