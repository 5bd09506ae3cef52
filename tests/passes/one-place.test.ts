import { describe, expect, test } from "vitest";
import * as dims from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add, apply, draw, identityAccess, int, mul, real, select, size } from "../../compiler/ir/expr.ts";
import type { Equation, Graph } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { atOnePlace } from "../../compiler/passes/one-place.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import type { Requirement } from "../../runtime/program.ts";
import { bindingsFor, uniformOf } from "../support/graphs.ts";
import { randomModel } from "../support/random-model.ts";
import { randomBelow } from "../support/random-program.ts";
import { checkedModel } from "../support/reference.ts";

const THERE: readonly Requirement[] = [{ text: "T > 0", test: { kind: "nonnegative", size: dims.subtract(dims.named("T"), dims.ONE) } }];
const last = size(dims.subtract(dims.named("T"), dims.ONE));

function graphOf(build: (b: GraphBuilder) => Equation): Graph {
  const b = new GraphBuilder("small");
  b.output("y", build(b));
  return b.build();
}

/** The equations, without their numbers. Checks that they mean what they meant. */
function equations(graph: Graph, requires = THERE): string[] {
  const placed = atOnePlace(graph, requires);
  expect(verify(placed)).toEqual([]);
  for (const sizes of [{ B: 2, T: 1 }, { B: 1, T: 5 }]) {
    const bindings = { ...bindingsFor(graph, sizes), uniform: uniformOf(1) };
    expect(interpret(placed, bindings).outputs["y"]).toEqual(interpret(graph, bindings).outputs["y"]);
  }
  return printGraph(placed).split("\n").filter((line) => line.includes(" = ")).map((line) => line.trim().replace(/^%\d+ /, ""));
}

describe("a value that is read at one place of an axis", () => {
  test("is computed there alone, and so is what only that reads", () => {
    expect(equations(graphOf((b) => {
      const x = b.input("x", "f32", ["B", "T", 3]);
      const g = b.map("g", ["B", "T", 3], (i, t, k) => mul(access(x, i!, t!, k!), real(2)));
      const h = b.sum("h", ["B", "T"], [3], (i, t, k) => mul(access(g, i!, t!, k!), apply("toReal", apply("iadd", t!, k!))));
      return b.map("y", ["B"], (i) => access(h, i!, last));
    }))).toEqual([
      "g[i0: B, i1: 3] = x[i0, (T - 1), i1] * 2.0",
      "h[i0: B] = sum[i1: 3] g[i0, i1] * real((T - 1) + i1)",
      "y[i0: B] = h[i0]",
    ]);
  });
  test("keeps its axis where another reads it elsewhere, as the keys that a place looks at", () => {
    expect(equations(graphOf((b) => {
      const x = b.input("x", "f32", ["B", "T"]);
      const k = b.map("k", ["B", "T"], mul(identityAccess(x), real(2)));
      const q = b.map("q", ["B", "T"], mul(identityAccess(x), real(3)));
      const score = b.map("score", ["B", "T", "T"], (i, t, s) => mul(access(q, i!, t!), access(k, i!, s!)));
      const mixed = b.sum("mixed", ["B", "T"], ["T"], (i, t, s) => access(score, i!, t!, s!), (_, t, s) => apply("ile", s!, t!));
      return b.map("y", ["B"], (i) => access(mixed, i!, last));
    }))).toEqual([
      "k[i0: B, i1: T] = x[i0, i1] * 2.0",
      "q[i0: B] = x[i0, (T - 1)] * 3.0",
      "score[i0: B, i1: T] = q[i0] * k[i0, i1]",
      "mixed[i0: B] = sum[i1: T where i1 <= (T - 1)] score[i0, i1]",
      "y[i0: B] = mixed[i0]",
    ]);
  });
  test("at two places keeps its axis, at a place of each of two axes loses both", () => {
    const [two, each] = [[last, int(0)], [last, last]].map(([a, c]) => equations(graphOf((b) => {
      const x = b.input("x", "f32", ["T", 4]);
      const h = b.map("h", ["T", 4], mul(identityAccess(x), real(2)));
      return b.map("y", [], add(access(h, a!, int(3)), access(h, c!, int(3))));
    })));
    expect(two).toEqual(["h[i0: T] = x[i0, 3] * 2.0", "y[] = h[(T - 1)] + h[0]"]);
    expect(each).toEqual(["h[] = x[(T - 1), 3] * 2.0", "y[] = h[] + h[]"]);
  });
  test("that may not be there keeps its axis: it may be read under a condition", () => {
    const graph = graphOf((b) => {
      const x = b.input("x", "f32", ["T"]);
      const h = b.map("h", ["T"], mul(identityAccess(x), real(2)));
      return b.map("y", [], select(apply("ilt", int(0), size(dims.named("T"))), access(h, int(0)), real(7)));
    });
    expect(equations(graph, [])).toEqual(["h[i0: T] = x[i0] * 2.0", "y[] = if 0 < T then h[0] else 7.0"]);
    expect(equations(graph)).toEqual(["h[] = x[0] * 2.0", "y[] = if 0 < T then h[] else 7.0"]);
    expect(interpret(atOnePlace(graph, []), bindingsFor(graph, { T: 0 })).outputs["y"]!.data).toEqual(Float64Array.of(7));
  });
  test("draws what it drew", () => {
    expect(equations(graphOf((b) => {
      const noise = b.map("noise", ["B", "T"], (i, t) => draw(5, [i!, t!], [dims.named("B"), dims.named("T")]));
      return b.map("y", ["B"], (i) => access(noise, i!, last));
    }))[0]).toMatch(/^noise\[i0: B\] = /);
  });
  test("of which a loop hands on each time keeps its times", () => {
    const lines = equations(graphOf((b) => {
      const x = b.input("x", "f32", ["T", 2]);
      const init = b.map("init", [2], real(0));
      const next = b.fresh();
      const carry = b.carry("h", "T", init, next);
      b.push({ kind: "equation", id: next, name: "after", type: "f32", shape: [dims.named("T"), dims.constant(2)], body: add(mul(access(carry, { kind: "index", at: 0 }, { kind: "index", at: 1 }), real(0.5)), identityAccess(x)) });
      const seen = b.map("seen", ["T", 2], (t, k) => mul(access(carry, apply("iadd", t!, int(1)), k!), real(2)));
      return b.map("y", [2], (k) => access(seen, last, k!));
    }));
    expect(lines).toContain("after[i0: T, i1: 2] = h[i0, i1] * 0.5 + x[i0, i1]");
    expect(lines).toContain("seen[i0: 2] = h[(T - 1) + 1, i0] * 2.0");
  });
});

