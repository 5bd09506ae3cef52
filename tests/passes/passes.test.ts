import { describe, expect, test } from "vitest";
import { asNumber } from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add, apply, bool, div, identityAccess, index, int, mul, neg, real, select, size } from "../../compiler/ir/expr.ts";
import type { Equation, Expr, Graph } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { operandsOf } from "../../compiler/ir/walk.ts";
import * as dims from "../../compiler/dim.ts";
import { canonical } from "../../compiler/passes/canonical.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { fold } from "../../compiler/passes/fold.ts";
import type { Pass } from "../../compiler/passes/pass.ts";
import { narrow } from "../../compiler/passes/narrow.ts";
import { prune } from "../../compiler/passes/prune.ts";
import { share } from "../../compiler/passes/share.ts";
import { simplify } from "../../compiler/passes/simplify.ts";
import { split } from "../../compiler/passes/split.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { SAMPLES, bindingsFor } from "../support/graphs.ts";

const PASSES: readonly Pass[] = [simplify, canonical, fold, share, prune, split, narrow];

/** The outputs stay what they are, for all sizes. */
function expectSame(before: Graph, after: Graph, sizes: Readonly<Record<string, number>>): void {
  const bindings = bindingsFor(before, sizes);
  const wanted = interpret(before, bindings).outputs, found = interpret(after, bindings).outputs;
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [name, tensor] of Object.entries(wanted)) {
    expect(found[name]!.shape).toEqual(tensor.shape);
    tensor.data.forEach((value, k) => {
      const other = found[name]!.data[k]!;
      expect(Math.abs(value - other), `${name}[${k}]: ${value}, then ${other}\n${printGraph(after)}`).toBeLessThanOrEqual(1e-12 + 1e-11 * Math.abs(value));
    });
  }
}

describe.each(SAMPLES)("on $name and its gradient", ({ graph, sizes }) => {
  const gradient = differentiate(graph);
  test.each(PASSES)("$name keeps every output", (pass) => {
    for (const before of [graph, gradient]) {
      const after = pass.run(before);
      expect(verify(after), printGraph(after)).toEqual([]);
      for (const at of sizes) expectSame(before, after, at);
    }
  });
  test("all passes in a row, twice, keep every output", () => {
    let after = gradient;
    for (const pass of [...GRAPH_PASSES, ...GRAPH_PASSES]) {
      after = pass.run(after);
      expect(verify(after), `${pass.name}\n${printGraph(after)}`).toEqual([]);
    }
    for (const at of sizes) expectSame(gradient, after, at);
  });
});

/** The text of one equation after a pass. */
function lineOf(graph: Graph, name: string): string {
  const line = printGraph(graph).split("\n").find((text) => text.includes(` ${name}[`) && text.includes(" = "));
  return line?.trim().replace(/^%\d+ /, "") ?? "";
}

function graphOf(build: (b: GraphBuilder) => Equation): Graph {
  const b = new GraphBuilder("small");
  b.output("y", build(b));
  return b.build();
}

describe("simplify", () => {
  const n = dims.named("n");
  test("folds constants, ones and zeros", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["n"]);
      const at = identityAccess(x);
      return b.map("y", ["n"], add(mul(mul(at, real(2)), real(3)), select(bool(false), at, mul(real(0), real(5)))));
    });
    expect(lineOf(simplify.run(graph), "y")).toBe("y[i0: n] = x[i0] * 6.0");
  });
  test("keeps x * 0, for x may be infinite", () => {
    const graph = graphOf((b) => b.map("y", ["n"], mul(identityAccess(b.input("x", "f32", ["n"])), real(0))));
    expect(lineOf(simplify.run(graph), "y")).toBe("y[i0: n] = x[i0] * 0.0");
  });
  test("a sum of what does not depend on its index is a product with the size", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["n"]);
      return b.sum("y", ["n"], [dims.named("m"), 1, 3], (i, _m, one, k) => mul(access(x, i!), apply("toReal", apply("iadd", one!, k!))));
    });
    expect(lineOf(simplify.run(graph), "y")).toBe("y[i0: n] = sum[i1: 3] x[i0] * real(i1) * real(m)");
  });
  test("a predicate that ranges decide is dropped, one that never holds leaves the identity", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["n"]);
      const all = b.sum("all", [], ["n"], (i) => access(x, i!), (i) => apply("ilt", i!, size(n)));
      const none = b.sum("none", [], ["n"], (i) => access(x, i!), (i) => apply("ilt", size(n), i!));
      return b.map("y", [], add(access(all), access(none)));
    });
    const simple = simplify.run(graph);
    expect(lineOf(simple, "all")).toBe("all[] = sum[i0: n] x[i0]");
    expect(lineOf(simple, "none")).toBe("none[] = 0.0");
  });
  test("a slot in a group is the group: no quotient is left", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", [4, 3]);
      return b.map("y", [4, 3], (i, k) => {
        const flat = apply("iadd", apply("imul", i!, int(3)), k!);
        return access(x, apply("idiv", flat, int(3)), apply("imod", flat, int(3)));
      });
    });
    expect(lineOf(simplify.run(graph), "y")).toBe("y[i0: 4, i1: 3] = x[i0, i1]");
  });
});

