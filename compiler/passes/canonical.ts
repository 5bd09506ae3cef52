/**
 * Sums in canonical form: what does not depend on the reduced indices stands outside of them. Before and after:
 *
 *     dvar[b] = sum[i] dy[b, i] * x[b, i] / s[b] * -0.5          dvar.terms[b] = sum[i] dy[b, i] * x[b, i]
 *                                                               dvar[b] = dvar.terms[b] * -0.5 / s[b]
 *     dz[b] = sum[i where z[b] > 0] dy[b, i]                     dz.terms[b] = sum[i] dy[b, i];  dz[b] = if z[b] > 0 then dz.terms[b] else 0
 *     dmu[b] = sum[i] (x[b, i] - mu[b]) * s[b]                   dmu[b] = 0, where mu[b] is the mean of x[b, i] over i
 *
 * Only comparisons of reals leave the predicate: those of integers may be what keeps an access within its bounds. Under a predicate
 * that stays, only constants move: a sum of no terms is 0 and must not be multiplied by something infinite. (A size fed as 0 would
 * do that too; such sums are of no terms that anyone reads.)
 */
import * as dims from "../dim.ts";
import { GraphBuilder } from "../ir/builder.ts";
import { apply, conjunction, conjuncts, dependsOn, div, exprKey, identityAccess, isConst, isOp, mul, real, sameExpr, select, size } from "../ir/expr.ts";
import type { Equation, Expr, Value, ValueId } from "../ir/graph.ts";
import { asMap, indexSizes, nextId, readsWithin, reducedWhere, valuesById } from "../ir/walk.ts";
import { simplifyExpr } from "../ops/algebra.ts";
import type { Pass } from "./pass.ts";
import { knownIn } from "./simplify.ts";

export const canonical: Pass = {
  name: "canonical",
  doc: "Takes factors and conditions that do not depend on the reduced indices out of sums.",
  run(graph) {
    const values = valuesById(graph);
    // Ids of new values follow those of the graph, though the values stand among them.
    const next = nextId(graph);
    const builder = new GraphBuilder(graph.name);
    let made = 0;
    for (const value of graph.values) {
      const parts = value.kind === "equation" ? parted(value, values, next + made) : undefined;
      if (parts && parts.length > 1) made++;
      for (const part of parts ?? [value]) builder.push(part);
    }
    return { ...graph, values: builder.values };
  },
};

/** The sum of what depends on the reduced indices and, under the equation's own id, the map that completes it. */
function parted(value: Equation, values: ReadonlyMap<ValueId, Value>, id: ValueId): Equation[] | undefined {
  if (value.reduce?.monoid !== "sum" || value.type !== "f32") return undefined;
  const rank = value.shape.length;
  const reduced = new Set(value.reduce.sizes.map((_, k) => rank + k));
  const outside: Expr[] = [], inside: Expr[] = [];
  for (const condition of conjuncts(value.reduce.where)) {
    (comparesReals(condition) && !dependsOn(condition, reduced) && readsWithin(condition, value, values) ? outside : inside).push(condition);
  }
  const factors = quotientFactors(value.body);
  const moves = (factor: Expr): boolean => inside.length === 0 && !dependsOn(factor, reduced) && readsWithin(factor, value, values);
  const stays = (factor: Expr): boolean => !moves(factor);
  const terms = factors.above.filter(stays), below = factors.below.filter(stays);
  const [upper, lower] = [factors.above.filter(moves), factors.below.filter(moves)];
  if (upper.length + lower.length + outside.length === 0 && factors.constant === 1) return undefined;
  if (terms.length + below.length === 0) return undefined; // nothing to sum: `simplify` knows better
  if (inside.length === 0 && below.length === 0 && terms.length === 1 && isCentred(terms[0]!, value, values)) return [asMap(value, real(0))];

  const base = asMap(value, value.body);
  const sum: Equation = { ...base, id, name: `${value.name}.terms`, reduce: reducedWhere(value.reduce, inside), body: quotientOf(terms, below) };
  const scaled = mul(quotientOf([identityAccess(sum), ...upper], lower), real(factors.constant));
  const body = outside.length > 0 ? select(conjunction(outside), scaled, real(0)) : scaled;
  const map: Equation = { ...base, body: simplifyExpr(body, knownIn(base, values)) };
  return [sum, map];
}

