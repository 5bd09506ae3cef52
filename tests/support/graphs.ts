/** A bank of small graphs, one per way of accessing a tensor that the library and users are likely to write. Each ends in a scalar `loss`. */
import type { Dim } from "../../compiler/dim.ts";
import * as dims from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import {
  access, add, apply, conjunction, div, draw, iadd, idiv, identityAccess, imod, imul, index, int, isub, mul, neg, real, select, size, sub,
} from "../../compiler/ir/expr.ts";
import type { Equation, Expr, Graph, StateLeaf } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { draws, philox4x32, unitFloat } from "../../runtime/random/philox.ts";
import { LOOPS } from "./loops.ts";
import { B_T, sample, type Sample, T_ALONE } from "./sample.ts";

const n = (name: string): Dim => dims.named(name);
const lt = (a: Expr, b: Expr): Expr => apply("ilt", a, b);
const le = (a: Expr, b: Expr): Expr => apply("ile", a, b);
const both = (...conditions: Expr[]): Expr => conjunction(conditions);

/** Normed over the last axis, as the library writes it. */
function normed(b: GraphBuilder, x: Equation | StateLeaf, d: number): Equation {
  const lead = x.shape.slice(0, -1);
  const at = lead.map((_, k) => index(k)), i = index(lead.length);
  const total = b.sum("total", lead, [d], access(x, ...at, i));
  const mu = b.map("mu", lead, div(identityAccess(total), real(d)));
  const centred = sub(access(x, ...at, i), access(mu, ...at));
  const squares = b.sum("squares", lead, [d], mul(centred, centred));
  const variance = b.map("var", lead, div(identityAccess(squares), real(d)));
  const gain = b.parameter("gain", [d]), bias = b.parameter("bias", [d]);
  const scaled = div(centred, apply("sqrt", add(access(variance, ...at), real(1e-5))));
  return b.map("normed", x.shape, add(mul(scaled, access(gain, i)), access(bias, i)));
}

/** Softmax over the last axis; `keep` sees the indices of the result. */
function softmax(b: GraphBuilder, x: Equation | StateLeaf, keep: (...at: Expr[]) => Expr): Equation {
  const lead = x.shape.slice(0, -1), last = x.shape.at(-1)!;
  const at = x.shape.map((_, k) => index(k)), rows = at.slice(0, -1);
  const max = b.reduce("max", "max", lead, [last], identityAccess(x), keep(...at));
  const top = b.map("top", lead, apply("stop", identityAccess(max)));
  const e = b.map("e", x.shape, select(keep(...at), apply("exp", sub(identityAccess(x), access(top, ...rows))), real(0)));
  const total = b.sum("rowsum", lead, [last], identityAccess(e));
  const positive = apply("lt", real(0), access(total, ...rows));
  return b.map("weight", x.shape, select(positive, div(identityAccess(e), access(total, ...rows)), real(0)));
}

