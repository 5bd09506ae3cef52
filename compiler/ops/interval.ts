/** Intervals of integers whose ends are sizes, both ends included; an end that is absent is unknown. */
import type { Dim } from "../dim.ts";
import { add, asNumber, constant, divide, multiply, quotient, scale, subtract } from "../dim.ts";
import type { ScalarOpName } from "./scalar.ts";

export interface Interval {
  readonly low?: Dim | undefined;
  readonly high?: Dim | undefined;
}

/** What is known of sizes wherever the expression is evaluated. */
export interface Order {
  /** Whether a size is at least 0. */
  proves(dim: Dim): boolean;
  /** A size that is at least both, and as small as can be told. */
  above(a: Dim, b: Dim): Dim;
  /** A size that is at most both. */
  under(a: Dim, b: Dim): Dim;
  /** Of two ends that both hold and of which none is known to say more: the second, or where this is set the first. */
  readonly keepsFirst?: boolean;
}

export const UNKNOWN: Interval = {};
const ZERO = constant(0);
const ONE = constant(1);

export function exactly(dim: Dim): Interval {
  return { low: dim, high: dim };
}

/** [0, n - 1] */
export function below(size: Dim): Interval {
  return { low: ZERO, high: subtract(size, ONE) };
}

/** Both hold. */
export function meet(a: Interval, b: Interval, order: Order): Interval {
  return { low: larger(a.low, b.low, order), high: smaller(a.high, b.high, order) };
}

/** One of them holds. */
export function join(a: Interval, b: Interval, order: Order): Interval {
  return { low: lowest(a.low, b.low, order), high: highest(a.high, b.high, order) };
}

/** The interval of an integer operation's result. */
export function intervalOf(op: ScalarOpName, args: readonly Interval[], order: Order): Interval {
  const [a = UNKNOWN, b = UNKNOWN] = args;
  switch (op) {
    case "iadd":
      return { low: both(a.low, b.low, add), high: both(a.high, b.high, add) };
    case "isub":
      return { low: both(a.low, b.high, subtract), high: both(a.high, b.low, subtract) };
    case "ineg":
      return { low: a.high && scale(a.high, -1), high: a.low && scale(a.low, -1) };
    case "imul":
      return product(a, b, order);
    case "idiv":
      return ratio(a, b, order);
    case "imod":
      return remainder(a, b, order);
    case "imin":
      return { low: lowest(a.low, b.low, order), high: smaller(a.high, b.high, order) };
    case "imax":
      return { low: larger(a.low, b.low, order), high: highest(a.high, b.high, order) };
    case "iabs":
      return magnitude(a, order);
    case "fromBool":
      return { low: ZERO, high: ONE };
    default:
      return UNKNOWN;
  }
}

function both(a: Dim | undefined, b: Dim | undefined, combine: (a: Dim, b: Dim) => Dim): Dim | undefined {
  return a && b ? combine(a, b) : undefined;
}

function product(a: Interval, b: Interval, order: Order): Interval {
  for (const [x, y] of [[a, b], [b, a]] as const) {
    const factor = x.low && x.high && asNumber(subtract(x.high, x.low)) === 0 ? x.low : undefined;
    if (factor === undefined) continue;
    if (order.proves(factor)) return { low: y.low && multiply(y.low, factor), high: y.high && multiply(y.high, factor) };
    if (order.proves(scale(factor, -1))) return { low: y.high && multiply(y.high, factor), high: y.low && multiply(y.low, factor) };
  }
  if (a.low && b.low && order.proves(a.low) && order.proves(b.low)) return { low: multiply(a.low, b.low), high: both(a.high, b.high, multiply) };
  return UNKNOWN;
}

/** Floor division by a positive size. */
function ratio(a: Interval, b: Interval, order: Order): Interval {
  const by = b.low && b.high && asNumber(subtract(b.high, b.low)) === 0 ? b.low : undefined;
  if (!by || !order.proves(subtract(by, ONE))) {
    if (a.low && order.proves(a.low) && b.low && order.proves(subtract(b.low, ONE))) return { low: ZERO, high: a.high };
    return UNKNOWN;
  }
  return { low: a.low && floored(a.low, by), high: a.high && floored(a.high, by) };
}

/** floor(a / b); (b*q - 1) / b is q - 1. */
function floored(a: Dim, by: Dim): Dim {
  const exact = divide(a, by);
  if (exact) return exact;
  const next = divide(add(a, ONE), by);
  if (next && (asNumber(by) ?? 2) > 1) return subtract(next, ONE);
  return quotient("floor", a, by);
}

function remainder(a: Interval, b: Interval, order: Order): Interval {
  if (!b.low || !order.proves(subtract(b.low, ONE))) return UNKNOWN;
  const high = b.high && subtract(b.high, ONE);
  if (a.low && order.proves(a.low)) return { low: ZERO, high: smaller(a.high, high, order) };
  return { low: ZERO, high };
}

function magnitude(a: Interval, order: Order): Interval {
  if (a.low && order.proves(a.low)) return a;
  if (a.high && order.proves(scale(a.high, -1))) return { low: scale(a.high, -1), high: a.low && scale(a.low, -1) };
  return { low: ZERO, high: a.low && a.high ? highest(a.high, scale(a.low, -1), order) : undefined };
}

/** Of two lower bounds that both hold, the one known to be at least the other. */
function larger(a: Dim | undefined, b: Dim | undefined, order: Order): Dim | undefined {
  if (!a || !b) return a ?? b;
  return order.proves(subtract(a, b)) || (order.keepsFirst && !order.proves(subtract(b, a))) ? a : b;
}

function smaller(a: Dim | undefined, b: Dim | undefined, order: Order): Dim | undefined {
  if (!a || !b) return a ?? b;
  return order.proves(subtract(b, a)) || (order.keepsFirst && !order.proves(subtract(a, b))) ? a : b;
}

/** A lower bound of both. */
function lowest(a: Dim | undefined, b: Dim | undefined, order: Order): Dim | undefined {
  if (!a || !b) return undefined;
  if (order.proves(subtract(b, a))) return a;
  return order.proves(subtract(a, b)) ? b : order.under(a, b);
}

function highest(a: Dim | undefined, b: Dim | undefined, order: Order): Dim | undefined {
  if (!a || !b) return undefined;
  if (order.proves(subtract(a, b))) return a;
  return order.proves(subtract(b, a)) ? b : order.above(a, b);
}
