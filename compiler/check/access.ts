/** `x[b, t-1 else 0]`: an element of a tensor, every slot proved to be within its axis, or filled. */
import type { Access } from "../../grammar/ast.ts";
import { spanText } from "../../grammar/source.ts";
import { index, int, size as sizeExpr } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import * as dims from "../dim.ts";
import { boundsOf, guarded, isCount, isWithin, neededTerms } from "./bounds.ts";
import * as errors from "./errors.ts";
import { commonType, evaluate, evaluateTensor } from "./evaluate.ts";
import { apply } from "./fold.ts";
import { baseOf, withoutAxes } from "./range.ts";
import { asTensor, at, toReal } from "./tensor.ts";
import type { Size, StackVal, Val } from "./value.ts";
import { kindOf, POISON, scalar } from "./value.ts";
import type { Context } from "./world.ts";

export function readAccess(node: Access, ctx: Context): Val {
  const base = baseOf(node, ctx);
  if (base.kind === "stack") return stackItem(base, node, ctx);
  if (base.kind === "fn" || base.kind === "builtin" || base.kind === "method") {
    ctx.world.report(withoutAxes(node, base));
    return POISON;
  }
  const empty = ctx.frame.pack?.length === 0 && node.slots.items.every((item) => item.kind === "ellipsis");
  if (empty && base.kind === "tensor" && base.axes.length === 0) return base;
  if (base.kind === "size" || (base.kind === "tensor" && base.axes.length === 0)) {
    ctx.world.report(withoutAxes(node, base));
    return POISON;
  }
  const tensor = asTensor(base, node.base.span, ctx);
  const slots = slotsOf(node, tensor?.axes.map((axis) => axis.size), ctx);
  if (node.slots.where) ctx.world.report(errors.whereInAccess(node.slots.where.span));
  if (!tensor || !slots) return POISON;

  const outside: Expr[] = [];
  for (const [k, { expr, written }] of slots.entries()) {
    const axis = tensor.axes[k]!;
    if (isWithin(expr, axis.size.dim, ctx)) continue;
    if (!node.slots.fill) {
      const bare = written.kind === "name" ? ctx.indices?.vars.get(written.text) : undefined;
      ctx.world.report(bare ? errors.declaredTooLong(written.span, bare, axis.size) : errors.outOfBounds(written, spanText(node.base.span), axis.size, boundsOf(expr, ctx), node, { isKnown: (size) => isCount(size, ctx), terms: neededTerms(expr, ctx) }));
      return POISON;
    }
    outside.push(apply("ile", int(0), expr), apply("ilt", expr, sizeExpr(axis.size.dim)));
  }
  const element = at(tensor, slots.map((slot) => slot.expr));
  if (!node.slots.fill) return scalar(tensor.type, element);
  const within = outside.reduce((a, b) => apply("and", a, b), { kind: "const", type: "bool", value: 1 } as Expr);
  const fill = evaluateTensor(node.slots.fill, guarded(ctx, within, false));
  if (!fill) return POISON;
  const type = commonType(tensor.type, fill.type);
  if (!type || fill.axes.length > 0) {
    ctx.world.report(errors.wrongKind(node.slots.fill.span, kindOf(fill), tensor.type === "bool" ? "a bool" : "a number"));
    return POISON;
  }
  const convert = (body: Expr, from: string): Expr => (from === type ? body : toReal(body));
  return scalar(type, apply("select", within, convert(element, tensor.type), convert(fill.body, fill.type)));
}

function stackItem(stack: StackVal, node: Access, ctx: Context): Val {
  const [slot] = node.slots.items;
  const value = slot && slot.kind !== "ellipsis" && node.slots.items.length === 1 ? evaluate(slot, ctx, "slot") : POISON;
  const number = value.kind === "size" ? dims.asNumber(value.size.dim) : undefined;
  const item = number === undefined ? undefined : stack.items[number];
  if (item) return item;
  if (value.kind !== "poison" || !slot || node.slots.items.length !== 1) ctx.world.report(errors.stackItem(node.slots.span, stack.items.length));
  return POISON;
}

interface SlotExpr {
  readonly expr: Expr;
  readonly written: Access["slots"]["items"][number];
}

/** One i32 expression per axis; undefined after an error. */
function slotsOf(node: Access, sizes: readonly Size[] | undefined, ctx: Context): readonly SlotExpr[] | undefined {
  const slots: SlotExpr[] = [];
  let good = true;
  for (const item of node.slots.items) {
    if (item.kind === "ellipsis") {
      const pack = ctx.indices?.pack;
      if (!pack) {
        if (ctx.frame.pack?.length === 0) continue;
        ctx.world.report(ctx.frame.pack ? errors.packUnbound(item.span) : errors.noPack(item.span));
        good = false;
      }
      for (const variable of pack ?? []) slots.push({ expr: index(variable.id), written: item });
      continue;
    }
    const value = evaluateTensor(item, ctx, "slot");
    if (!value) {
      good = false;
      continue;
    }
    if (value.axes.length > 0 || value.type !== "i32") {
      ctx.world.report(errors.slotNotInteger(item.span, kindOf(value)));
      good = false;
      continue;
    }
    slots.push({ expr: value.body, written: item });
  }
  if (!good || !sizes) return undefined;
  if (slots.length === sizes.length) return slots;
  ctx.world.report(errors.rankMismatch(node, sizes, slots.length));
  return undefined;
}
