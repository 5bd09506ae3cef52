/** What a function returns, against the types after its arrow. */
import type { Callable } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { shapeOf } from "./arguments.ts";
import { boundsOf, neededTerms } from "./bounds.ts";
import * as dims from "../dim.ts";
import * as errors from "./errors.ts";
import { coerceInit } from "./initial.ts";
import { COMPILE_KINDS, isRunType, typeMistake } from "./kinds.ts";
import { evaluateSize, written } from "./evaluate.ts";
import { asReal, asTensor, materialise } from "./tensor.ts";
import type { Tensor, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";

export function checkResults(fn: Callable, values: readonly Val[], spans: readonly Span[], span: Span, ctx: Context, path: string): readonly Val[] {
  if (fn.results.length === 0) return values.map((value, k) => kept(value, path, spans[k] ?? span, ctx));
  if (values.length !== fn.results.length) {
    if (!values.some((value) => value.kind === "poison")) ctx.world.report(errors.resultCount(span, fn, values.length));
    return fn.results.map(() => POISON);
  }
  return values.map((value, k) => result(fn, k, value, spans[k] ?? span, ctx, path));
}

function result(fn: Callable, k: number, value: Val, span: Span, ctx: Context, path: string): Val {
  const type = fn.results[k]!;
  if (value.kind === "poison") return POISON;
  if (!type.dims && type.name?.text === "init") return coerceInit(value, span, ctx);
  if (!isRunType(type)) {
    if (!type.dims && COMPILE_KINDS.some((kind) => kind === type.name!.text)) return value;
    ctx.world.report(typeMistake(type));
    return POISON;
  }
  const tensor = asTensor(value, span, ctx);
  if (!tensor) return POISON;
  const from = { text: `${fn.name.text}(…) -> ${written(type.span)}`, span: type.span };
  const wanted = shapeOf(type, ctx, from);
  if (!wanted) return POISON;
  if (wanted.length !== tensor.axes.length) {
    ctx.world.report(errors.resultRank(span, fn, tensor.axes.map((axis) => axis.size), from));
    return POISON;
  }
  for (const [at, size] of wanted.entries()) {
    const own = tensor.axes[at]!.size;
    if (ctx.run.facts.equal(own.dim, size.dim)) continue;
    ctx.world.report(errors.resultSize(span, fn, at, own, size, from));
    return POISON;
  }
  const typed = elementType(type.name?.text ?? "real", tensor);
  if (!typed) {
    ctx.world.report(errors.resultType(span, fn, kindOf(tensor), type.span));
    return POISON;
  }
  if (type.name?.text === "index" && type.argument) {
    const range = evaluateSize(type.argument, ctx);
    const { low, high } = boundsOf(tensor.body, ctx);
    const proves = (dim: dims.Dim): boolean => ctx.run.facts.proves(dim);
    if (!range) return POISON;
    if (!low || !high || !proves(low) || !proves(dims.subtract(dims.subtract(range.dim, high), dims.ONE))) {
      ctx.world.report(errors.resultRange(span, fn, range, type.span, neededTerms(tensor.body, ctx)));
      return POISON;
    }
  }
  const named: Tensor = { ...typed, axes: typed.axes.map((axis, at) => ({ ...axis, size: wanted[at]! })) };
  return kept(named, path, span, ctx);
}

function elementType(wanted: string, tensor: Tensor): Tensor | undefined {
  if (wanted === "real") return tensor.type === "bool" ? undefined : asReal(tensor);
  if (wanted === "bool") return tensor.type === "bool" ? tensor : undefined;
  return tensor.type === "i32" ? tensor : undefined;
}

/** As a value of the graph, where it has axes. */
function kept(value: Val, path: string, span: Span, ctx: Context): Val {
  return value.kind === "tensor" && value.axes.length > 0 ? materialise(value, path, span, ctx) : value;
}
