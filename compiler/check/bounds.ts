/** Intervals of integer expressions, refined by the conditions around them, and the proof that a slot is within its axis. */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { apply, children, exprKey, isOp } from "../ir/expr.ts";
import type { ApplyExpr, Expr } from "../ir/graph.ts";
import type { Interval, Order } from "../ops/interval.ts";
import { below, exactly, intervalOf, join, meet, UNKNOWN } from "../ops/interval.ts";
import { freeIndices, isOfBatch, partOfSize } from "./expr.ts";
import type { IndexVar } from "./value.ts";
import type { Context, Guard } from "./world.ts";

/** What is known of an i32 expression here; `keepsFirst` as in `Order`. */
export function boundsOf(expr: Expr, ctx: Context, keepsFirst = false): Interval {
  return bounds(expr, ctx.guards, ctx, { ...orderFor(expr, ctx), keepsFirst });
}

/** Whether 0 <= slot < size wherever it is evaluated. */
export function isWithin(slot: Expr, size: Dim, ctx: Context): boolean {
  if (slot.kind === "index" && ctx.run.facts.equal(ctx.world.variableOf(slot.at).size.dim, size)) return true;
  const order = orderFor(slot, ctx);
  // An end that a condition or a `min` adds need not be the one by which it fits: `if label[n] == m then x[label[n]] else 0`.
  const orders = [order, { ...order, keepsFirst: true }];
  const isSo = (holds: (found: Interval, order: Order) => boolean): boolean => orders.some((each) => holds(bounds(slot, ctx.guards, ctx, each), each));
  return isSo(({ low }) => low !== undefined && order.proves(low)) && isSo((found, each) => isBelow(slot, found, size, ctx, each));
}

/** `found`: the interval of the expression. Of two numbers there may be none that is known to be the larger, and yet room for both. */
function isBelow(expr: Expr, { high }: Interval, size: Dim, ctx: Context, order: Order): boolean {
  if (high !== undefined && order.proves(dims.subtract(dims.subtract(size, high), dims.ONE))) return true;
  return isOp(expr, "imax") && expr.args.every((arg) => isBelow(arg, bounds(arg, ctx.guards, ctx, order), size, ctx, order));
}

/** Whether something may have this many elements: it is at least 0, whatever is fed. */
export function isCount(size: Dim, ctx: Context): boolean {
  const number = dims.asNumber(size);
  return number !== undefined ? number >= 0 : ctx.run.facts.proves(size, positiveSizes(ctx.live));
}

function orderFor(expr: Expr, ctx: Context): Order {
  const { facts } = ctx.run;
  let found: readonly Dim[] | undefined;
  const positive = (): readonly Dim[] => (found ??= positiveSizes([...ctx.live, ...freeIndices(expr).map((id) => ctx.world.variableOf(id))]));
  return {
    proves: (dim) => {
      const number = dims.asNumber(dim);
      return number !== undefined ? number >= 0 : facts.proves(dim, positive());
    },
    above: (a, b) => facts.bound(a, b, Math.max, positive()),
    under: (a, b) => facts.bound(a, b, Math.min, positive()),
  };
}

/** n - 1 for each size n that is not a number: where its index has a value, it is not negative. */
function positiveSizes(live: readonly IndexVar[]): Dim[] {
  const named = new Map<string, Dim>();
  const add = (dim: Dim): void => {
    if (dims.asNumber(dim) === undefined) named.set(dims.key(dim), dims.subtract(dim, dims.ONE));
  };
  const addParts = (dim: Dim): void => {
    add(dim);
    if (dim.length !== 1) return;
    // A product is positive where its factors are, and a quotient where its numerator is.
    for (const factor of dim[0]!.factors) {
      add([{ coefficient: 1, factors: [factor] }]);
      if (typeof factor !== "string") addParts(factor.numerator);
    }
  };
  for (const { size } of live) addParts(size.dim);
  return [...named.values()];
}

function bounds(expr: Expr, guards: Guard | undefined, ctx: Context, order: Order): Interval {
  let found = plainBounds(expr, guards, ctx, order);
  if (guards && expr.kind !== "size" && expr.kind !== "const") {
    const key = exprKey(expr);
    for (let guard: Guard | undefined = guards; guard; guard = guard.next) {
      if (exprKey(guard.expr) === key) found = meet(found, guard.interval, order);
    }
  }
  return found;
}

