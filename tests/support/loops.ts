import * as dims from "../../compiler/dim.ts";
import { access, add, apply, iadd, identityAccess, index, int, mul, real, select, size } from "../../compiler/ir/expr.ts";
import { B_T, sample, type Sample } from "./sample.ts";

/** Loops: a time per step, first. */
export const LOOPS: readonly Sample[] = [
  ...[false, true].map((backwards) =>
    sample(`a recurrent cell${backwards ? ", from the end" : ""}`, B_T, (b) => {
      const x = b.parameter("x", ["B", "T", 3]), wx = b.parameter("wx", [3, 4]), wh = b.parameter("wh", [4, 4]), start = b.parameter("start", ["B", 4]);
      const fed = b.sum("fed", ["T", "B", 4], [3], (s, at, j, i) => mul(access(x, at, s, i), access(wx, i, j)));
      const init = b.map("h0", start.shape, identityAccess(start));
      const next = b.fresh();
      const h = b.carry("h", "T", init, next, backwards);
      const back = b.sum("back", ["T", "B", 4], [4], (s, at, j, k) => mul(access(h, backwards ? iadd(s, int(1)) : s, at, k), access(wh, k, j)));
      b.push({ id: next, kind: "equation", name: "next", type: "f32", shape: back.shape, body: apply("tanh", add(identityAccess(fed), identityAccess(back))) });
      const last = backwards ? int(0) : size(dims.named("T"));
      return b.map("y", ["B", "T", 4], (at, s, j) => mul(access(next, s, at, j), add(access(h, last, at, j), access(h, s, at, j))));
    })),
  sample("two carries, one of which skips steps", B_T, (b) => {
    const x = b.parameter("x", ["T", "B", 2]), w = b.parameter("w", [2]), start = b.parameter("start", ["B", 2]);
    const init = b.map("h0", start.shape, identityAccess(start)), empty = b.map("c0", start.shape, real(0));
    const [nextH, nextC] = [b.fresh(), b.fresh()];
    const h = b.carry("h", "T", init, nextH), c = b.carry("c", "T", empty, nextC);
    const shape = x.shape;
    const cell = b.map("cell", shape, (s, at, j) => add(mul(access(c, s, at, j), apply("tanh", access(h, s, at, j))), access(x, s, at, j)));
    const kept = apply("lt", real(0), access(x, index(0), index(1), int(0)));
    b.push({ id: nextC, kind: "equation", name: "nextC", type: "f32", shape, body: select(kept, identityAccess(cell), access(c, index(0), index(1), index(2))) });
    b.push({ id: nextH, kind: "equation", name: "nextH", type: "f32", shape, body: mul(apply("tanh", identityAccess(cell)), access(w, index(2))) });
    return b.map("y", ["B", 2], (at, j) => add(access(h, size(dims.named("T")), at, j), access(c, size(dims.named("T")), at, j)));
  }),
  sample("a carry that is what came before", B_T, (b) => {
    const x = b.parameter("x", ["T", "B"]), start = b.parameter("start", ["B"]);
    const init = b.map("h0", start.shape, identityAccess(start));
    const next = b.map("next", x.shape, (s, at) => mul(access(x, s, at), access(x, s, at)));
    const h = b.carry("h", "T", init, next.id);
    return b.map("y", x.shape, (s, at) => mul(access(h, s, at), access(x, s, at)));
  }),
];