/** The last place, of the first axis of T elements, of some of a random model's values. */
function lastOfSome(seed: number): Graph | undefined {
  const below = randomBelow(seed);
  const { graph } = checkedModel("random.tfm", randomModel(seed, "all")).entries[0]!;
  const length = dims.named("T");
  const axisOf = ({ shape }: Graph["values"][number]): number => shape.findIndex((dim) => dims.equal(dim, length));
  const able = graph.values.filter((value) => value.kind === "equation" && axisOf(value) >= 0);
  if (able.length === 0) return undefined;
  const b = new GraphBuilder("some", { values: graph.values, outputs: [] });
  for (let left = 1 + below(2); left > 0; left--) {
    const value = able[below(able.length)]!, axis = axisOf(value);
    b.output(`y${left}`, b.map(`y${left}`, value.shape.filter((_, at) => at !== axis), (...rest) => access(value, ...rest.slice(0, axis), last, ...rest.slice(axis))));
  }
  return prunedGraph(b.build());
}

test("of random models what is left is what it was", () => {
  let fewer = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const graph = lastOfSome(seed);
    if (graph === undefined) continue;
    const placed = atOnePlace(graph, THERE);
    expect(verify(placed)).toEqual([]);
    const ranks = ({ values }: Graph): number => values.reduce((sum, { shape }) => sum + shape.length, 0);
    if (ranks(placed) < ranks(graph)) fewer++;
    for (const sizes of [{ B: 2, T: 1 }, { B: 3, T: 5 }]) {
      const bindings = bindingsFor(graph, sizes, seed);
      expect(interpret(placed, bindings).outputs, `seed ${seed}`).toEqual(interpret(graph, bindings).outputs);
    }
  }
  expect(fewer).toBeGreaterThan(15);
});
