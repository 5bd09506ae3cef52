import { describe, expect, test } from "vitest";
import * as dims from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { STEP, access, add, apply, bool, div, draw, iadd, identityAccess, index, int, isub, mul, neg, real, select, size, sub } from "../../compiler/ir/expr.ts";
import type { Equation, Graph, Value } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { printExpr, printGraph } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";

describe("a graph prints as the language reads", () => {
  test("leaves, equations and outputs", () => {
    const b = new GraphBuilder("loss");
    const ids = b.input("ids", "i32", ["B", "T"], 10), keep = b.input("keep", "bool", ["B", "T"]);
    const table = b.parameter("embed.table", [10, 4]);
    const rate = b.hostScalar("rate", div(real(1), apply("toReal", STEP)));
    const wave = b.hostTable("wave", ["T", 4], (t, i) => apply("sin", mul(apply("toReal", t!), apply("toReal", i!))));
    const x = b.map("x", ["B", "T", 4], (n, t, i) => add(mul(access(table, access(ids, n!, t!), i!), real(2)), access(wave, t!, i!)));
    const y = b.sum("y", ["B", 4], ["T"], (n, i, t) => access(x, n!, t!, i!), (n, _i, t) => access(keep, n!, t!));
    b.output("loss", b.sum("loss", [], ["B", 4], (n, i) => mul(access(y, n!, i!), access(rate))));
    b.output("moved", b.map("x", ["B", 4], (n, i) => neg(access(y, n!, i!))), { kind: "running", path: "centre" });
    expect(printGraph(b.build())).toBe(`graph loss {
  %0 input ids: i32[B, T] < 10
  %1 input keep: bool[B, T]
  %2 parameter embed.table: f32[10, 4]
  %3 host rate = 1.0 / real(step)
  %4 host wave[i0: T, i1: 4] = sin(real(i0) * real(i1))
  %5 x[i0: B, i1: T, i2: 4] = embed.table[ids[i0, i1], i2] * 2.0 + wave[i1, i2]
  %6 y[i0: B, i1: 4] = sum[i2: T where keep[i0, i2]] x%5[i0, i2, i1]
  %7 loss[] = sum[i0: B, i1: 4] y[i0, i1] * rate[]
  %8 x[i0: B, i1: 4] = -y[i0, i1]
  -> loss
  -> moved = x%8 as running centre
}
`);
  });
  const [a, b, c] = [index(0), index(1), index(2)];
  test.each([
    [isub(a, isub(b, c)), "i0 - (i1 - i2)"],
    [isub(isub(a, b), c), "i0 - i1 - i2"],
    [mul(add(real(1), real(2.5)), real(-3)), "(1.0 + 2.5) * -3.0"],
    [neg(neg(real(1))), "-(-1.0)"],
    [apply("pow", neg(real(2)), real(0.5)), "(-2.0)^0.5"],
    [select(bool(true), select(bool(false), a, b), c), "if true then (if false then i0 else i1) else i2"],
    [add(select(bool(true), real(1), real(0)), real(2)), "(if true then 1.0 else 0.0) + 2.0"],
    [apply("not", apply("and", bool(true), apply("or", apply("ilt", a, b), apply("ine", b, c)))), "not (true and (i0 < i1 or i1 != i2))"],
    [apply("idiv", iadd(a, size(dims.add(dims.named("T"), dims.ONE))), int(2)), "(i0 + (T + 1)) / 2"],
    [draw(255, [a], [dims.named("B")]), "draw#ff[i0]"],
    [sub(real(1e-9), real(1e30)), "1e-9 - 1e+30"],
  ])("operators keep their structure", (expr, text) => {
    expect(printExpr(expr)).toBe(text);
  });
});

