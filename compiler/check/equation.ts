/** `y[b, t, i < n] = e`: one axis per index on the left, in order, that of an enclosing scan included. */
import type { Expr as Node, Slots, Target } from "../../grammar/ast.ts";
import { namesIn } from "../../grammar/walk.ts";
import * as errors from "./errors.ts";
import { evaluateTensor, written } from "./evaluate.ts";
import { bind, newIndices, type NewIndices } from "./range.ts";
import { timeSlot, withoutSlot } from "./scan.ts";
import { materialise } from "./tensor.ts";
import type { IndexVar, Tensor } from "./value.ts";
import type { Context } from "./world.ts";

export function assignEquation(target: Target, slots: Slots, value: Node, ctx: Context): Tensor | undefined {
  if (slots.where) ctx.world.report(errors.whereOnTheLeft(slots.where.span));
  if (slots.fill) ctx.world.report(errors.fillOnTheLeft(slots.fill.span));
  const clean = { ...ctx, indices: undefined };
  const collected = timeSlot(target, ctx);
  const indices = newIndices(collected === undefined ? slots : withoutSlot(slots, collected), clean);
  if (indices && isOfWhole(indices, value, clean)) return undefined;
  const bound = indices && bind(indices, [value], clean, endsOf(target, slots, ctx));
  if (!bound) return undefined;
  const element = evaluateTensor(value, bound.inner);
  if (!element) return undefined;
  if (element.axes.length > 0) {
    ctx.world.report(errors.wholeTensorInEquation(wholeIn(value, bound.inner).span, element.axes.map((axis) => axis.size)));
    return undefined;
  }
  return materialise({ ...element, axes: collected === undefined ? bound.vars : withTime(bound.vars, slots, collected, ctx) }, ctx.naming, target.span, bound.inner);
}

/** Tells `y[b,i] = x`, which speaks of no elements at all: more than that its indices have no range. */
function isOfWhole({ order }: NewIndices, value: Node, ctx: Context): boolean {
  const names = namesIn(value);
  if (!order.some((index) => index !== "..." && !index.below) || order.some((index) => index !== "..." && names.has(index.name))) return false;
  const whole = wholeIn(value, ctx);
  const tensor = ctx.world.quietly(() => evaluateTensor(whole, ctx));
  if (!tensor || tensor.axes.length === 0) return false;
  ctx.world.report(errors.wholeTensorInEquation(whole.span, tensor.axes.map((axis) => axis.size), order.map((index) => (index === "..." ? index : index.name))));
  return true;
}

/** The name in an expression that stands for a whole tensor, or else all of it. */
export function wholeIn(node: Node, ctx: Context): Node {
  const parts = node.kind === "binary" ? [node.left, node.right] : node.kind === "unary" ? [node.operand] : node.kind === "conditional" ? [node.then, node.otherwise] : node.kind === "call" ? node.args.map(({ value }) => value) : [];
  const isWhole = (part: Node): boolean => {
    const tensor = ctx.world.quietly(() => evaluateTensor(part, ctx));
    return tensor !== undefined && tensor.axes.length > 0;
  };
  const found = parts.find(isWhole);
  return found ? wholeIn(found, ctx) : node;
}

/** By index the sizes of what the function says that it returns, where it returns the target. */
function endsOf(target: Target, slots: Slots, { frame }: Context): ReadonlyMap<string, string> {
  const fn = frame.active.at(-1)?.what;
  if (!fn || !("results" in fn) || fn.body.kind !== "block") return new Map();
  const last = fn.body.items.at(-1);
  const at = last?.kind === "return" ? last.values.findIndex((value) => value.kind === "name" && value.text === target.name.text) : -1;
  const axes = fn.results[at]?.dims ?? [];
  if (axes.length !== slots.items.length) return new Map();
  return new Map(slots.items.flatMap((slot, axis) => (slot.kind === "name" && axes[axis]!.kind !== "ellipsis" ? [[slot.text, written(axes[axis]!.span)] as const] : [])));
}

/** A `...` before the scan's index stands for several axes. */
function withTime(vars: readonly IndexVar[], slots: Slots, at: number, { frame }: Context): readonly IndexVar[] {
  const place = slots.items.slice(0, at).reduce((count, slot) => count + (slot.kind === "ellipsis" ? (frame.pack?.length ?? 0) : 1), 0);
  return [...vars.slice(0, place), frame.scan!.variable, ...vars.slice(place)];
}