function plainBounds(expr: Expr, guards: Guard | undefined, ctx: Context, order: Order): Interval {
  switch (expr.kind) {
    case "const":
      return Number.isInteger(expr.value) ? exactly(dims.constant(expr.value)) : UNKNOWN;
    case "index":
      return below(ctx.world.variableOf(expr.at).size.dim);
    case "size":
      return exactly(expr.dim);
    case "access":
      return ctx.run.intervals.get(expr.value)?.[order.keepsFirst ? "first" : "last"] ?? UNKNOWN;
    case "step":
      return { low: dims.ONE };
    case "micro":
      return { low: dims.ZERO };
    case "draw":
      return UNKNOWN;
    case "apply": {
      const [a, b, c] = expr.args;
      if (expr.op === "select" && a && b && c) {
        return join(bounds(b, guardsOf(a, true, guards, ctx, order), ctx, order), bounds(c, guardsOf(a, false, guards, ctx, order), ctx, order), order);
      }
      return intervalOf(expr.op, expr.args.map((arg) => bounds(arg, guards, ctx, order)), order);
    }
    default:
      return expr satisfies never;
  }
}

/** What has to be required of an axis so that the position that is found in it lies within it; undefined where nothing of this kind is lacking. */
export function neededTerms(expr: Expr, ctx: Context): string | undefined {
  const axis = expr.kind === "access" ? ctx.run.ofNothing.get(expr.value) : undefined;
  return axis && `${dims.print(axis)} > 0`;
}

/** The context in which the condition is known to hold, or to fail. */
export function guarded(ctx: Context, condition: Expr, holds: boolean): Context {
  const guards = guardsOf(condition, holds, ctx.guards, ctx, orderFor(condition, ctx));
  return guards === ctx.guards ? ctx : { ...ctx, guards, conditions: [...(ctx.conditions ?? []), holds ? condition : apply("not", condition)] };
}

/** Whether all that the expression reads is within its axes. */
export function readsInside(expr: Expr, ctx: Context): boolean {
  if (expr.kind === "access") {
    const { shape } = ctx.run.builder.value(expr.value);
    return expr.slots.every((slot, axis) => readsInside(slot, ctx) && isWithin(slot, shape[axis]!, ctx));
  }
  if (expr.kind !== "apply") return children(expr).every((child) => readsInside(child, ctx));
  const [condition, ...others] = expr.args as [Expr, ...Expr[]];
  const within = (at: number): Context => {
    if (expr.op === "select") return guarded(ctx, condition, at === 0);
    return expr.op === "and" || expr.op === "or" ? guarded(ctx, condition, expr.op === "and") : ctx;
  };
  return readsInside(condition, ctx) && others.every((other, at) => readsInside(other, within(at)));
}

function guardsOf(condition: Expr, holds: boolean, guards: Guard | undefined, ctx: Context, order: Order): Guard | undefined {
  if (condition.kind !== "apply") return guards;
  const [a, b] = condition.args;
  if (condition.op === "not" && a) return guardsOf(a, !holds, guards, ctx, order);
  if (!a || !b) return guards;
  if (condition.op === (holds ? "and" : "or")) return guardsOf(b, holds, guardsOf(a, holds, guards, ctx, order), ctx, order);
  if (condition.op === "ilt") return holds ? lessOrEqual(a, b, 1, guards, ctx, order) : lessOrEqual(b, a, 0, guards, ctx, order);
  if (condition.op === "ile") return holds ? lessOrEqual(a, b, 0, guards, ctx, order) : lessOrEqual(b, a, 1, guards, ctx, order);
  if (condition.op === (holds ? "ieq" : "ine")) {
    const [left, right] = [bounds(a, guards, ctx, order), bounds(b, guards, ctx, order)];
    return { next: { next: guards, expr: b, interval: left }, expr: a, interval: right };
  }
  if (condition.op === (holds ? "ine" : "ieq")) return differing(a, b, guards, ctx, order);
  if (condition.op === "lt" || condition.op === "le") return holds ? besideReal(a, b, condition.op === "lt", guards) : besideReal(b, a, condition.op === "le", guards);
  return guards;
}

