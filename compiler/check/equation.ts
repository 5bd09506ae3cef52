/** `y[b, t, i < n] = e`: one axis per index on the left, in order. */
import type { Expr as Node, Slots, Target } from "../../grammar/ast.ts";
import * as errors from "./errors.ts";
import { evaluateTensor } from "./evaluate.ts";
import { bind, newIndices } from "./range.ts";
import { materialise } from "./tensor.ts";
import type { Tensor } from "./value.ts";
import type { Context } from "./world.ts";

export function assignEquation(target: Target, slots: Slots, value: Node, ctx: Context): Tensor | undefined {
  if (slots.where) ctx.world.report(errors.whereOnTheLeft(slots.where.span));
  if (slots.fill) ctx.world.report(errors.fillOnTheLeft(slots.fill.span));
  const clean = { ...ctx, indices: undefined };
  const indices = newIndices(slots, clean);
  const bound = indices && bind(indices, [value], clean);
  if (!bound) return undefined;
  const element = evaluateTensor(value, bound.inner);
  if (!element) return undefined;
  if (element.axes.length > 0) {
    ctx.world.report(errors.wholeTensorInEquation(value.span, element.axes.map((axis) => axis.size)));
    return undefined;
  }
  return materialise({ ...element, axes: bound.vars }, ctx.naming, target.span, bound.inner);
}
