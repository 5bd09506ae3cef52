import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, apply } from "../../compiler/ir/expr.ts";
import type { ScalarType } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { ERF_LARGE, ERF_SMALL } from "../../compiler/ops/erf.ts";
import { erf } from "../../runtime/erf.ts";
import { SCALAR_OPS, type ScalarOp, type ScalarOpName } from "../../compiler/ops/scalar.ts";
import { WGSL_FUNCTIONS, wgslFunctionsIn } from "../../compiler/ops/wgsl-functions.ts";
import { draws } from "../../runtime/random/philox.ts";

const names = Object.keys(SCALAR_OPS) as ScalarOpName[];
const evaluate = (op: ScalarOp, args: readonly number[]): number => op.evaluate(args[0] ?? 0, args[1] ?? 0, args[2] ?? 0);
const random = draws(5);

/** Arguments away from kinks and poles, in every operation's domain. */
function argument(type: ScalarType | "any"): number {
  if (type === "bool") return +(random.uniform() < 0.5);
  if (type === "i32") return random.below(13) - 6;
  return 0.2 + random.uniform() * 1.7;
}

describe.each(names)("%s", (name) => {
  const op = SCALAR_OPS[name];
  test("evaluates to its result's type", () => {
    for (let trial = 0; trial < 50; trial++) {
      const value = evaluate(op, op.args.map(argument));
      if (op.result === "bool") expect([0, 1]).toContain(value);
      else if (op.result === "i32") expect(value).toBe(value | 0);
      else expect(value).not.toBeNaN();
    }
  });
  test("commutes where it says so", () => {
    if (!op.commutative) return;
    for (let trial = 0; trial < 50; trial++) {
      const [a, b] = op.args.map(argument) as [number, number];
      expect(evaluate(op, [a, b])).toBe(evaluate(op, [b, a]));
    }
  });
  test("associates where it says so", () => {
    if (!op.associative) return;
    for (let trial = 0; trial < 50; trial++) {
      const [a, b, c] = [op.args[0]!, op.args[0]!, op.args[0]!].map(argument) as [number, number, number];
      const left = evaluate(op, [evaluate(op, [a, b]), c]), right = evaluate(op, [a, evaluate(op, [b, c])]);
      expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-14 * Math.abs(right));
    }
  });
  test("has the gradient of its values", () => {
    const reals = op.args.map((type, at) => (type === "f32" || type === "any" ? at : -1)).filter((at) => at >= 0);
    if (!op.grad || reals.length === 0) return;
    const b = new GraphBuilder(name);
    const args = op.args.map((type, at) => (type === "bool" ? b.input(`c${at}`, "bool", []) : b.parameter(`a${at}`, [])));
    b.output("loss", b.map("loss", [], apply(name, ...args.map((arg) => access(arg)))));
    const graph = differentiate(b.build());
    expect(verify(graph)).toEqual([]);
    for (let trial = 0; trial < 20; trial++) {
      const values = op.args.map(argument);
      const inputs = Object.fromEntries(args.map((arg, at) => [arg.name, [values[at]!]]));
      const states = Object.fromEntries(args.map((arg, at) => [`parameter/${arg.name}`, [values[at]!]]));
      const { outputs } = interpret(graph, { sizes: {}, inputs, states });
      for (const at of reals) {
        const moved = (h: number): number => evaluate(op, values.map((value, k) => (k === at ? value + h : value)));
        const wanted = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect(Math.abs(outputs[`da${at}`]!.data[0]! - wanted), `at ${values}`).toBeLessThan(1e-8 * Math.max(1, Math.abs(wanted)));
      }
    }
  });
  test("has no gradient to integers or conditions", () => {
    if (op.args.every((type) => type === "i32" || type === "bool")) expect(op.grad).toBeUndefined();
  });
  test("calls only functions that exist, in WGSL without unbalanced brackets", () => {
    const [a, b, c] = ["a", "b", "c"].map((text) => ({ text })) as [{ text: string }, { text: string }, { text: string }];
    const text = op.args.length === 1 ? op.wgsl(a, undefined!, undefined!) : op.args.length === 2 ? op.wgsl(a, b, undefined!) : op.wgsl(a, b, c);
    expect(text).not.toContain("undefined");
    const called = text.match(/tfm_\w+/g) ?? [];
    expect(wgslFunctionsIn(text)).toEqual(called);
    for (const arg of ["a", "b", "c"].slice(0, op.args.length)) expect(text).toContain(arg);
    for (const source of [text, ...called.map((fn) => WGSL_FUNCTIONS[fn as keyof typeof WGSL_FUNCTIONS])]) {
      expect(source.split("(").length).toBe(source.split(")").length);
    }
  });
});

describe("division of integers", () => {
  test.each([[7, 3, 2, 1], [-7, 3, -3, 2], [6, 3, 2, 0], [-6, 3, -2, 0], [-1, 5, -1, 4], [0, 5, 0, 0], [2, 5, 0, 2]])(
    "%i by %i rounds down to %i, remainder %i", (a, b, quotient, remainder) => {
      expect(SCALAR_OPS.idiv.evaluate(a, b, 0)).toBe(quotient);
      expect(SCALAR_OPS.imod.evaluate(a, b, 0)).toBe(remainder);
    });
});

describe("the error function", () => {
  // Abramowitz & Stegun, table 7.1
  test.each([[0.1, 0.1124629160], [0.5, 0.5204998778], [1, 0.8427007929], [1.5, 0.9661051465], [2, 0.9953222650], [3.5, 0.9999992569]])(
    "of %f is %f", (x, wanted) => {
      expect(erf(x)).toBeCloseTo(wanted, 9);
      expect(erf(-x)).toBe(-erf(x));
    });
  test("is within 1e-7 of it as the kernels compute it", () => {
    const f = Math.fround;
    const horner = (coefficients: readonly number[], v: number): number =>
      coefficients.slice(1).reduce((sum, c) => f(f(sum * v) + f(c)), f(coefficients[0]!));
    let worst = 0;
    for (let x = f(-6); x < 6; x = f(x + 1e-3)) {
      const t = Math.abs(x), s = f(x * x);
      const near = f(f(horner(ERF_SMALL, s) * x) + x);
      const far = Math.sign(x) * f(1 - f(Math.exp(f(f(horner(ERF_LARGE, t) * t) - t))));
      worst = Math.max(worst, Math.abs((t > 0.927734375 ? far : near) - erf(x)));
    }
    expect(worst).toBeLessThan(1e-7);
  });
});
