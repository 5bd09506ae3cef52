/**
 * Host expressions: what the CPU computes in f64 so that kernels need not, with the same names as the graph's scalar
 * operations. Integers and booleans (0 or 1) are numbers too.
 */
import { erf } from "./erf.ts";
import type { HostExpr } from "./program.ts";
import { evaluateSize } from "./size.ts";
import type { Sizes } from "./size.ts";

export interface HostScope {
  readonly sizes: Sizes;
  /** From 1. */
  readonly step: number;
  /** Of a table's element; mutable, so that filling a table allocates nothing. */
  readonly indices: ArrayLike<number>;
}

/** The expression as a function, made once and called per step or element. Throws on an operation that is not in the table. */
export function compileHostExpr(expr: HostExpr): (scope: HostScope) => number {
  switch (expr.kind) {
    case "const": {
      const { value } = expr;
      return () => value;
    }
    case "step":
      return (scope) => scope.step;
    case "size": {
      const { size } = expr;
      return (scope) => evaluateSize(size, scope.sizes);
    }
    case "index": {
      const { at } = expr;
      return (scope) => scope.indices[at] ?? Number.NaN;
    }
    case "apply": {
      const args = expr.args.map(compileHostExpr);
      const [a, b, c] = args;
      if (expr.op === "select" && a && b && c) return (scope) => (a(scope) !== 0 ? b(scope) : c(scope));
      const op = hostOps[expr.op];
      if (op === undefined || op.length !== args.length) {
        throw new Error(`internal: no host operation ${expr.op} of ${args.length} arguments`);
      }
      if (a && !b) return (scope) => op(a(scope));
      if (a && b && !c) return (scope) => op(a(scope), b(scope));
      return (scope) => op(...args.map((arg) => arg(scope)));
    }
    default:
      return expr satisfies never;
  }
}

const truth = (value: boolean): number => (value ? 1 : 0);

/** `select` is not here: the branch not taken is not evaluated. */
export const hostOps: Readonly<Record<string, (...args: number[]) => number>> = Object.assign(Object.create(null) as object, {
  neg: (a: number) => -a,
  abs: (a: number) => Math.abs(a),
  exp: (a: number) => Math.exp(a),
  log: (a: number) => Math.log(a),
  sqrt: (a: number) => Math.sqrt(a),
  tanh: (a: number) => Math.tanh(a),
  erf,
  sin: (a: number) => Math.sin(a),
  cos: (a: number) => Math.cos(a),
  floor: (a: number) => Math.floor(a),
  ceil: (a: number) => Math.ceil(a),
  sign: (a: number) => Math.sign(a),
  stop: (a: number) => a,
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  pow: (a: number, b: number) => a ** b,
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
  ineg: (a: number) => -a,
  iabs: (a: number) => Math.abs(a),
  iadd: (a: number, b: number) => a + b,
  isub: (a: number, b: number) => a - b,
  imul: (a: number, b: number) => a * b,
  idiv: (a: number, b: number) => Math.floor(a / b),
  imod: (a: number, b: number) => a - Math.abs(b) * Math.floor(a / Math.abs(b)),
  imin: (a: number, b: number) => Math.min(a, b),
  imax: (a: number, b: number) => Math.max(a, b),
  lt: (a: number, b: number) => truth(a < b),
  le: (a: number, b: number) => truth(a <= b),
  eq: (a: number, b: number) => truth(a === b),
  ne: (a: number, b: number) => truth(a !== b),
  ilt: (a: number, b: number) => truth(a < b),
  ile: (a: number, b: number) => truth(a <= b),
  ieq: (a: number, b: number) => truth(a === b),
  ine: (a: number, b: number) => truth(a !== b),
  and: (a: number, b: number) => truth(a !== 0 && b !== 0),
  or: (a: number, b: number) => truth(a !== 0 || b !== 0),
  not: (a: number) => truth(a === 0),
  toReal: (a: number) => a,
  toInt: (a: number) => Math.trunc(a),
  fromBool: (a: number) => a,
});
