import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { partsOf } from "../../compiler/ir/recurrence.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { visitExpr } from "../../compiler/ir/expr.ts";
import { expressionsOf } from "../../compiler/ir/walk.ts";
import { sourceFile } from "../../grammar/index.ts";
import { checkedModel, library } from "../support/reference.ts";

function graphOf(forward: string): Graph {
  const graph = checkedModel("m.tfm", `model M() {\n${forward}\n}\n`).entries[0]!.graph;
  expect(verify(graph)).toEqual([]);
  return graph;
}

const loops = (graph: Graph) => partsOf(graph).flatMap((part) => ("members" in part ? [part] : []));

test("a carry may be a single number, and what is collected has the loop's index wherever it stands", () => {
  const graph = graphOf(`forward(x: [N]) -> [N], real {
    scan t < N with so_far = 0.0, count = 1 {
      so_far = so_far * 0.5 + x[t] * count
      count  = count + t
      seen[t] = so_far
    }
    return seen, so_far
  }`);
  const x = [3, -1, 4, 1, -5];
  let [sum, count] = [0, 1];
  const wanted = x.map((value, t) => {
    sum = sum * 0.5 + value * count;
    count += t;
    return sum;
  });
  const [seen, last] = Object.values(interpret(graph, { sizes: { N: 5 }, inputs: { x } }).outputs);
  expect([...seen!.data]).toEqual(wanted);
  expect([...last!.data]).toEqual([sum]);
});

test("collected in the middle of other axes, and read again by another scan", () => {
  const graph = graphOf(`forward(x: [B, T, 2]) -> [B, 2, T] {
    empty[b < B, j < 2] = 0.0
    scan t < T with h = empty {
      h[b,j] = h[b,j] * 2 + x[b,t,j]
      up[b,t,j] = h[b,j]
    }
    scan t < T with g = empty {
      g[b,j] = up[b,T-1-t,j] - g[b,j]
      down[b,j,t] = g[b,j]
    }
    return down
  }`);
  expect(loops(graph).length).toBe(2);
  const [B, T] = [2, 3];
  const x = Array.from({ length: B * T * 2 }, (_, k) => (k * 5) % 7);
  const wanted: number[] = [];
  for (let b = 0; b < B; b++)
    for (let j = 0; j < 2; j++) {
      let [h, g] = [0, 0];
      const up = Array.from({ length: T }, (_, t) => (h = h * 2 + x[(b * T + t) * 2 + j]!));
      for (let t = 0; t < T; t++) wanted.push((g = up[T - 1 - t]! - g));
    }
  expect([...Object.values(interpret(graph, { sizes: { B, T }, inputs: { x } }).outputs)[0]!.data]).toEqual(wanted);
});

test("what does not depend on a carry stands outside of the loop", () => {
  const graph = graphOf(`param w: [2, 2] ~ zeros
  param v: [2, 2] ~ zeros
  forward(x: [B, T, 2]) -> [B, 2] {
    empty[b < B, j < 2] = 0.0
    scan t < T with h = empty {
      outer[b,j] = sum[i] x[b,t,i] * w[i,j]
      inner[b,j] = sum[i] h[b,i] * v[i,j]
      h = outer + inner
      late[b,t,j] = sum[i] h[b,i] * w[i,j]
    }
    y[b,j] = sum[t] late[b,t,j]
    return y
  }`);
  const [loop] = loops(graph);
  const members = loop!.members.filter(({ reduce }) => reduce).map(({ name }) => name);
  expect(members).toEqual(["inner"]);
});

test("every time draws anew", () => {
  const graph = graphOf(`forward(x: [B]) -> [B] {
    scan t < 4 with h = x {
      draw u: [B] ~ uniform
      h = h + u
    }
    return h
  }`);
  const shapes: string[] = [];
  for (const value of graph.values)
    for (const expr of expressionsOf(value)) visitExpr(expr, (node) => void (node.kind === "draw" && shapes.push(`${node.coordinates.length} of ${node.sizes.length}`)));
  expect(shapes).toEqual(["2 of 2"]);
  const drawn = new Set<number>();
  interpret(graph, { sizes: { B: 3 }, inputs: { x: [0, 0, 0] }, uniform: (_site, _step, _micro, at) => (drawn.add(at), 0.5) });
  expect([...drawn].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at));
});

test("a carry that follows something else is no loop", () => {
  const graph = graphOf(`forward(x: [T]) -> [T] {
    scan t < T with before = 0.0 {
      change[t] = x[t] - before
      before = x[t]
    }
    return change
  }`);
  expect([...Object.values(interpret(graph, { sizes: { T: 4 }, inputs: { x: [3, 5, 4, 4] } }).outputs)[0]!.data]).toEqual([3, 2, -1, 0]);
});

const refused: readonly (readonly [what: string, code: string, body: string])[] = [
  ["a scan within a scan", "unsupported", "scan t < T with h = 0.0 { scan s < T with g = h { g = g + x[s] }\n h = g }\n return h"],
  ["a carry that changes its shape", "carry-differs", "scan t < T with h = 0.0 { h = x }\n return h"],
  ["a carry that changes its type", "carry-differs", "scan t < T with h = 0 { h = x[t] }\n return 1.0 * h"],
  ["a variable of the body behind the loop", "name-unknown", "scan t < T with h = 0.0 { inside = h + x[t]\n h = inside }\n return inside"],
  ["the index behind the loop", "unbound-index", "scan t < T with h = 0.0 { h = h + x[t] }\n return h + x[t]"],
  ["the index bound again", "index-twice", "scan t < T with h = 0.0 { h = h + sum[t] x[t] }\n return h"],
  ["a carry with a built-in name", "hides-name", "scan t < T with sum = 0.0 { sum = sum + x[t] }\n return 1.0"],
  ["a return from within", "misplaced-item", "scan t < T with h = 0.0 { return h }\n return h"],
  ["an index that leaves a tensor", "out-of-bounds", "scan t < T with h = 0.0 { h = h + x[t + 1] }\n return h"],
  ["what is collected, read within the loop", "name-unknown", "scan t < T with h = 0.0 { h = h + x[t]\n seen[t] = h\n h = h + seen[t] }\n return h"],
];

test.each(refused)("%s is refused", (_, code, body) => {
  const { diagnostics } = check(sourceFile("m.tfm", `model M() {\n forward(x: [T]) -> real {\n ${body}\n }\n}\n`), { std: library() });
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
});