describe("verify", () => {
  const x: Value = { id: 0, name: "x", type: "f32", shape: [dims.named("B")], kind: "input", field: "x" };
  const base = { id: 1, name: "y", type: "f32", shape: [dims.named("B")], kind: "equation" } as const;
  const graph = (...values: Value[]): Graph => ({ name: "g", values: [x, ...values], outputs: [{ name: "y", value: 1 }] });
  const at = index(0);
  const sumOf = (reduce: Equation["reduce"], body = access(0, index(1))): Value => ({ ...base, reduce: reduce!, body });
  const sizes = [dims.named("B")];

  test("accepts a valid graph", () => {
    expect(verify(graph({ ...base, body: access(0, at) }))).toEqual([]);
    expect(verify(graph(sumOf({ monoid: "sum", sizes })))).toEqual([]);
  });
  test.each<[string, readonly Value[]]>([
    ["the id %0 is taken", [{ ...base, body: access(0, at) }, { ...x, field: "z" }]],
    ["reads %7, which does not stand earlier", [{ ...base, body: access(7, at) }]],
    ["reads %1, which does not stand earlier", [{ ...base, body: access(1, at) }]],
    ["%0 has 1 axes, not 2", [{ ...base, body: access(0, at, at) }]],
    ["i1 does not exist", [{ ...base, body: access(0, index(1)) }]],
    ["a slot is f32", [{ ...base, body: access(0, real(1)) }]],
    ["the body is i32, the value f32", [{ ...base, body: at }]],
    ["argument 1 of add is i32, not f32", [{ ...base, body: add(real(1), int(1)) }]],
    ["select chooses between f32 and i32", [{ ...base, body: select(bool(true), real(1), int(1)) }]],
    ["neg takes 1 arguments, not 2", [{ ...base, body: apply("neg", real(1), real(1)) }]],
    ["0.5 is no i32", [{ ...base, body: apply("toReal", int(0.5)) }]],
    ["`step` outside of a host scalar", [{ ...base, body: apply("toReal", STEP) }]],
    ["a draw's coordinates and sizes differ in number", [{ ...base, body: draw(1, [at], []) }]],
    ["any of f32", [sumOf({ monoid: "any", sizes })]],
    ["argmax of f32 is i32, the value f32", [sumOf({ monoid: "argmax", sizes })]],
    ["argmax takes no predicate", [{ ...base, type: "i32", reduce: { monoid: "argmax", sizes, where: bool(true) }, body: access(0, index(1)) }]],
    ["argmax takes a single reduced index", [{ ...base, type: "i32", reduce: { monoid: "argmax", sizes: [...sizes, ...sizes] }, body: access(0, index(1)) }]],
    ["the predicate is i32", [sumOf({ monoid: "sum", sizes, where: at })]],
    ["a reduction without reduced indices", [sumOf({ monoid: "sum", sizes: [] }, access(0, at))]],
    ["a draw on the host", [{ ...base, kind: "host-table", body: draw(1, [at], sizes) }]],
    ["reads %0, which is not on the host", [{ ...base, kind: "host-table", body: access(0, at) }]],
  ])("reports: %s", (problem, values) => {
    expect(verify(graph(...values)).join("\n")).toContain(problem);
  });
  test("reports outputs without a value and two of one name", () => {
    const found = verify({ name: "g", values: [x], outputs: [{ name: "y", value: 0 }, { name: "y", value: 3 }] });
    expect(found).toEqual(["g: output y names %3, which does not exist", "g: two outputs are called y"]);
  });
});

describe("the interpreter", () => {
  test("names the equation, the slot and the point of an access that leaves its value", () => {
    const b = new GraphBuilder("g");
    const x = b.input("x", "f32", ["n"]);
    b.output("y", b.map("late", ["n"], (i) => access(x, iadd(i!, int(1)))));
    expect(() => interpret(b.build(), { sizes: { n: 2 }, inputs: { x: [1, 2] } })).toThrow(/^internal: late reads %0 at 2 on axis 0, of 2; at i = \[1\]/);
  });
  test("does not evaluate the branch that is not taken, nor terms that are absent", () => {
    const b = new GraphBuilder("g");
    const x = b.input("x", "f32", ["n"]);
    const inside = apply("ilt", iadd(index(0), int(1)), size(dims.named("n")));
    b.output("y", b.map("y", ["n"], select(inside, access(x, iadd(index(0), int(1))), real(9))));
    b.output("z", b.sum("z", [], ["n"], access(x, iadd(index(0), int(1))), inside));
    const { y, z } = interpret(b.build(), { sizes: { n: 3 }, inputs: { x: [1, 2, 3] } }).outputs;
    expect([...y!.data, ...z!.data]).toEqual([2, 3, 9, 5]);
  });
  test("asks its source for draws by row-major index", () => {
    const b = new GraphBuilder("g");
    const asked: number[][] = [];
    b.output("y", b.map("y", [2, 3], (i, k) => draw(7, [k!, i!], [dims.constant(3), dims.constant(2)])));
    interpret(b.build(), { sizes: {}, step: 4, micro: 1, uniform: (...at) => (asked.push(at), 0.5) });
    expect(asked).toEqual([0, 2, 4, 1, 3, 5].map((at) => [7, 4, 1, at]));
  });
  test("computes the product of a row and a matrix", () => {
    const b = new GraphBuilder("g");
    const x = b.input("x", "f32", ["n"]), w = b.parameter("w", ["n", 2]);
    b.output("y", b.sum("y", [2], ["n"], (j, i) => mul(access(x, i!), access(w, i!, j!))));
    b.output("copy", b.map("copy", ["n"], identityAccess(x)));
    const { y, copy } = interpret(b.build(), { sizes: { n: 3 }, inputs: { x: [1, 2, 3] }, states: { "parameter/w": [1, 10, 2, 20, 3, 30] } }).outputs;
    expect([...y!.data]).toEqual([14, 140]);
    expect(copy).toEqual({ shape: [3], data: Float64Array.of(1, 2, 3) });
  });
});
