/** The scalar operations of the graph: names first, the table is a mapped type over them. */
export type ScalarOpName =
  // f32 → f32
  | "neg" | "abs" | "exp" | "log" | "sqrt" | "tanh" | "erf" | "sin" | "cos" | "floor" | "ceil" | "sign"
  | "stop" // the identity, through which no gradient flows
  // (f32, f32) → f32
  | "add" | "sub" | "mul" | "div" | "pow" | "min" | "max"
  // i32: floor division and the remainder that is never negative; the others mirror their f32 forms
  | "ineg" | "iabs" | "iadd" | "isub" | "imul" | "idiv" | "imod" | "imin" | "imax"
  // comparisons of two f32 (l…) or two i32 (i…) → bool
  | "lt" | "le" | "eq" | "ne" | "ilt" | "ile" | "ieq" | "ine"
  // f32 → bool: neither NaN nor infinite, tested on the bits
  | "finite"
  // bool
  | "and" | "or" | "not"
  // conversions
  | "toReal" // i32 → f32
  | "toInt" // f32 → i32, of an integral value
  | "fromBool" // bool → i32, 0 or 1
  // (bool, a, a) → a; the branch not taken is not evaluated
  | "select";

import { apply, div, mul, neg, real, select, sub } from "../ir/expr.ts";
import type { Expr, ScalarType } from "../ir/graph.ts";
import { erf } from "../../runtime/erf.ts";
import { power } from "./power.ts";

export interface ScalarOp {
  readonly doc: string;
  /** "any": a type of the call's choosing, the same throughout. */
  readonly args: readonly (ScalarType | "any")[];
  readonly result: ScalarType | "any";
  /** In f64 and 32-bit integers; bool as 0 and 1. */
  evaluate(a: number, b: number, c: number): number;
  /** f(a, b) = f(b, a). */
  readonly commutative?: true;
  /** f(f(a, b), c) = f(a, f(b, c)), for reals up to rounding. */
  readonly associative?: true;
  /**
   * What each argument's gradient gains, given the result's gradient `dy`, the arguments and the result `y`. Absent, or undefined
   * for an argument: none. Holds almost everywhere; at a kink it is one of the one-sided derivatives, or 0.
   */
  readonly grad?: (dy: Expr, args: readonly Expr[], y: Expr) => readonly (Expr | undefined)[];
  /** The arguments are names or literals, so that mentioning one twice costs nothing; see wgsl-functions.ts for what it calls. */
  wgsl(a: WgslArgument, b: WgslArgument, c: WgslArgument): string;
}

export interface WgslArgument {
  readonly text: string;
  /** Its value where it is known. */
  readonly constant?: number;
  /** Known to be >= 0. */
  readonly nonNegative?: boolean;
}

type Signature = Pick<ScalarOp, "args" | "result">;
const real1: Signature = { args: ["f32"], result: "f32" };
const real2: Signature = { args: ["f32", "f32"], result: "f32" };
const int1: Signature = { args: ["i32"], result: "i32" };
const int2: Signature = { args: ["i32", "i32"], result: "i32" };
const realTest: Signature = { args: ["f32", "f32"], result: "bool" };
const intTest: Signature = { args: ["i32", "i32"], result: "bool" };
const bool2: Signature = { args: ["bool", "bool"], result: "bool" };

const call = (name: string) => (...args: readonly WgslArgument[]): string =>
  `${name}(${args.filter(Boolean).map((arg) => arg.text).join(", ")})`;
const infix = (symbol: string) => (a: WgslArgument, b: WgslArgument): string => `${a.text} ${symbol} ${b.text}`;
const commutes = { commutative: true, associative: true } as const;
const zero = real(0);
const wrap = (value: number): number => value | 0;

