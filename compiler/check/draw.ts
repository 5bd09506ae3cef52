/** `draw u: [B] ~ uniform`: random numbers, addressed by their site and their index. */
import type { Held } from "../../grammar/ast.ts";
import * as dims from "../dim.ts";
import { draw, index, int, real, size as sizeExpr } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import { fnv1a } from "../ir/fnv1a.ts";
import * as errors from "./errors.ts";
import { evaluateSize } from "./evaluate.ts";
import { apply } from "./fold.ts";
import type { Initializer } from "./model.ts";
import { toReal } from "./tensor.ts";
import type { Size, Val } from "./value.ts";
import { POISON } from "./value.ts";
import type { Context } from "./world.ts";
import { joinPath, originOf } from "./world.ts";

/** A draw is an expression in all that reads it; without axes it is a number with a name as well. */
export function drawn(item: Held, shape: readonly Size[], from: Initializer, ctx: Context): Val {
  const value = drawnTensor(item, shape, from, ctx);
  if (value.kind === "tensor" && shape.length === 0 && !ctx.time) ctx.run.noteScalar(joinPath(ctx.frame.path, item.name.text), value.body, originOf(item.name.span));
  return value;
}

function drawnTensor(item: Held, shape: readonly Size[], from: Initializer, ctx: Context): Val {
  const axes = shape.map((size, at) => ctx.world.variable(`axis${at}`, size));
  // Every round of a `for` draws anew, and so does a second `draw` of the name.
  const rounds = ctx.run.callNumber(`${ctx.frame.call}.${item.name.text}`);
  const site = (name: string): number => fnv1a(`${ctx.frame.call}.${name}${rounds === 0 ? "" : `~${rounds + 1}`}`);
  // Every time of a loop draws anew.
  const coordinates = ctx.time ? [ctx.time, ...axes] : axes;
  const uniform = (name: string): Expr => draw(site(name), coordinates.map((axis) => index(axis.id)), coordinates.map((axis) => axis.size.dim));
  const name = item.name.text;
  const type = item.type.name?.text ?? "real";
  if (type === "index" && item.type.argument) {
    const range = evaluateSize(item.type.argument, ctx);
    if (!range) return POISON;
    if (from.kind !== "uniform") {
      ctx.world.report(errors.drawIndex(item.from.span));
      return POISON;
    }
    // Rounding of u * n may reach n: the last index is the largest.
    const last = sizeExpr(dims.subtract(range.dim, dims.ONE));
    const floor = apply("toInt", apply("floor", apply("mul", uniform(name), toReal(sizeExpr(range.dim)))));
    return { kind: "tensor", type: "i32", axes, body: apply("imax", int(0), apply("imin", floor, last)) };
  }
  if (type !== "real") {
    ctx.world.report(errors.drawType(item.type.span));
    return POISON;
  }
  return { kind: "tensor", type: "f32", axes, body: distributed(from, uniform, name) };
}

function distributed(from: Initializer, uniform: (name: string) => Expr, name: string): Expr {
  switch (from.kind) {
    case "constant":
      return real(from.value);
    case "uniform":
      return apply("add", apply("mul", uniform(name), real(from.high - from.low)), real(from.low));
    case "normal": {
      // Box & Muller 1958; 1 - u is never 0.
      const radius = apply("sqrt", apply("mul", real(-2), apply("log", apply("sub", real(1), uniform(name)))));
      return apply("mul", real(from.std), apply("mul", radius, apply("cos", apply("mul", real(2 * Math.PI), uniform(`${name}.angle`)))));
    }
    default:
      return from satisfies never;
  }
}