describe("simplify, where a predicate sets a reduced index,", () => {
  const rows = (b: GraphBuilder) => ({ x: b.input("x", "f32", ["n", 5]), id: b.input("id", "i32", ["n"], 5) });
  test("reads the one element that is left", () => {
    const graph = graphOf((b) => {
      const { x, id } = rows(b);
      return b.sum("y", ["n"], [5], (i, v) => select(apply("ieq", v!, access(id, i!)), access(x, i!, v!), real(0)));
    });
    const after = simplify.run(graph);
    expect(lineOf(after, "y")).toBe("y[i0: n] = x[i0, id[i0]]");
    expectSame(graph, after, { n: 4 });
  });
  test("keeps the range where the index may be set beyond it", () => {
    const graph = graphOf((b) => {
      const { x, id } = rows(b);
      return b.sum("y", ["n"], [3, 2], (i, v, k) => mul(access(x, i!, v!), apply("toReal", k!)), (i, v) => apply("ieq", access(id, i!), v!));
    });
    const after = simplify.run(graph);
    expect(lineOf(after, "y")).toBe("y[i0: n] = sum[i1: 2 where id[i0] < 3] x[i0, id[i0]] * real(i1)");
    expectSame(graph, after, { n: 7 });
  });
});

describe("canonical", () => {
  test("takes factors out of a sum, and comparisons of reals out of its predicate", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["n", 4]), s = b.input("s", "f32", ["n"]);
      return b.sum("y", ["n"], [4], (i, k) => div(neg(mul(access(x, i!, k!), access(s, i!))), real(4)), (i) => apply("lt", real(0), access(s, i!)));
    });
    const after = canonical.run(graph);
    expect(lineOf(after, "y.terms")).toBe("y.terms[i0: n] = sum[i1: 4] x[i0, i1]");
    expect(lineOf(after, "y")).toBe("y[i0: n] = if 0.0 < s[i0] then y.terms[i0] * s[i0] * -0.25 else 0.0");
  });
  test("a sum of differences from the mean is 0, of others it is not", () => {
    const graph = (divisor: number) => graphOf((b) => {
      const x = b.input("x", "f32", ["n", 4]), s = b.input("s", "f32", ["n"]);
      const total = b.sum("total", ["n"], [4], (i, k) => access(x, i!, k!));
      const mean = b.map("mean", ["n"], (i) => div(access(total, i!), real(divisor)));
      return b.sum("y", ["n"], [4], (i, k) => mul(apply("sub", access(x, i!, k!), access(mean, i!)), access(s, i!)));
    });
    expect(lineOf(canonical.run(graph(4)), "y")).toBe("y[i0: n] = 0.0");
    expectSame(graph(4), canonical.run(graph(4)), { n: 3 });
    expect(lineOf(canonical.run(graph(5)), "y")).toBe("y[i0: n] = y.terms[i0] * s[i0]");
  });
  test("leaves factors under a predicate that stays", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["n", 4]), s = b.input("s", "f32", ["n"]), keep = b.input("keep", "bool", [4]);
      return b.sum("y", ["n"], [4], (i, k) => mul(access(x, i!, k!), access(s, i!)), (_i, k) => access(keep, k!));
    });
    expect(canonical.run(graph)).toEqual(graph);
  });
});

test("share keeps one of two equal equations, whatever the order of factors", () => {
  const graph = graphOf((b) => {
    const x = b.input("x", "f32", ["n"]), z = b.input("z", "f32", ["n"]);
    const p = b.map("p", ["n"], mul(identityAccess(x), identityAccess(z)));
    const q = b.map("q", ["n"], mul(identityAccess(z), identityAccess(x)));
    return b.map("y", ["n"], add(identityAccess(p), identityAccess(q)));
  });
  expect(lineOf(share.run(graph), "y")).toBe("y[i0: n] = p[i0] + p[i0]");
  expect(share.run(graph).values.length).toBe(4);
});

test("fold reads through transposed copies, and outputs name the original", () => {
  const graph = graphOf((b) => {
    const x = b.input("x", "f32", ["n", 3]);
    const turned = b.map("turned", [3, "n"], (i, k) => access(x, k!, i!));
    const twice = b.map("twice", [3, "n"], (i, k) => mul(access(turned, i!, k!), real(2)));
    return b.map("y", [3, "n"], identityAccess(twice));
  });
  const after = prune.run(fold.run(graph));
  expect(after.values.map((value) => value.name)).toEqual(["x", "twice"]);
  expect(lineOf(after, "twice")).toBe("twice[i0: 3, i1: n] = x[i1, i0] * 2.0");
});

