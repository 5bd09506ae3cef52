/** A graph for every form that the fuser recognises, at sizes of one's choice: numbers, or names of sizes that are fed. */
import type { Dim } from "../../compiler/dim.ts";
import { type DimLike, GraphBuilder, toDim } from "../../compiler/ir/builder.ts";
import { access, add, apply, conjunction, identityAccess, imul, index, int, mul, real, select, sub } from "../../compiler/ir/expr.ts";
import type { GroupKind } from "../../compiler/ir/fused.ts";
import type { Equation, Expr, Graph, InputLeaf } from "../../compiler/ir/graph.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";

export interface Form {
  readonly name: string;
  /** The kinds of groups that it must become, in order; what merges into them is not named. */
  readonly kinds: readonly GroupKind[];
  /** Sizes R, C, K at which it computes with nothing, or nothing. */
  readonly empty?: readonly Readonly<Record<"R" | "C" | "K", number>>[];
  readonly build: (rows: DimLike, columns: DimLike, depth: DimLike) => Graph;
}

type Draft = (b: GraphBuilder, rows: DimLike, columns: DimLike, depth: DimLike) => void;

function form(name: string, kinds: readonly GroupKind[], draft: Draft, empty: Form["empty"] = []): Form {
  return {
    name,
    kinds,
    empty,
    build(rows, columns, depth) {
      const b = new GraphBuilder(name.replace(/\W+/g, "_"));
      draft(b, rows, columns, depth);
      return b.build();
    },
  };
}

const NO_ROWS = { R: 0, C: 3, K: 3 }, NO_DEPTH = { R: 3, C: 3, K: 0 };

const relu = (x: Expr): Expr => select(apply("lt", real(0), x), x, real(0));

/** A product with its left side through a ReLU, and a bias, a residual and a tanh behind it. */
function product(b: GraphBuilder, rows: DimLike, columns: DimLike, depth: DimLike, left: (i: Expr, k: Expr) => Expr, right: (k: Expr, j: Expr) => Expr): void {
  const bias = b.input("bias", "f32", [columns]), residual = b.input("residual", "f32", [rows, columns]);
  const gated = b.map("gated", [rows, depth], (i, k) => relu(left(i!, k!)));
  const total = b.sum("total", [rows, columns], [depth], (i, j, k) => mul(access(gated, i!, k!), right(k!, j!)));
  const y = b.map("y", [rows, columns], (i, j) => add(access(residual, i!, j!), apply("tanh", add(access(total, i!, j!), access(bias, j!)))));
  b.output("y", y);
}

/** Attention of `length` queries over as many keys, two heads of width 4, causal, with a padding mask. */
function attention(b: GraphBuilder, q: Equation | InputLeaf, k: Equation | InputLeaf, v: Equation | InputLeaf): Equation {
  const [batch, length] = q.shape as [Dim, Dim];
  const keep = b.input("keep", "bool", [batch, length]);
  const allowed = (i: Expr, t: Expr, s: Expr): Expr => conjunction([access(keep, i, s), apply("ile", s, t)]);
  const raw = b.sum("raw", [batch, 2, length, length], [4], (i, h, t, s, e) => mul(access(q, i!, t!, h!, e!), access(k, i!, s!, h!, e!)));
  const score = b.map("score", raw.shape, mul(real(0.5), identityAccess(raw)));
  const at = [0, 1, 2].map((axis) => index(axis)), every = index(3);
  const max = b.reduce("max", "max", [batch, 2, length], [length], access(score, ...at, every), allowed(at[0]!, at[2]!, every));
  const top = b.map("top", max.shape, apply("stop", identityAccess(max)));
  const e = b.map("e", raw.shape, select(allowed(at[0]!, at[2]!, every), apply("exp", sub(identityAccess(score), access(top, ...at))), real(0)));
  const total = b.sum("sum", max.shape, [length], access(e, ...at, every));
  const weight = b.map("weight", raw.shape, select(apply("lt", real(0), access(total, ...at)), apply("div", identityAccess(e), access(total, ...at)), real(0)));
  return b.sum("mixed", [batch, length, 2, 4], [length], (i, t, h, w, s) => mul(access(weight, i!, h!, t!, s!), access(v, i!, s!, h!, w!)));
}

const heads = (b: GraphBuilder, name: string, length: DimLike, batch: DimLike = 3): InputLeaf => b.input(name, "f32", [batch, length, 2, 4]);

export function streamForward(length: DimLike, batch: DimLike = 3): Graph {
  const b = new GraphBuilder("stream_forward");
  b.output("mixed", attention(b, heads(b, "q", length, batch), heads(b, "k", length, batch), heads(b, "v", length, batch)));
  return b.build();
}

