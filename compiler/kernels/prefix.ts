/**
 * Prefix and suffix sums: reductions over all places before (or behind) that of the result,
 *
 *     ahead[b, t, e] = sum[u: T where u < t] load[b, u, e]
 *
 * One invocation walks the axis once and stores what it has so far at every place: T terms in the place of T²/2.
 */
import { asNumber, constant, equal, subtract } from "../dim.ts";
import { conjuncts, dependsOn } from "../ir/expr.ts";
import type { Equation, Expr } from "../ir/graph.ts";
import { reducedWhere } from "../ir/walk.ts";
import { MONOIDS } from "../ops/monoid.ts";
import { dimText } from "./emit/dim-text.ts";
import type { Emitter } from "./emit/emitter.ts";
import type { Operand } from "./emit/operand.ts";
import { accumulator } from "./emit/reduction.ts";

export interface Prefix {
  /** The result's axis that runs along with the reduced index. */
  readonly axis: number;
  /** Towards smaller indices: a sum of what comes behind. */
  readonly reverse: boolean;
  /** The result's own place counts. */
  readonly inclusive: boolean;
  /** The terms and what else must hold for them, free of the result's place. */
  readonly terms: Equation;
}

export function prefix(equation: Equation): Prefix | undefined {
  const { reduce, shape } = equation;
  if (!reduce || reduce.sizes.length !== 1 || MONOIDS[reduce.monoid].positional) return undefined;
  const conditions = conjuncts(reduce.where);
  for (const condition of conditions) {
    const order = orderOf(condition, shape.length);
    if (!order || !equal(shape[order.axis]!, reduce.sizes[0]!) || asNumber(shape[order.axis]!) === 1) continue;
    const rest = conditions.filter((other) => other !== condition);
    const place = new Set([order.axis]);
    if (dependsOn(equation.body, place) || rest.some((other) => dependsOn(other, place))) continue;
    return { ...order, terms: { ...equation, reduce: reducedWhere(reduce, rest) } };
  }
  return undefined;
}

/** `u < t`, `u <= t`, `t < u`, `t <= u` for the reduced index u and an axis t. */
function orderOf(condition: Expr, reduced: number): Pick<Prefix, "axis" | "reverse" | "inclusive"> | undefined {
  if (condition.kind !== "apply" || (condition.op !== "ilt" && condition.op !== "ile")) return undefined;
  const [a, b] = condition.args as [Expr, Expr];
  if (a.kind !== "index" || b.kind !== "index" || (a.at === reduced) === (b.at === reduced)) return undefined;
  return { axis: a.at === reduced ? b.at : a.at, reverse: b.at === reduced, inclusive: condition.op === "ile" };
}

/** `others`: the coordinates of all axes but that of the walk, in their order. */
export function emitPrefix(emitter: Emitter, equation: Equation, others: readonly Operand[]): void {
  const { axis, reverse, inclusive, terms } = prefix(equation)!;
  const { blocks } = emitter;
  const length = equation.shape[axis]!;
  const total = accumulator(emitter, terms, false, false);
  const counter = blocks.fresh("i");
  blocks.open(`for (var ${counter} = 0; ${counter} < ${dimText(length)}; ${counter}++)`);
  const walked = emitter.index(counter);
  const place = reverse ? emitter.apply("isub", [emitter.size(subtract(length, constant(1))), walked], "i32") : walked;
  const coordinates = [...others.slice(0, axis), place, ...others.slice(axis)];
  const add = (): void => total.add([...coordinates, place]);
  if (inclusive) add();
  emitter.store(equation, coordinates, total.result());
  if (!inclusive) add();
  blocks.close();
}