/** An index before or behind a real number that is known when compiling, as in `j < n / 2`: a < b, or a <= b. */
function besideReal(a: Expr, b: Expr, strict: boolean, guards: Guard | undefined): Guard | undefined {
  const [below, above] = [isOp(a, "toReal") && rounded(b), isOp(b, "toReal") && rounded(a)];
  if (below) return { next: guards, expr: (a as ApplyExpr).args[0]!, interval: { high: strict ? dims.subtract(below.ceil, dims.ONE) : below.floor } };
  if (above) return { next: guards, expr: (b as ApplyExpr).args[0]!, interval: { low: strict ? dims.add(above.floor, dims.ONE) : above.ceil } };
  return guards;
}

/**
 * Of a number beside which f32 has all whole ones, and that it does not round to another; of hyperparameters that are symbols here and
 * numbers when it is built.
 */
function rounded(expr: Expr): { readonly floor: Dim; readonly ceil: Dim } | undefined {
  if (expr.kind === "const") {
    const [floor, ceil] = [Math.floor(expr.value), Math.ceil(expr.value)];
    const near = Math.fround(expr.value);
    const isExact = Math.abs(near) < 2 ** 24 && floor === Math.floor(near) && ceil === Math.ceil(near);
    return isExact ? { floor: dims.constant(floor), ceil: dims.constant(ceil) } : undefined;
  }
  const part = partOfSize(expr);
  // A size of the batch is divided on the adapter, which may be off by a little.
  if (!part || isOfBatch(part.size)) return undefined;
  const [{ dim }, by] = [part.size, dims.constant(part.by)];
  return { floor: dims.quotient("floor", dim, by), ceil: dims.quotient("ceil", dim, by) };
}

/** a + by <= b, of whole numbers */
function lessOrEqual(a: Expr, b: Expr, by: 0 | 1, guards: Guard | undefined, ctx: Context, order: Order): Guard {
  const high = bounds(b, guards, ctx, order).high;
  const low = bounds(a, guards, ctx, order).low;
  const step = dims.constant(by);
  let found: Guard = { next: guards, expr: a, interval: { high: high && dims.subtract(high, step) } };
  found = { next: found, expr: b, interval: { low: low && dims.add(low, step) } };
  // Ends of ranges alone do not tell that two go together: `t - s` where s <= t.
  if (varies(a) && varies(b)) {
    found = { next: found, expr: apply("isub", b, a), interval: { low: step } };
    found = { next: found, expr: apply("isub", a, b), interval: { high: dims.scale(step, -1) } };
  }
  // What is said of `t * 2` says something of `t`.
  const [less, more] = [factorOf(a), factorOf(b)];
  if (less && high) found = { next: found, expr: less.factor, interval: { high: by === 0 ? dims.quotient("floor", high, less.times) : dims.subtract(dims.quotient("ceil", high, less.times), dims.ONE) } };
  if (more && low) found = { next: found, expr: more.factor, interval: { low: by === 0 ? dims.quotient("ceil", low, more.times) : dims.add(dims.quotient("floor", low, more.times), dims.ONE) } };
  return found;
}

function varies({ kind }: Expr): boolean {
  return kind !== "const" && kind !== "size";
}

function factorOf(expr: Expr): { readonly factor: Expr; readonly times: Dim } | undefined {
  const [a, b] = isOp(expr, "imul") ? expr.args : [];
  const [factor, times] = b?.kind === "const" ? [a, b.value] : a?.kind === "const" ? [b, a.value] : [];
  return factor && times !== undefined && times > 0 ? { factor, times: dims.constant(times) } : undefined;
}

/** a != b: an end of a's interval that equals b moves by one. */
function differing(a: Expr, b: Expr, guards: Guard | undefined, ctx: Context, order: Order): Guard | undefined {
  const other = bounds(b, guards, ctx, order);
  const own = bounds(a, guards, ctx, order);
  if (!other.low || !other.high || !dims.equal(other.low, other.high)) return guards;
  if (own.low && dims.equal(own.low, other.low)) return { next: guards, expr: a, interval: { low: dims.add(own.low, dims.ONE) } };
  if (own.high && dims.equal(own.high, other.high)) return { next: guards, expr: a, interval: { high: dims.subtract(own.high, dims.ONE) } };
  return guards;
}
