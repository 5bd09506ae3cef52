/**
 * Searches: counts of the places at which a value that only grows is still small enough,
 *
 *     source[p] = sum[n: N where upto[n, e[p]] <= p] 1        upto[n, e] = sum[m: N where m <= n] (if … then 1 else 0)
 *
 * By halving: log₂ N reads in the place of N.
 */
import { conjuncts, dependsOn, isConst } from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Value, ValueId } from "../ir/graph.ts";
import { dimText } from "./emit/dim-text.ts";
import type { Emitter } from "./emit/emitter.ts";
import type { Operand } from "./emit/operand.ts";
import { prefix } from "./prefix.ts";

/** The condition of a search; it holds up to some index and not from there on. */
export function searched(equation: Equation, values: ReadonlyMap<ValueId, Value>): Expr | undefined {
  const { reduce, body, type, shape } = equation;
  if (type !== "i32" || reduce?.monoid !== "sum" || reduce.sizes.length !== 1 || !isConst(body, 1)) return undefined;
  const [condition, ...others] = conjuncts(reduce.where);
  if (condition?.kind !== "apply" || (condition.op !== "ile" && condition.op !== "ilt") || others.length > 0) return undefined;
  const [grown, limit] = condition.args as [Expr, Expr];
  const n = new Set([shape.length]);
  return grown.kind === "access" && !dependsOn(limit, n) && growsAlong(grown, shape.length, values) ? condition : undefined;
}

/** A sum of nothing negative over all places up to the index, which stands in no other slot. */
function growsAlong({ value: id, slots }: AccessExpr, at: number, values: ReadonlyMap<ValueId, Value>): boolean {
  const value = values.get(id)!;
  const walk = value.kind === "equation" ? prefix(value) : undefined;
  if (!walk || walk.reverse || value.kind !== "equation" || value.reduce!.monoid !== "sum" || !isNotNegative(value.body)) return false;
  return slots.every((slot, axis) => (axis === walk.axis ? slot.kind === "index" && slot.at === at : !dependsOn(slot, new Set([at]))));
}

function isNotNegative(expr: Expr): boolean {
  if (expr.kind === "const") return expr.value >= 0;
  if (expr.kind !== "apply") return false;
  return expr.op === "fromBool" || (expr.op === "select" && expr.args.slice(1).every(isNotNegative));
}

export function emitSearch(emitter: Emitter, equation: Equation, coordinates: readonly Operand[]): void {
  const condition = searched(equation, emitter.context.values)!;
  const { blocks } = emitter;
  const [low, high, middle] = [blocks.fresh("s"), blocks.fresh("s"), blocks.fresh("s")];
  blocks.line(`var ${low} = 0;`);
  blocks.line(`var ${high} = ${dimText(equation.reduce!.sizes[0]!)};`);
  blocks.open(`while (${low} < ${high})`);
  blocks.line(`let ${middle} = (${low} + ${high}) / 2;`);
  const { text } = emitter.expr(condition, [...coordinates, emitter.index(middle)]);
  blocks.line(`if (${text}) { ${low} = ${middle} + 1; } else { ${high} = ${middle}; }`);
  blocks.close();
  emitter.store(equation, coordinates, { text: low, type: "i32", width: 1, depth: blocks.depth });
}
