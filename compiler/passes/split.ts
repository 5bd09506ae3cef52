import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { apply, conjuncts, iadd, identityAccess, imul, index, size, substituteIndices } from "../ir/expr.ts";
import type { Equation, Expr, Reduction, Value, ValueId } from "../ir/graph.ts";
import { nextId, reducedWhere } from "../ir/walk.ts";
import { MONOIDS } from "../ops/monoid.ts";
import type { Pass } from "./pass.ts";

/** Partial results of a long reduction: enough invocations to fill a device, few enough for one to add up. */
const PARTS = 256;
/** Up to here one workgroup is faster than two kernels. */
const SHORT = 4096;

/**
 *     norm = sum[i: n] dw[i] * dw[i]
 *     →   norm.parts[p: 256] = sum[r: ceil(n / 256) where r * 256 + p < n] dw[r * 256 + p] * dw[r * 256 + p]
 *         norm = sum[p: 256] norm.parts[p]
 *
 * Neighbouring parts read neighbouring elements.
 */
export const split: Pass = {
  name: "split",
  doc: "Reduces a long vector to a scalar in two stages.",
  run(graph) {
    let next = nextId(graph);
    const values: Value[] = graph.values.flatMap((value) => (isLong(value) ? inTwoStages(value, next++) : [value]));
    return { ...graph, values };
  },
};

function isLong(value: Value): value is Equation & { readonly reduce: Reduction } {
  if (value.kind !== "equation" || !value.reduce || value.shape.length > 0) return false;
  const { monoid, sizes } = value.reduce;
  if (MONOIDS[monoid].positional || sizes.length !== 1) return false;
  const length = dims.asNumber(sizes[0]!);
  return length === undefined || length > SHORT;
}

function inTwoStages(value: Equation & { readonly reduce: Reduction }, id: ValueId): Equation[] {
  const { monoid, sizes, where } = value.reduce;
  const length = sizes[0] as Dim;
  const rounds = dims.quotient("ceil", length, dims.constant(PARTS));
  const element = iadd(imul(index(1), size(dims.constant(PARTS))), index(0));
  const move = (expr: Expr): Expr => substituteIndices(expr, () => element);
  const whole = dims.divide(length, dims.constant(PARTS)) !== undefined;
  const conditions = [...(whole ? [] : [apply("ilt", element, size(length))]), ...conjuncts(where).map(move)];
  const parts: Equation = {
    ...value, id, name: `${value.name}.parts`, shape: [dims.constant(PARTS)], body: move(value.body),
    reduce: reducedWhere({ monoid, sizes: [rounds] }, conditions),
  };
  return [parts, { ...value, body: identityAccess(parts), reduce: { monoid, sizes: parts.shape } }];
}
