/**
 * Where a term of a reduction can be anything but nothing: the conditions outside of which it is zero or absent, followed
 * through values that are computed in place, and the range of a loop index that they leave. A causal mask, written anywhere
 * along the way from scores to result, shortens the loops of attention and of its gradient to half.
 */
import { apply, conjuncts, dependsOn, exprKey, int, isConst, someNode, substituteIndices } from "../ir/expr.ts";
import type { Equation, Expr, ValueId } from "../ir/graph.ts";

/** The equation of a value that is computed in place; undefined for all others. */
export type InPlace = (id: ValueId) => Equation | undefined;

/** Conditions that hold wherever `expr` is not zero: `if P then e else 0`, a factor of a product, all terms of a sum. */
function support(expr: Expr, inPlace: InPlace): readonly Expr[] {
  if (expr.kind === "access") {
    const equation = inPlace(expr.value);
    if (!equation || equation.reduce) return [];
    return support(equation.body, inPlace).map((condition) => substituteIndices(condition, (at) => expr.slots[at]));
  }
  if (expr.kind !== "apply") return [];
  const [a, b, c] = expr.args as [Expr, Expr, Expr];
  switch (expr.op) {
    case "select":
      if (isConst(c, 0)) return [...expanded(a, inPlace), ...support(b, inPlace)];
      return isConst(b, 0) ? support(c, inPlace) : common(support(b, inPlace), support(c, inPlace));
    case "mul":
      return [...support(a, inPlace), ...support(b, inPlace)];
    case "neg":
    case "stop":
    case "div":
      return support(a, inPlace);
    case "add":
    case "sub":
      return common(support(a, inPlace), support(b, inPlace));
    default:
      return [];
  }
}

/** The conjuncts of a condition, those of masks computed in place included. */
function expanded(condition: Expr, inPlace: InPlace): readonly Expr[] {
  return conjuncts(condition).flatMap((conjunct) => {
    const mask = conjunct.kind === "access" ? inPlace(conjunct.value) : undefined;
    if (conjunct.kind !== "access" || !mask || mask.reduce) return [conjunct];
    return expanded(substituteIndices(mask.body, (at) => conjunct.slots[at]), inPlace);
  });
}

export interface LoopRange {
  /** First index, and the one after the last; over the row's indices. */
  readonly from?: Expr;
  readonly to?: Expr;
}

/** What a reduction's conditions say of its only reduced index. Bounds that are read from memory count where there are no others. */
export function loopRange(equation: Equation, inPlace: InPlace): LoopRange {
  const { reduce, body, shape } = equation;
  if (!reduce || reduce.sizes.length !== 1) return {};
  const index = shape.length;
  const stated = reduce.where ? expanded(reduce.where, inPlace) : [];
  const from: Expr[] = [], to: Expr[] = [];
  for (const condition of [...stated, ...(reduce.monoid === "sum" ? support(body, inPlace) : [])]) {
    if (condition.kind !== "apply" || !(condition.op === "ile" || condition.op === "ilt")) continue;
    const [a, b] = condition.args as [Expr, Expr];
    const strict = condition.op === "ilt";
    if (isIndex(a, index) && isOfRow(b, index)) to.push(strict ? b : apply("iadd", b, int(1)));
    if (isIndex(b, index) && isOfRow(a, index)) from.push(strict ? apply("iadd", a, int(1)) : a);
  }
  const [first, last] = [chosen(from), chosen(to)];
  return { ...(first && { from: first }), ...(last && { to: last }) };
}

function chosen(bounds: readonly Expr[]): Expr | undefined {
  return bounds.find((bound) => !reads(bound)) ?? bounds[0];
}

function isIndex(expr: Expr, at: number): boolean {
  return expr.kind === "index" && expr.at === at;
}

/** Free of the loop index. */
function isOfRow(expr: Expr, index: number): boolean {
  return !dependsOn(expr, new Set([index]));
}

function reads(expr: Expr): boolean {
  return someNode(expr, ({ kind }) => kind === "access" || kind === "draw");
}

function common(a: readonly Expr[], b: readonly Expr[]): readonly Expr[] {
  const keys = new Set(b.map(exprKey));
  return a.filter((condition) => keys.has(exprKey(condition)));
}
