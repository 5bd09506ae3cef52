import { describe, expect, it } from "vitest";
import { erf } from "../../runtime/erf.ts";
import { compileHostExpr, hostOps } from "../../runtime/host-expr.ts";
import type { HostExpr } from "../../runtime/program.ts";
import { product } from "../support/tiny-program.ts";

const num = (value: number): HostExpr => ({ kind: "const", value });
const apply = (op: string, ...args: HostExpr[]): HostExpr => ({ kind: "apply", op, args });
const value = (expr: HostExpr, step = 3): number => compileHostExpr(expr)({ sizes: { B: 4, T: 5 }, step, indices: [7, 8] });

describe("host expressions", () => {
  it("read the step, sizes and indices", () => {
    expect(value({ kind: "step" })).toBe(3);
    expect(value({ kind: "size", size: product(2, "B", "T") })).toBe(40);
    expect(value({ kind: "index", at: 1 })).toBe(8);
  });

  it("floor in integer division, with a remainder that is never negative", () => {
    for (const a of [-7, -6, -1, 0, 1, 6, 7])
      for (const b of [2, 3, 5]) {
        const q = value(apply("idiv", num(a), num(b))), r = value(apply("imod", num(a), num(b)));
        expect(q * b + r).toBe(a);
        expect(r >= 0 && r < b).toBe(true);
      }
  });

  it("do not evaluate the branch that is not taken", () => {
    let evaluated = 0;
    const spy: HostExpr = { kind: "apply", op: "neg", args: [num(1)] };
    const untaken = new Proxy(spy, {
      get: (target, key) => {
        if (key === "op") evaluated++;
        return Reflect.get(target, key) as unknown;
      },
    });
    const run = compileHostExpr(apply("select", apply("lt", num(1), num(2)), num(5), untaken));
    const compiled = evaluated;
    expect(run({ sizes: {}, step: 1, indices: [] })).toBe(5);
    expect(evaluated).toBe(compiled);
    expect(value(apply("select", apply("not", num(1)), num(5), num(6)))).toBe(6);
  });

  it("make a schedule: warm-up, then the inverse square root", () => {
    // Noam: d^-0.5 · min(step^-0.5, step · warmup^-1.5)
    const step: HostExpr = { kind: "step" };
    const noam = apply("mul", apply("pow", num(64), num(-0.5)), apply("min", apply("pow", step, num(-0.5)), apply("mul", step, apply("pow", num(100), num(-1.5)))));
    expect(value(noam, 10)).toBeCloseTo(10 / 8 / 1000, 15);
    expect(value(noam, 400)).toBeCloseTo(1 / 8 / 20, 15);
  });

  it("refuse what is not in the table, even names of every object", () => {
    expect(() => value(apply("frobnicate", num(1)))).toThrow(/^internal:/);
    expect(() => value(apply("toString"))).toThrow(/^internal:/);
    expect(() => value(apply("neg", num(1), num(2)))).toThrow(/^internal:/);
  });

  it("agree with Math and with logic on all the others", () => {
    const unary: Record<string, (x: number) => number> = {
      neg: (x) => 0 - x, abs: Math.abs, exp: Math.exp, log: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sin: Math.sin, cos: Math.cos,
      floor: Math.floor, ceil: Math.ceil, sign: Math.sign, stop: (x) => x, toReal: (x) => x,
    };
    for (const [op, f] of Object.entries(unary)) for (const x of [0.25, 1.5, 2]) expect(value(apply(op, num(x)))).toBe(f(x));
    const compare: Record<string, (a: number, b: number) => boolean> = {
      lt: (a, b) => a < b, le: (a, b) => a <= b, eq: (a, b) => a === b, ne: (a, b) => a !== b,
    };
    for (const [op, f] of Object.entries(compare))
      for (const [a, b] of [[1, 2], [2, 2], [3, 2]] as const) {
        expect(value(apply(op, num(a), num(b)))).toBe(f(a, b) ? 1 : 0);
        expect(value(apply(`i${op}`, num(a), num(b)))).toBe(f(a, b) ? 1 : 0);
      }
    expect([value(apply("and", num(1), num(0))), value(apply("or", num(1), num(0)))]).toEqual([0, 1]);
    expect(Object.keys(hostOps).length).toBeGreaterThan(35);
  });
});

describe("erf", () => {
  // From the C library's erf, by Python's math.erf; the two methods meet at 3.
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.9999, 0.9999778955735178],
    [3, 0.9999779095030014],
    [3.0001, 0.9999779234241298],
    [4, 0.9999999845827421],
    [7, 1],
  ])("of %f", (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-15);
    expect(erf(-x)).toBe(-erf(x));
  });
  it("is NaN of NaN", () => expect(erf(Number.NaN)).toBeNaN());
});
