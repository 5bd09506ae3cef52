/**
 * Exchanges sums where that meets a sum that is there already. In the gradient of attention
 *
 *     mixed[t, e] = Σ_s weight[t, s] · v[s, e]        dweight[t, s] = Σ_e dmixed[t, e] · v[s, e]
 *     Σ_s dweight[t, s] · weight[t, s]  =  Σ_e dmixed[t, e] · mixed[t, e]
 *
 * so the softmax's row term needs no walk over the keys (Dao et al. 2022, appendix B.2).
 */
import { equal } from "../dim.ts";
import { access, children, dependsOn, index, isOp, mul, sameExpr, substituteIndices } from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Value, ValueId } from "../ir/graph.ts";
import { valuesById } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";

export const exchange: Pass = {
  name: "exchange",
  doc: "Reads a sum that exists in the place of summing its terms again in another order.",
  run(graph) {
    const values = valuesById(graph);
    const sums: ProductSum[] = [];
    return { ...graph, values: graph.values.map((value) => exchanged(value, values, sums)) };
  },
};

/** Σ over one index of a product. */
interface ProductSum {
  readonly equation: Equation;
  readonly factors: readonly Expr[];
}

/** `sums`: those that stand before it; it is added itself. */
function exchanged(value: Value, values: ReadonlyMap<ValueId, Value>, sums: ProductSum[]): Value {
  const own = productSum(value);
  if (!own) return value;
  for (const inner of own.factors) {
    const better = inner.kind === "access" && throughInner(own, inner, values, sums);
    if (better) return better;
  }
  sums.push(own);
  return value;
}

function productSum(value: Value | undefined): ProductSum | undefined {
  if (value?.kind !== "equation" || value.type !== "f32" || value.reduce?.monoid !== "sum" || value.reduce.where || value.reduce.sizes.length !== 1) return undefined;
  const factors = unsignedFactors(value.body);
  return factors.length > 1 ? { equation: value, factors } : undefined;
}

/** `own` as a sum over the index of `inner`, a factor that is a sum of products itself, if the rest is summed over already. */
function throughInner(own: ProductSum, inner: AccessExpr, values: ReadonlyMap<ValueId, Value>, sums: readonly ProductSum[]): Equation | undefined {
  const sum = productSum(values.get(inner.value));
  if (!sum) return undefined;
  const { equation } = own;
  const streamed = equation.shape.length;
  // The inner sum's index takes the place after the streamed one until that is gone.
  const factors = sum.factors.map((factor) => substituteIndices(factor, (at) => inner.slots[at] ?? index(streamed + 1)));
  const isStreamed = (factor: Expr): boolean => dependsOn(factor, new Set([streamed]));
  const others = own.factors.filter((factor) => factor !== inner);
  const wanted = [...factors, ...others].filter(isStreamed);
  const rest = [...factors, ...others].filter((factor) => !isStreamed(factor));
  if (factors.every(isStreamed) || !others.some(isStreamed)) return undefined;
  for (const known of sums) {
    if (!equal(known.equation.reduce!.sizes[0]!, equation.reduce!.sizes[0]!)) continue;
    const slots = match(known, wanted, streamed);
    if (!slots) continue;
    const body = [...rest, access(known.equation, ...slots)].reduce(mul);
    return { ...equation, reduce: sum.equation.reduce!, body: substituteIndices(body, (at) => (at === streamed + 1 ? index(streamed) : undefined)) };
  }
  return undefined;
}

/** The slots at which reading `known` gives the sum of the wanted factors over the streamed index. */
function match(known: ProductSum, wanted: readonly Expr[], streamed: number): readonly Expr[] | undefined {
  if (known.factors.length !== wanted.length) return undefined;
  const rank = known.equation.shape.length;
  const search = (at: number, left: readonly Expr[], bound: ReadonlyMap<number, Expr>): ReadonlyMap<number, Expr> | undefined => {
    if (at === known.factors.length) return bound;
    for (const candidate of left) {
      const next = unified(known.factors[at]!, candidate, bound);
      const found = next && search(at + 1, left.filter((other) => other !== candidate), next);
      if (found) return found;
    }
    return undefined;
  };
  const bound = search(0, wanted, new Map([[rank, index(streamed)]]));
  const slots = bound && known.equation.shape.map((_, axis) => bound.get(axis));
  return slots?.every((slot) => slot !== undefined && !dependsOn(slot, new Set([streamed]))) ? (slots as Expr[]) : undefined;
}

/** What the indices of `pattern` stand for when it is to equal `expr`. */
function unified(pattern: Expr, expr: Expr, bound: ReadonlyMap<number, Expr>): ReadonlyMap<number, Expr> | undefined {
  if (pattern.kind === "index") {
    const known = bound.get(pattern.at);
    if (known) return sameExpr(known, expr) ? bound : undefined;
    return expr.kind === "index" ? new Map([...bound, [pattern.at, expr]]) : undefined;
  }
  if (pattern.kind !== expr.kind) return undefined;
  if (pattern.kind === "access" && pattern.value !== (expr as AccessExpr).value) return undefined;
  if (pattern.kind === "apply" && pattern.op !== (expr as typeof pattern).op) return undefined;
  if (pattern.kind !== "access" && pattern.kind !== "apply") return sameExpr(pattern, expr) ? bound : undefined;
  const parts = children(expr);
  let result: ReadonlyMap<number, Expr> | undefined = bound;
  for (const [at, part] of children(pattern).entries()) result = result && unified(part, parts[at]!, result);
  return result;
}

/** Canonical sums have no signs and no constants, so those are not looked for. */
function unsignedFactors(expr: Expr): readonly Expr[] {
  return isOp(expr, "mul") ? expr.args.flatMap(unsignedFactors) : [expr];
}

