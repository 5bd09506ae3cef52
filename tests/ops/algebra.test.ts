import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add, apply, bool, exprSize, index, int, isOp, mul, neg, real, select, sub, visitExpr } from "../../compiler/ir/expr.ts";
import type { Expr } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { printExpr } from "../../compiler/ir/print.ts";
import { simplifyExpr } from "../../compiler/ops/algebra.ts";
import { SCALAR_OPS } from "../../compiler/ops/scalar.ts";
import { draws } from "../../runtime/random/philox.ts";

const random = draws(9);
const pick = <T>(options: readonly T[]): T => options[random.below(options.length)]!;
const POINTS = 40;

/** Reals are read from three rows of data, conditions from two. */
function realExpr(depth: number): Expr {
  if (depth === 0) return random.below(3) ? access(random.below(3), index(0)) : real(pick([0, 1, -1, 2, 0.5, -3, 4]));
  const a = (): Expr => realExpr(depth - 1);
  switch (random.below(8)) {
    case 0:
      return neg(a());
    case 1:
      return pick([add, sub])(a(), a());
    case 2:
      return mul(a(), a());
    case 3:
      return apply("div", a(), a());
    case 4:
      return apply(pick(["min", "max"] as const), a(), a());
    case 5:
      return apply(pick(["abs", "tanh", "floor", "stop", "sign"] as const), a());
    case 6:
      return apply("pow", a(), real(pick([0, 1, 2, 3, -1])));
    default:
      return select(condition(depth - 1), a(), a());
  }
}

function condition(depth: number): Expr {
  if (depth === 0) return random.below(4) ? access(3 + random.below(2), index(0)) : bool(random.below(2) === 0);
  switch (random.below(5)) {
    case 0:
      return apply("not", condition(depth - 1));
    case 1:
      return apply(pick(["and", "or"] as const), condition(depth - 1), condition(depth - 1));
    case 2:
      return apply(pick(["lt", "le", "eq", "ne"] as const), realExpr(depth - 1), realExpr(depth - 1));
    case 3:
      return apply(pick(["ilt", "ile", "ieq", "ine"] as const), index(0), int(random.below(POINTS)));
    default:
      return condition(0);
  }
}

function values(expr: Expr): Float64Array {
  const b = new GraphBuilder("g");
  for (const name of ["x", "y", "z"]) b.input(name, "f32", [POINTS]);
  for (const name of ["p", "q"]) b.input(name, "bool", [POINTS]);
  b.output("v", b.map("v", [POINTS], expr));
  return interpret(b.build(), { sizes: {}, inputs: DATA }).outputs.v!.data;
}

const reals = (): number[] => Array.from({ length: POINTS }, () => pick([0, 1, -1, random.normal(), random.normal()]));
const bools = (): number[] => Array.from({ length: POINTS }, () => random.below(2));
const DATA = { x: reals(), y: reals(), z: reals(), p: bools(), q: bools() };

describe("a simplified expression", () => {
  test("has the same value wherever the original's parts are finite, and is no longer", () => {
    for (let trial = 0; trial < 500; trial++) {
      const expr = realExpr(1 + random.below(5));
      const simple = simplifyExpr(expr, { sizeOf: () => [{ coefficient: POINTS, factors: [] }] });
      expect(exprSize(simple), `${printExpr(expr)} → ${printExpr(simple)}`).toBeLessThanOrEqual(exprSize(expr) + 2 * pows(expr));
      const [before, after] = [values(expr), values(simple)];
      const parts: Float64Array[] = [];
      visitExpr(expr, (part) => void (part.kind === "apply" && isReal(part) && parts.push(values(part))));
      before.forEach((value, at) => {
        if (!parts.every((part) => Number.isFinite(part[at]!))) return;
        expect(Math.abs(value - after[at]!), `${printExpr(expr)} → ${printExpr(simple)} at ${at}: ${value}, then ${after[at]}`)
          .toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
      });
    }
  });
  test("is found once: simplifying again changes nothing", () => {
    for (let trial = 0; trial < 500; trial++) {
      const simple = simplifyExpr(realExpr(4));
      const again = simplifyExpr(simple);
      expect(printExpr(simplifyExpr(again))).toBe(printExpr(again));
    }
  });
});

function isReal(expr: Expr): boolean {
  return expr.kind === "apply" && (SCALAR_OPS[expr.op].result === "f32" || (expr.op === "select" && isReal(expr.args[1]!)));
}

/** x^2 becomes x * x. */
function pows(expr: Expr): number {
  return (isOp(expr, "pow") ? 1 : 0) + (expr.kind === "apply" ? expr.args.reduce((sum, arg) => sum + pows(arg), 0) : 0);
}