test("split reduces a long vector in two stages and leaves short ones", () => {
  const build = (length: number | string): Graph => graphOf((b) => {
    const x = b.parameter("x", [length]);
    return b.sum("y", [], [length], (i) => mul(access(x, i!), access(x, i!)));
  });
  const long = split.run(build("n"));
  expect(verify(long)).toEqual([]);
  expect(long.values.map((value) => value.shape.map(asNumber))).toEqual([[undefined], [256], []]);
  for (const n of [1, 255, 256, 257, 1000]) expectSame(build("n"), long, { n });
  expect(split.run(build(64))).toEqual(build(64));
});

function expectNarrowed(graph: Graph): void {
  const after = narrow.run(graph);
  expect(verify(after), printGraph(after)).toEqual([]);
  for (const value of after.values) expect(operandsOf(value).length, printGraph(after)).toBeLessThanOrEqual(7);
  for (const n of [1, 4]) expectSame(graph, after, { n });
}

test("narrow computes in steps what would bind more than eight ranges", () => {
  const build = (count: number): Graph => graphOf((b) => {
    const inputs = Array.from({ length: count }, (_, at) => b.input(`x${at}`, "f32", ["n", 3]));
    // A long sum, in a product with one more operand; half of it does not depend on the last axis.
    const sum = inputs.map((x, at): Expr => access(x, index(0), at % 2 ? int(1) : index(1))).reduce((a, c) => add(a, c));
    return b.sum("y", ["n"], [3], mul(sum, apply("exp", access(inputs[0]!, index(0), index(1)))));
  });
  expect(narrow.run(build(7))).toEqual(build(7));
  for (const count of [8, 9, 20]) expectNarrowed(build(count));
});

test("narrow counts what a condition reads as well, and parts what may be computed where it is not chosen", () => {
  const build = (count: number, of: (b: GraphBuilder, product: Expr, keep: Expr) => Equation): Graph => graphOf((b) => {
    const keep = b.input("keep", "bool", ["n", 3]);
    const inputs = Array.from({ length: count }, (_, at) => b.input(`x${at}`, "f32", ["n", 3]));
    return of(b, inputs.map((x): Expr => identityAccess(x)).reduce((a, c) => mul(a, c)), identityAccess(keep));
  });
  const summed = (count: number): Graph => build(count, (b, product, keep) => b.sum("y", ["n"], [3], product, keep));
  const chosen = (count: number): Graph => build(count, (b, product, keep) => b.map("y", ["n", 3], select(keep, product, real(0))));
  for (const made of [summed, chosen]) {
    expect(narrow.run(made(6))).toEqual(made(6));
    for (const count of [7, 8, 15]) expectNarrowed(made(count));
  }
  const kept = graphOf((b) => {
    const inputs = Array.from({ length: 12 }, (_, at) => identityAccess(b.input(`x${at}`, "f32", ["n", 3])));
    const where = inputs.slice(0, 9).map((x, at): Expr => apply("lt", x, inputs[at + 1]!)).reduce((a, c) => apply("and", a, c));
    return b.sum("y", ["n"], [3], mul(mul(inputs[9]!, inputs[10]!), inputs[11]!), where);
  });
  const counted = graphOf((b) => {
    const inputs = Array.from({ length: 9 }, (_, at) => identityAccess(b.input(`x${at}`, "i32", ["n"])));
    return b.map("y", ["n"], inputs.reduce<Expr>((a, c) => apply("iadd", a, c), int(1)));
  });
  for (const made of [kept, counted]) expectNarrowed(made);
});

test("narrow reads nothing where nothing is to be read", () => {
  const before = (b: GraphBuilder, name: string, count: number): Expr[] => Array.from({ length: count }, (_, at) => access(b.input(`${name}${at}`, "f32", ["n"]), apply("isub", index(0), int(1))));
  const product = (terms: readonly Expr[]): Expr => terms.reduce((a, c) => mul(a, c));
  const inside = apply("ilt", int(0), index(0));
  const chosen = graphOf((b) => b.map("y", ["n"], select(inside, product(before(b, "x", 8)), real(0))));
  const otherwise = graphOf((b) => b.map("y", ["n"], select(apply("not", inside), real(0), select(apply("lt", product(before(b, "u", 6)), real(0)), product(before(b, "x", 8)), product(before(b, "z", 3))))));
  const compared = graphOf((b) => b.sum("y", [], ["n"], product(before(b, "x", 5)), apply("and", inside, apply("lt", product(before(b, "u", 5)), product(before(b, "z", 9))))));
  for (const graph of [chosen, otherwise, compared]) expectNarrowed(graph);
});

test("prune drops what no output reads", () => {
  const graph = graphOf((b) => {
    const x = b.input("x", "f32", ["n"]);
    b.map("unused", ["n"], (i) => access(x, i!));
    return b.map("y", ["n"], apply("toReal", index(0)));
  });
  expect(prune.run(graph).values.map((value) => value.name)).toEqual(["y"]);
});