export const SAMPLES: readonly Sample[] = [
  ...LOOPS,
  sample("linear", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 4]), w = b.parameter("w", [4, 3]), bias = b.parameter("bias", [3]);
    const product = b.sum("product", ["B", "T", 3], [4], (i, t, o, k) => mul(access(x, i!, t!, k!), access(w, k!, o!)));
    return b.map("y", ["B", "T", 3], (i, t, o) => add(access(product, i!, t!, o!), access(bias, o!)));
  }),
  sample("two-layers", B_T, (b) => {
    const x = b.input("x", "f32", ["B", "T", 4]), w = b.parameter("w", [4, 5]), v = b.parameter("v", [5, 3]);
    const up = b.sum("up", ["B", "T", 5], [4], (i, t, o, k) => mul(access(x, i!, t!, k!), access(w, k!, o!)));
    const h = b.map("h", ["B", "T", 5], mul(identityAccess(up), add(real(1), apply("erf", mul(identityAccess(up), real(Math.SQRT1_2))))));
    const down = b.sum("down", ["B", "T", 3], [5], (i, t, o, k) => mul(access(h, i!, t!, k!), access(v, k!, o!)));
    return b.map("y", ["B", "T", 3], apply("tanh", identityAccess(down)));
  }),
  sample("norm", B_T, (b) => normed(b, b.parameter("x", ["B", "T", 6]), 6)),
  sample("softmax", B_T, (b) => {
    const keep = b.input("keep", "bool", ["B", "T"]);
    return softmax(b, b.parameter("x", ["B", 3, "T"]), (i, _t, s) => access(keep, i!, s!));
  }),
  sample("attention", B_T, (b) => {
    const keep = b.input("keep", "bool", ["B", "T"]);
    const q = b.parameter("q", ["B", "T", 4, 3]), k = b.parameter("k", ["B", "T", 2, 3]), v = b.parameter("v", ["B", "T", 2, 3]);
    const raw = b.sum("raw", ["B", 4, "T", "T"], [3], (i, h, t, s, e) => mul(access(q, i!, t!, h!, e!), access(k, i!, s!, idiv(h!, int(2)), e!)));
    const score = b.map("score", raw.shape, mul(real(3 ** -0.5), identityAccess(raw)));
    const weight = softmax(b, score, (i, _h, t, s) => both(access(keep, i!, s!), le(s!, t!)));
    return b.sum("mixed", ["B", "T", 4, 3], ["T"], (i, t, h, e, s) => mul(access(weight, i!, h!, t!, s!), access(v, i!, s!, idiv(h!, int(2)), e!)));
  }),
  sample("cross-entropy", B_T, (b) => {
    const logits = b.parameter("logits", ["B", "T", 7]), target = b.input("target", "i32", ["B", "T"], 7), keep = b.input("keep", "bool", ["B", "T"]);
    const top = b.reduce("max", "top", ["B", "T"], [7], identityAccess(logits));
    const stopped = b.map("stopped", ["B", "T"], apply("stop", identityAccess(top)));
    const total = b.sum("total", ["B", "T"], [7], (i, t, v) => apply("exp", sub(access(logits, i!, t!, v!), access(stopped, i!, t!))));
    const lse = b.map("lse", ["B", "T"], add(identityAccess(stopped), apply("log", identityAccess(total))));
    const hit = b.map("hit", ["B", "T"], (i, t) => access(logits, i!, t!, access(target, i!, t!)));
    const sum = b.sum("sum", [], ["B", "T"], sub(identityAccess(lse), identityAccess(hit)), identityAccess(keep));
    const count = b.sum("count", [], ["B", "T"], apply("fromBool", identityAccess(keep)));
    return b.map("mean", [], select(apply("ilt", int(0), access(count)), div(access(sum), apply("toReal", access(count))), real(0)));
  }),
  sample("embedding", B_T, (b) => {
    const table = b.parameter("table", [5, 3]), ids = b.input("ids", "i32", ["B", "T"], 5);
    return b.map("y", ["B", "T", 3], (i, t, e) => mul(access(table, access(ids, i!, t!), e!), real(2)));
  }),
  sample("gather-rows", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 3]), at = b.input("at", "i32", ["B", 4], n("T"));
    return b.map("y", ["B", 4, 3], (i, k, e) => access(x, i!, access(at, i!, k!), e!));
  }, { least: { T: 1 } }),
  sample("concat", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]), z = b.parameter("z", ["B", 3]);
    const width = dims.add(n("T"), dims.constant(3));
    return b.map("y", ["B", width], (i, k) => select(lt(k!, size(n("T"))), access(x, i!, k!), access(z, i!, isub(k!, size(n("T"))))));
  }),
  sample("shift", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]);
    return b.map("y", ["B", "T"], (i, t) => select(le(int(1), t!), access(x, i!, isub(t!, int(1))), real(0.5)));
  }),
  sample("reverse", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]);
    return b.map("y", ["B", "T"], (i, t) => access(x, i!, isub(size(dims.subtract(n("T"), dims.ONE)), t!)));
  }),
  sample("slice", B_T, (b) => {
    const table = b.parameter("table", [8, 3]), x = b.parameter("x", ["B", "T", 3]);
    return b.map("y", ["B", "T", 3], (i, t, e) => mul(access(x, i!, t!, e!), access(table, t!, e!)));
  }, { most: { T: 8 } }),
  sample("pinned", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 3]);
    return b.map("y", ["B", 3], (i, e) => access(x, i!, int(0), e!));
  }, { least: { T: 1 } }),
  sample("pinned-sum", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 3]);
    return b.map("y", ["B", 3, 2], (i, e, r) => mul(access(x, i!, int(0), e!), apply("toReal", r!)));
  }, { least: { T: 1 } }),
  sample("diagonal", [{ N: 1 }, { N: 4 }], (b) => {
    const x = b.parameter("x", ["N", "N"]);
    return b.map("y", ["N"], (i) => mul(access(x, i!, i!), access(x, i!, i!)));
  }),
  sample("transpose", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 2]);
    return b.map("y", [2, "T", "B"], (e, t, i) => access(x, i!, t!, e!));
  }),
  sample("prefix-sum", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]);
    return b.sum("y", ["B", "T"], ["T"], (i, _t, u) => access(x, i!, u!), (_i, t, u) => le(u!, t!));
  }),
  sample("heads", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 6]);
    return b.map("y", ["B", "T", 2, 3], (i, t, h, e) => access(x, i!, t!, iadd(imul(h!, int(3)), e!)));
  }),
  sample("merge-heads", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 2, 3]);
    return b.map("y", ["B", "T", 6], (i, t, d) => access(x, i!, t!, idiv(d!, int(3)), imod(d!, int(3))));
  }),
  sample("groups", B_T, (b) => {
    const x = b.parameter("x", ["B", 2, "T"]);
    return b.map("y", ["B", 6, "T"], (i, h, t) => mul(access(x, i!, idiv(h!, int(3)), t!), apply("toReal", iadd(h!, int(1)))));
  }),
  sample("groups-cut", T_ALONE, (b) => {
    // Seven rows in groups of three: the last group is short.
    const x = b.parameter("x", [3, "T"]);
    return b.map("y", [7, "T"], (h, t) => mul(access(x, idiv(h!, int(3)), t!), apply("toReal", iadd(h!, int(1)))));
  }),
  sample("remainders", T_ALONE, (b) => {
    const x = b.parameter("x", [3, "T"]);
    return b.map("y", [7, "T"], (h, t) => mul(access(x, imod(h!, int(3)), t!), apply("toReal", iadd(h!, int(1)))));
  }),
  sample("patches", [{ B: 1 }, { B: 3 }], (b) => {
    const image = b.parameter("image", ["B", 6, 6, 2]), w = b.parameter("w", [3, 3, 2, 4]);
    return b.sum("y", ["B", 4, 4], [3, 3, 2], (i, k, o, p, q, c) =>
      mul(access(image, i!, iadd(imul(idiv(k!, int(2)), int(3)), p!), iadd(imul(imod(k!, int(2)), int(3)), q!), c!), access(w, p!, q!, c!, o!)));
  }),
  sample("pixels", [{ B: 1 }, { B: 2 }], (b) => {
    const image = b.parameter("image", ["B", 6, 4, 2]);
    return b.map("y", ["B", 4, 12], (i, k, m) =>
      access(image, i!,
        iadd(imul(idiv(k!, int(2)), int(3)), idiv(m!, int(4))),
        iadd(imul(imod(k!, int(2)), int(2)), imod(idiv(m!, int(2)), int(2))),
        imod(m!, int(2))));
  }),
  ...[1, 2, 3].map((stride) => sample(`convolution-${stride}`, [{ H: stride }, { H: 2 * stride }, { H: 3 * stride }], (b) => {
    const x = b.parameter("x", ["H", 6, 2]), w = b.parameter("w", [3, 3, 2, 2]);
    const rows = dims.quotient("floor", n("H"), dims.constant(stride));
    return b.sum("y", [rows, 6 / stride, 2], [3, 3, 2], (r, c, o, p, q, i) => {
      const row = isub(iadd(imul(r!, int(stride)), p!), int(1)), column = isub(iadd(imul(c!, int(stride)), q!), int(1));
      const inside = both(le(int(0), row), lt(row, size(n("H"))), le(int(0), column), lt(column, int(6)));
      return mul(select(inside, access(x, row, column, i!), real(0)), access(w, p!, q!, i!, o!));
    });
  })),
  sample("pool", [{ B: 1 }, { B: 3 }], (b) => {
    const x = b.parameter("x", ["B", 6, 4]);
    return b.reduce("max", "y", ["B", 3, 2], [2, 2], (i, r, c, p, q) => access(x, i!, iadd(imul(r!, int(2)), p!), iadd(imul(c!, int(2)), q!)));
  }),
  sample("masked-max", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 2]), keep = b.input("keep", "bool", ["B", "T"]);
    const best = b.reduce("max", "best", ["B"], ["T", 2], (i, t, e) => access(x, i!, t!, e!), (i, t) => access(keep, i!, t!));
    const some = b.reduce("any", "some", ["B"], ["T"], (i, t) => access(keep, i!, t!));
    return b.map("y", ["B"], (i) => select(access(some, i!), access(best, i!), real(0)));
  }),
  sample("best-of-pairs", [{ B: 1 }, { B: 3 }], (b) => {
    // Each term stands there twice: the first of the two is the place.
    const x = b.parameter("x", ["B", 2]);
    const place = b.reduce("argmax", "place", ["B"], [4], (i, k) => access(x, i!, idiv(k!, int(2))));
    return b.map("y", ["B"], (i) => mul(access(x, i!, idiv(access(place, i!), int(2))), apply("toReal", access(place, i!))));
  }),
  sample("first-rows", [{ B: 1, T: 4 }, { B: 2, T: 7 }], (b) => {
    // Of what every row is needed of, the first four alone are summed.
    const x = b.parameter("x", ["B", "T", 3]);
    const z = b.map("z", ["B", "T", 3], apply("sin", mul(identityAccess(x), identityAccess(x))));
    const total = b.sum("total", ["B", 4], [3], (i, t, e) => mul(access(z, i!, t!, e!), access(z, i!, t!, e!)));
    return b.map("y", ["B", "T", 3], (i, t, e) => mul(access(z, i!, t!, e!), access(total, i!, imod(t!, int(4)))));
  }, { least: { T: 4 } }),
  sample("least", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]);
    return b.reduce("min", "y", ["T"], ["B"], (t, i) => mul(access(x, i!, t!), access(x, i!, t!)));
  }),
  sample("rotary", B_T, (b) => {
    const x = b.parameter("x", ["B", "T", 4]);
    const angle = b.hostTable("angle", ["T", 4], (t, e) => mul(apply("toReal", t!), apply("pow", real(100), div(apply("toReal", imul(int(-2), imod(e!, int(2)))), real(4)))));
    const turned = b.map("turned", ["B", "T", 4], (i, t, e) =>
      select(lt(e!, int(2)), neg(access(x, i!, t!, iadd(e!, int(2)))), access(x, i!, t!, isub(e!, int(2)))));
    return b.map("y", ["B", "T", 4], (i, t, e) =>
      add(mul(access(x, i!, t!, e!), apply("cos", access(angle, t!, e!))), mul(access(turned, i!, t!, e!), apply("sin", access(angle, t!, e!)))));
  }),
  sample("dropout", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]);
    return b.map("y", ["B", "T"], (i, t) =>
      select(apply("lt", draw(17, [i!, t!], [n("B"), n("T")]), real(0.3)), real(0), div(access(x, i!, t!), real(0.7))));
  }),
  sample("silu-gate", B_T, (b) => {
    const x = b.parameter("x", ["B", "T"]), g = b.parameter("g", ["B", "T"]);
    const sigmoid = (e: Expr): Expr => mul(real(0.5), add(real(1), apply("tanh", mul(real(0.5), e))));
    const [at, gate] = [identityAccess(x), identityAccess(g)];
    return b.map("y", ["B", "T"], mul(mul(gate, sigmoid(gate)), at));
  }),
  sample("pairwise", [{ N: 1 }, { N: 3 }], (b) => {
    const x = b.parameter("x", ["N", 3]);
    return b.sum("y", ["N", "N"], [3], (i, j, k) => mul(access(x, i!, k!), access(x, j!, k!)));
  }),
  sample("relative-bias", B_T, (b) => {
    const table = b.parameter("table", [2, 9]), x = b.parameter("x", ["B", 2, "T", "T"]);
    return b.map("y", ["B", 2, "T", "T"], (i, h, t, s) =>
      mul(access(x, i!, h!, t!, s!), access(table, h!, iadd(isub(s!, t!), int(4)))));
  }, { most: { T: 5 } }),
  sample("mean-of-broadcast", B_T, (b) => {
    const x = b.parameter("x", ["B"]);
    const wide = b.map("wide", ["B", "T"], (i) => access(x, i!));
    const total = b.sum("total", ["B"], ["T"], (i, t) => access(wide, i!, t!));
    return b.map("y", ["B"], (i) => div(access(total, i!), apply("toReal", size(n("T")))));
  }, { least: { T: 1 } }),
];