export const FORMS: readonly Form[] = [
  form("map", ["map"], (b, rows, columns) => {
    const x = b.input("x", "f32", [rows, columns]), bias = b.input("bias", "f32", [columns]);
    b.output("y", b.map("y", [rows, columns], (i, j) => mul(access(x, i!, j!), apply("tanh", add(access(x, i!, j!), access(bias, j!))))));
  }, [NO_ROWS]),
  form("row", ["row"], (b, rows, columns) => {
    const x = b.input("x", "f32", [rows, columns]), gain = b.input("gain", "f32", [columns]);
    const peak = b.reduce("max", "peak", [rows], [columns], (i, j) => access(x, i!, j!));
    const total = b.sum("total", [rows], [columns], (i, j) => apply("exp", sub(access(x, i!, j!), access(peak, i!))));
    b.output("peak", peak);
    b.output("total", total);
    b.output("y", b.map("y", [rows, columns], (i, j) => mul(apply("div", apply("exp", sub(access(x, i!, j!), access(peak, i!))), access(total, i!)), access(gain, j!))));
  }, [NO_ROWS]),
  form("contract NN", ["contract"], (b, rows, columns, depth) => {
    const x = b.input("x", "f32", [rows, depth]), w = b.input("w", "f32", [depth, columns]);
    product(b, rows, columns, depth, (i, k) => access(x, i, k), (k, j) => access(w, k, j));
  }, [NO_ROWS, NO_DEPTH]),
  form("contract NT", ["contract"], (b, rows, columns, depth) => {
    const x = b.input("x", "f32", [rows, depth]), w = b.input("w", "f32", [columns, depth]);
    product(b, rows, columns, depth, (i, k) => access(x, i, k), (k, j) => access(w, j, k));
  }, [NO_ROWS, NO_DEPTH]),
  form("contract TN", ["contract"], (b, rows, columns, depth) => {
    const x = b.input("x", "f32", [depth, rows]), w = b.input("w", "f32", [depth, columns]);
    product(b, rows, columns, depth, (i, k) => access(x, k, i), (k, j) => access(w, k, j));
  }, [NO_ROWS, NO_DEPTH]),
  form("contract in batches", ["contract"], (b, rows, columns, depth) => {
    const x = b.input("x", "f32", [3, rows, depth]), w = b.input("w", "f32", [3, depth, columns]), scale = b.input("scale", "f32", [3]);
    const total = b.sum("total", [3, rows, columns], [depth], (z, i, j, k) => mul(access(x, z!, i!, k!), access(w, z!, k!, j!)));
    // No larger than what it is made of where depth is one: stored, so that it is no stream.
    b.output("total", total);
    b.output("y", b.map("y", total.shape, (z, i, j) => mul(access(total, z!, i!, j!), access(scale, z!))));
  }, [NO_ROWS, NO_DEPTH]),
  { name: "stream forward", kinds: ["stream"], build: (length) => streamForward(length) },
  {
    name: "stream backward",
    kinds: ["stream", "stream"],
    build(length) {
      const b = new GraphBuilder("stream_backward");
      const scaled = (name: string): Equation => {
        const x = heads(b, name, length), gain = b.parameter(`gain_${name}`, [2, 4]);
        return b.map(`${name}s`, x.shape, (i, t, h, e) => mul(access(x, i!, t!, h!, e!), access(gain, h!, e!)));
      };
      const mixed = attention(b, scaled("q"), scaled("k"), scaled("v"));
      const probe = b.input("probe", "f32", mixed.shape);
      b.output("loss", b.sum("loss", [], mixed.shape, mul(identityAccess(mixed), identityAccess(probe))));
      return differentiate(b.build());
    },
  },
  form("columns", ["columns"], (b, rows, columns) => {
    const x = b.input("x", "f32", [rows, columns]), g = b.input("g", "f32", [rows, columns]);
    b.output("gain", b.sum("gain", [columns], [rows], (j, i) => mul(access(x, i!, j!), access(g, i!, j!))));
    b.output("bias", b.sum("bias", [columns], [rows], (j, i) => access(g, i!, j!)));
  }, [NO_ROWS]),
  form("scatter", ["scatter"], (b, rows, columns, depth) => {
    // `depth` positions, each of which read one of `rows` rows.
    const ids = b.input("ids", "i32", [depth, 2], toDim(rows)), g = b.input("g", "f32", [depth, 2, columns]);
    const found = b.sum("table", [rows, columns], [depth, 2], (_r, j, p, q) => access(g, p!, q!, j!), (r, _j, p, q) => apply("ieq", access(ids, p!, q!), r!));
    b.output("y", b.map("y", found.shape, mul(identityAccess(found), real(3))));
  }, [NO_DEPTH]),
  form("prefix", ["prefix", "prefix"], (b, rows, columns) => {
    const x = b.input("x", "f32", [rows, columns]), keep = b.input("keep", "bool", [columns]);
    const before = b.sum("before", [rows, columns], [rows], (_t, j, u) => access(x, u!, j!), (t, _j, u) => apply("ilt", u!, t!));
    b.output("y", b.map("y", before.shape, add(identityAccess(before), identityAccess(x))));
    // Towards the end, with the place itself, and only some.
    b.output("most", b.reduce("max", "most", [rows, columns], [columns], (i, _t, u) => access(x, i!, u!), (_i, t, u) => conjunction([access(keep, u!), apply("ile", t!, u!)])));
  }, [NO_ROWS]),
  form("search", ["prefix", "search"], (b, rows, columns) => {
    const on = b.input("on", "bool", [rows, columns]);
    const upto = b.sum("upto", [rows, columns], [rows], (_t, j, u) => select(access(on, u!, j!), int(1), int(0)), (t, _j, u) => apply("ile", u!, t!));
    // Where the n-th one stands, or the number of rows.
    b.output("place", b.sum("place", [columns, rows], [rows], () => int(1), (j, n, u) => apply("ile", access(upto, u!, j!), n!)));
  }, [NO_ROWS]),
  form("naive", ["naive"], (b, rows, columns) => {
    const x = b.input("x", "f32", [columns, rows]);
    b.output("y", b.sum("y", [], [rows, columns], (i, j) => mul(access(x, j!, i!), apply("toReal", imul(i!, int(2))))));
  }, [NO_ROWS]),
];