export const SCALAR_OPS: { readonly [Name in ScalarOpName]: ScalarOp } = {
  neg: {
    ...real1, doc: "-a", evaluate: (a) => -a, wgsl: (a) => `-${a.text.startsWith("-") ? `(${a.text})` : a.text}`,
    grad: (dy) => [neg(dy)],
  },
  abs: {
    ...real1, doc: "|a|; derivative 0 at 0", evaluate: Math.abs, wgsl: call("abs"),
    grad: (dy, [a]) => [mul(dy, apply("sign", a!))],
  },
  exp: { ...real1, doc: "eᵃ", evaluate: Math.exp, wgsl: call("exp"), grad: (dy, _, y) => [mul(dy, y)] },
  log: { ...real1, doc: "the natural logarithm", evaluate: Math.log, wgsl: call("log"), grad: (dy, [a]) => [div(dy, a!)] },
  sqrt: {
    ...real1, doc: "√a", evaluate: Math.sqrt, wgsl: call("sqrt"),
    grad: (dy, _, y) => [div(mul(real(0.5), dy), y)], // d√a = 1 / 2√a
  },
  tanh: {
    ...real1, doc: "the hyperbolic tangent", evaluate: Math.tanh,
    wgsl: (a) => `tanh(clamp(${a.text}, -15.0f, 15.0f))`, // some adapters compute ∞/∞ from 89 on; at 15 it is 1 in f32
    grad: (dy, _, y) => [mul(dy, sub(real(1), mul(y, y)))],
  },
  erf: {
    ...real1, doc: "the error function", evaluate: erf, wgsl: call("tfm_erf"),
    grad: (dy, [a]) => [mul(dy, mul(real(2 / Math.sqrt(Math.PI)), apply("exp", neg(mul(a!, a!)))))],
  },
  sin: { ...real1, doc: "the sine of radians", evaluate: Math.sin, wgsl: call("sin"), grad: (dy, [a]) => [mul(dy, apply("cos", a!))] },
  cos: { ...real1, doc: "the cosine of radians", evaluate: Math.cos, wgsl: call("cos"), grad: (dy, [a]) => [neg(mul(dy, apply("sin", a!)))] },
  floor: { ...real1, doc: "the largest integer <= a", evaluate: Math.floor, wgsl: call("floor") },
  ceil: { ...real1, doc: "the smallest integer >= a", evaluate: Math.ceil, wgsl: call("ceil") },
  sign: { ...real1, doc: "-1, 0 or 1", evaluate: Math.sign, wgsl: call("sign") },
  stop: { ...real1, doc: "a, through which no gradient flows", evaluate: (a) => a, wgsl: (a) => a.text },

  add: { ...real2, ...commutes, doc: "a + b", evaluate: (a, b) => a + b, wgsl: infix("+"), grad: (dy) => [dy, dy] },
  sub: { ...real2, doc: "a - b", evaluate: (a, b) => a - b, wgsl: infix("-"), grad: (dy) => [dy, neg(dy)] },
  mul: { ...real2, ...commutes, doc: "a * b", evaluate: (a, b) => a * b, wgsl: infix("*"), grad: (dy, [a, b]) => [mul(dy, b!), mul(dy, a!)] },
  div: {
    ...real2, doc: "a / b", evaluate: (a, b) => a / b, wgsl: infix("/"),
    grad: (dy, [, b], y) => [div(dy, b!), neg(div(mul(dy, y), b!))], // ∂(a/b)/∂b = -y/b
  },
  pow: {
    ...real2, doc: "aᵇ; of negative a for integral b only", evaluate: power, wgsl: powerWgsl,
    // ∂/∂a = b·aᵇ⁻¹, 0 of a⁰ at 0 as well; ∂/∂b = y·log a, taken as 0 where a <= 0
    grad: (dy, [a, b], y) => [
      b!.kind === "const"
        ? b!.value === 0 ? undefined : mul(dy, mul(b!, apply("pow", a!, real(b!.value - 1))))
        : select(apply("eq", b!, zero), zero, mul(dy, mul(b!, apply("pow", a!, sub(b!, real(1)))))),
      b!.kind === "const" ? undefined : select(apply("lt", zero, a!), mul(dy, mul(y, apply("log", a!))), zero),
    ],
  },
  min: {
    ...real2, ...commutes, doc: "the smaller; its gradient goes to it, on a tie to a", evaluate: (a, b) => Math.min(a, b), wgsl: call("min"),
    grad: (dy, [a, b]) => [select(apply("le", a!, b!), dy, zero), select(apply("le", a!, b!), zero, dy)],
  },
  max: {
    // The strict comparison makes max(x, 0), relu, flat at 0, as elsewhere.
    ...real2, ...commutes, doc: "the larger; its gradient goes to it, on a tie to b", evaluate: (a, b) => Math.max(a, b), wgsl: call("max"),
    grad: (dy, [a, b]) => [select(apply("lt", b!, a!), dy, zero), select(apply("lt", b!, a!), zero, dy)],
  },

  ineg: { ...int1, doc: "-a", evaluate: (a) => wrap(-a), wgsl: (a) => `-${a.text.startsWith("-") ? `(${a.text})` : a.text}` },
  iabs: { ...int1, doc: "|a|", evaluate: (a) => wrap(Math.abs(a)), wgsl: call("abs") },
  iadd: { ...int2, ...commutes, doc: "a + b", evaluate: (a, b) => wrap(a + b), wgsl: infix("+") },
  isub: { ...int2, doc: "a - b", evaluate: (a, b) => wrap(a - b), wgsl: infix("-") },
  imul: { ...int2, ...commutes, doc: "a * b", evaluate: Math.imul, wgsl: infix("*") },
  idiv: {
    ...int2, doc: "⌊a / b⌋", evaluate: (a, b) => (b === 0 ? a : wrap(Math.floor(a / b))),
    wgsl: (a, b) => (a.nonNegative && isPositive(b) ? `${a.text} / ${b.text}` : `tfm_idiv(${a.text}, ${b.text})`),
  },
  imod: {
    ...int2, doc: "a - b·⌊a / b⌋ for b > 0: in [0, |b|)", evaluate: modulo,
    wgsl: (a, b) => (a.nonNegative && isPositive(b) ? `${a.text} % ${b.text}` : `tfm_imod(${a.text}, ${b.text})`),
  },
  imin: { ...int2, ...commutes, doc: "the smaller", evaluate: (a, b) => Math.min(a, b), wgsl: call("min") },
  imax: { ...int2, ...commutes, doc: "the larger", evaluate: (a, b) => Math.max(a, b), wgsl: call("max") },

  lt: { ...realTest, doc: "a < b", evaluate: (a, b) => +(a < b), wgsl: infix("<") },
  le: { ...realTest, doc: "a <= b", evaluate: (a, b) => +(a <= b), wgsl: infix("<=") },
  eq: { ...realTest, commutative: true, doc: "a == b", evaluate: (a, b) => +(a === b), wgsl: infix("==") },
  ne: { ...realTest, commutative: true, doc: "a != b", evaluate: (a, b) => +(a !== b), wgsl: infix("!=") },
  ilt: { ...intTest, doc: "a < b", evaluate: (a, b) => +(a < b), wgsl: infix("<") },
  ile: { ...intTest, doc: "a <= b", evaluate: (a, b) => +(a <= b), wgsl: infix("<=") },
  ieq: { ...intTest, commutative: true, doc: "a == b", evaluate: (a, b) => +(a === b), wgsl: infix("==") },
  ine: { ...intTest, commutative: true, doc: "a != b", evaluate: (a, b) => +(a !== b), wgsl: infix("!=") },

  finite: { args: ["f32"], result: "bool", doc: "neither NaN nor infinite", evaluate: (a) => +Number.isFinite(a), wgsl: call("tfm_finite") },

  // Not marked commutative: the right side may be defined only where the left one holds (or fails).
  and: { ...bool2, associative: true, doc: "both; b is evaluated only where a holds", evaluate: (a, b) => +(a && b), wgsl: infix("&&") },
  or: { ...bool2, associative: true, doc: "either; b is evaluated only where a fails", evaluate: (a, b) => +(a || b), wgsl: infix("||") },
  not: { args: ["bool"], result: "bool", doc: "not a", evaluate: (a) => +!a, wgsl: (a) => `!${a.text}` },

  toReal: { args: ["i32"], result: "f32", doc: "an integer as a real", evaluate: (a) => a, wgsl: call("f32") },
  toInt: { args: ["f32"], result: "i32", doc: "an integral real as an integer", evaluate: (a) => wrap(Math.round(a)), wgsl: (a) => `i32(round(${a.text}))` },
  fromBool: { args: ["bool"], result: "i32", doc: "1 where a holds, else 0", evaluate: (a) => a, wgsl: (a) => `select(0i, 1i, ${a.text})` },

  select: {
    args: ["bool", "any", "any"], result: "any", doc: "b where a holds, else c; only that one is evaluated",
    evaluate: (a, b, c) => (a ? b : c),
    wgsl: (a, b, c) => `select(${c.text}, ${b.text}, ${a.text})`, // both names are already evaluated here: guard loads before
    grad: (dy, [a]) => [undefined, select(a!, dy, zero), select(a!, zero, dy)],
  },
};

function powerWgsl(a: WgslArgument, b: WgslArgument): string {
  const products: Readonly<Record<number, string>> = {
    [-2]: `1.0f / (${a.text} * ${a.text})`,
    [-1]: `1.0f / ${a.text}`,
    [-0.5]: `inverseSqrt(${a.text})`,
    0.5: `sqrt(${a.text})`,
    1: a.text,
    2: `${a.text} * ${a.text}`,
    3: `${a.text} * ${a.text} * ${a.text}`,
    4: `(${a.text} * ${a.text}) * (${a.text} * ${a.text})`,
  };
  return (b.constant !== undefined && products[b.constant]) || `tfm_pow(${a.text}, ${b.text})`;
}

function modulo(a: number, b: number): number {
  if (b === 0) return 0;
  const rest = a % b;
  return rest < 0 ? rest + Math.abs(b) : rest + 0;
}

function isPositive(arg: WgslArgument): boolean {
  return arg.constant !== undefined && arg.constant > 0;
}