/** Inputs and states for a graph: reals near 0, indices within their range, masks mostly true. */
export function bindingsFor(graph: Graph, sizes: Readonly<Record<string, number>>, seed = 1): Required<Omit<Bindings, "micro">> {
  const random = draws(seed);
  const inputs: Record<string, Float64Array> = {}, states: Record<string, Float64Array> = {};
  for (const value of graph.values) {
    if (value.kind !== "input" && value.kind !== "state") continue;
    const length = value.shape.reduce((product, dim) => product * dims.evaluate(dim, sizes), 1);
    const range = value.kind === "input" && value.range ? dims.evaluate(value.range, sizes) : 4;
    const data = new Float64Array(length);
    for (let at = 0; at < length; at++) data[at] = value.type === "f32" ? random.normal() * 0.7 : value.type === "bool" ? +(random.uniform() < 0.7) : random.below(range);
    if (value.kind === "input") inputs[value.field] = data;
    else states[stateKey(value.state)] = data;
  }
  return { sizes, inputs, states, step: 3, uniform: uniformOf(seed) };
}

/** A draw per site, step, micro-batch and element. */
export function uniformOf(seed: number): NonNullable<Bindings["uniform"]> {
  return (site, step, micro, element) => unitFloat(philox4x32([element >>> 0, 0, step, micro], [seed, site])[0]);
}