/**
 * Whether the term is `a - m` with m the mean of a over the reduced indices, so that its sum is 0 but for rounding: the gradient of a
 * variance with respect to its mean.
 */
function isCentred(term: Expr, value: Equation, values: ReadonlyMap<ValueId, Value>): boolean {
  if (!isOp(term, "sub")) return false;
  const [a, m] = term.args as [Expr, Expr];
  const mean = m.kind === "access" ? values.get(m.value) : undefined;
  if (mean?.kind !== "equation" || mean.reduce || !sameExpr(m, identityAccess(mean))) return false;
  const count = dims.multiply(...value.reduce!.sizes);
  const [total, by] = mean.body.kind === "apply" ? mean.body.args : [];
  const number = dims.asNumber(count);
  const divides = isOp(mean.body, "div") && (sameExpr(by!, apply("toReal", size(count))) || (number !== undefined && isConst(by!, number)));
  const scales = isOp(mean.body, "mul") && number !== undefined && isConst(by!, 1 / number);
  const sum = total?.kind === "access" && (divides || scales) ? values.get(total.value) : undefined;
  if (sum?.kind !== "equation" || sum.reduce?.monoid !== "sum" || sum.reduce.where || !sameExpr(total!, identityAccess(sum))) return false;
  const sameSizes = indexSizes(sum).map(dims.key).join() === indexSizes(value).map(dims.key).join() && sum.shape.length === value.shape.length;
  return sameSizes && sameExpr(sum.body, a);
}

interface Factors {
  constant: number;
  readonly above: Expr[];
  readonly below: Expr[];
}

/** constant · Π above / Π below. */
function quotientFactors(body: Expr): Factors {
  const factors: Factors = { constant: 1, above: [], below: [] };
  const visit = (expr: Expr, inverse: boolean): void => {
    if (expr.kind === "const") factors.constant *= inverse ? 1 / expr.value : expr.value;
    else if (isOp(expr, "neg")) {
      factors.constant *= -1;
      visit(expr.args[0]!, inverse);
    } else if (isOp(expr, "mul") || isOp(expr, "div")) {
      visit(expr.args[0]!, inverse);
      visit(expr.args[1]!, isOp(expr, "div") ? !inverse : inverse);
    } else (inverse ? factors.below : factors.above).push(expr);
  };
  visit(body, false);
  return Number.isFinite(factors.constant) ? factors : { constant: 1, above: [body], below: [] };
}

function quotientOf(above: readonly Expr[], below: readonly Expr[]): Expr {
  const [first, ...rest] = above;
  const numerator = first ? rest.reduce(mul, first) : real(1);
  const [divisor, ...others] = rooted(below);
  return divisor ? div(numerator, others.reduce(mul, divisor)) : numerator;
}

/** √a · √a = a */
function rooted(factors: readonly Expr[]): Expr[] {
  const left = [...factors];
  for (let at = 0; at < left.length; at++) {
    const root = left[at]!;
    if (!isOp(root, "sqrt")) continue;
    const twin = left.findIndex((other, k) => k > at && exprKey(other) === exprKey(root));
    if (twin < 0) continue;
    left[at] = root.args[0]!;
    left.splice(twin, 1);
  }
  return left;
}

function comparesReals(condition: Expr): boolean {
  if (condition.kind !== "apply") return false;
  if (condition.op === "not") return comparesReals(condition.args[0]!);
  return condition.op === "lt" || condition.op === "le" || condition.op === "eq" || condition.op === "ne";
}

