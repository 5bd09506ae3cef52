/** Arguments: which parameter each is for, what kind it must have, what its shape binds. */
import type { Arg, Dim as Slot, Expr as Node, Name, Parameter, Type } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { boundsOf, neededTerms } from "./bounds.ts";
import * as errors from "./errors.ts";
import { coerce, kindsOf, RUN_KINDS, type CompileKind } from "./kinds.ts";
import { evaluate, evaluateSize, written } from "./evaluate.ts";
import { isBoundSize, lookup, unknownAxis } from "./names.ts";
import { nearest } from "../../grammar/suggest.ts";
import { asArgument, asReal, asTensor } from "./tensor.ts";
import type { Size, SizeSource, Tensor, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";
import { joinPath } from "./world.ts";

/** An argument as written, or as a value already made. */
export interface Argument {
  readonly name: Name | undefined;
  readonly span: Span;
  readonly node?: Node | undefined;
  readonly value?: Val | undefined;
}

export function arguments_(args: readonly Arg[]): readonly Argument[] {
  return args.map((arg) => ({ name: arg.name, span: arg.value.span, node: arg.value }));
}

/** One argument or none per parameter; undefined after an error. */
export function matchArguments(params: readonly Parameter[], args: readonly Argument[], what: string, ctx: Context, span: Span): readonly (Argument | undefined)[] | undefined {
  const matched: (Argument | undefined)[] = params.map(() => undefined);
  let good = true;
  for (const [k, arg] of args.entries()) {
    const name = arg.name;
    const at = name ? params.findIndex((param) => param.name.text === name.text) : k;
    if (at < 0) {
      ctx.world.report(errors.unknownArgument(name!.span, name!.text, what, nearest(name!.text, params.map((p) => p.name.text)), params.map((p) => p.name.text)));
      good = false;
    } else if (at >= params.length) {
      ctx.world.report(errors.tooManyArguments(arg.span, what, params.length));
      good = false;
    } else if (matched[at]) {
      ctx.world.report(errors.argumentTwice(arg.span, params[at]!.name.text, matched[at].span));
      good = false;
    } else matched[at] = arg;
  }
  for (const [k, param] of params.entries()) {
    if (matched[k] || param.initial || !good) continue;
    ctx.world.report(errors.missingArgument(span, param, what));
    good = false;
  }
  return good ? matched : undefined;
}

/** The argument's value as its parameter's kind asks for. */
export function evaluateArgument(arg: Argument, param: Parameter, ctx: Context, kind: CompileKind | "run" | undefined): Val {
  if (arg.value) return arg.value;
  const node = arg.node!;
  if (kind === undefined) return POISON;
  if (kind !== "size") return evaluate(node, { ...ctx, building: ctx.building && { ...ctx.building, path: joinPath(ctx.building.path, param.name.text) } });
  return evaluate(node, ctx, "size");
}

interface Given {
  readonly param: Parameter;
  readonly span: Span;
  readonly tensor: Tensor;
}

/**
 * Binds the parameters of a function in `inner`, its arguments evaluated in `outer`: compile-time values first as written,
 * then shapes, which bind the pack and the sizes in capitals; then each shape is checked. Undefined after an error.
 */
export function bindParameters(params: readonly Parameter[], args: readonly Argument[], inner: Context, outer: Context, span: Span, what: string): Context | undefined {
  const matched = matchArguments(params, args, what, outer, span);
  if (!matched) return undefined;
  let ctx = inner;
  const { vars } = ctx.frame;
  const given: Given[] = [];
  const absent: Parameter[] = [];
  let good = true;
  const kinds = kindsOf(params, ctx);
  for (const [k, param] of params.entries()) {
    const kind = kinds[k];
    if (kind === undefined) {
      good = false;
      continue;
    }
    const arg = matched[k];
    if (!arg) {
      if (kind === "run") absent.push(param);
      else {
        const value = evaluateArgument({ name: undefined, span: param.initial!.span, node: param.initial }, param, ctx, kind);
        vars.set(param.name.text, coerce(value, kind, param.name.text, param.initial!.span, ctx));
      }
      continue;
    }
    const value = evaluateArgument(arg, param, outer, kind);
    if (kind === "size" && value.kind === "tensor" && value.axes.length > 0 && !param.type && !param.initial) {
      outer.world.report(errors.untypedArgument(arg.span, param, kindOf(value)));
      good = false;
      continue;
    }
    if (kind !== "run") {
      const made = coerce(value, kind, param.name.text, arg.span, outer);
      if (made.kind === "poison") good = false;
      vars.set(param.name.text, made);
      continue;
    }
    const tensor = asTensor(value, arg.span, outer);
    if (!tensor) good = false;
    else given.push({ param, span: arg.span, tensor: asArgument(tensor, joinPath(inner.naming, param.name.text), arg.span, outer) });
  }
  if (!good) return undefined;

  for (const one of given) {
    const bound = bindShape(one, ctx, outer);
    if (!bound) return undefined;
    ctx = bound;
  }
  for (const one of given) bindRange(one, ctx, outer);
  for (const one of given) {
    const tensor = checked(one, ctx, outer);
    if (!tensor) good = false;
    else vars.set(one.param.name.text, tensor);
  }
  if (!good) return undefined;
  for (const param of absent) {
    const value = asTensor(evaluate(param.initial!, ctx), param.initial!.span, ctx);
    if (!value) return undefined;
    const one: Given = { param, span: span, tensor: value };
    const bound = value.axes.length > 0 ? bindShape(one, ctx, outer) : ctx;
    if (!bound) return undefined;
    ctx = bound;
    const tensor = checked(one, ctx, outer);
    if (!tensor) return undefined;
    vars.set(param.name.text, tensor);
  }
  return ctx;
}

/** Whether a value that is there already is of its parameter's type; what is not, is told at the parameter. */
export function fitted(param: Parameter, tensor: Tensor, ctx: Context): boolean {
  const one: Given = { param, span: param.name.span, tensor };
  const bound = bindShape(one, ctx, ctx);
  if (!bound) return false;
  bindRange(one, bound, bound);
  return checked(one, bound, bound) !== undefined;
}

export function sourceOf(param: Parameter): SizeSource {
  return { text: `${param.name.text}: ${param.type ? written(param.type.span) : "size"}`, span: param.type?.span ?? param.span };
}

/** Binds the pack and the capitals that stand alone in a slot. */
function bindShape({ param, span, tensor }: Given, ctx: Context, outer: Context): Context | undefined {
  const slots = param.type?.dims;
  if (!slots || (tensor.axes.length === 0 && slots.length > 0 && !slots.some((slot) => slot.kind === "ellipsis"))) return ctx;
  if (!hasOnePack(slots, ctx)) return undefined;
  const sizes = tensor.axes.map((axis) => axis.size);
  const dots = slots.findIndex((slot) => slot.kind === "ellipsis");
  const packed = dots < 0 ? 0 : sizes.length - (slots.length - 1);
  if (packed < 0 || (dots < 0 && sizes.length !== slots.length)) {
    if (tensor.axes.length === 0 && param.initial) return ctx;
    outer.world.report(errors.argumentRank(span, param, sizes, sourceOf(param), ctx.frame.self));
    return undefined;
  }
  let frame = ctx.frame;
  if (dots >= 0 && !frame.pack) frame = { ...frame, pack: sizes.slice(dots, dots + packed) };
  for (const [at, slot] of slots.entries()) {
    if (slot.kind !== "name" || !isBoundSize(slot.text) || frame.vars.has(slot.text)) continue;
    const size = sizes[dots >= 0 && at > dots ? at + packed - 1 : at]!;
    frame.vars.set(slot.text, { kind: "size", size: { dim: size.dim, text: slot.text, from: sourceOf(param) } });
  }
  return { ...ctx, frame };
}

/** `ids: index(N)[B, T]` binds N where no shape does: the elements are known to be below it. */
function bindRange({ param, tensor }: Given, ctx: Context, outer: Context): void {
  const range = param.type?.argument;
  if (range?.kind !== "name" || !isBoundSize(range.text) || ctx.frame.vars.has(range.text) || tensor.type !== "i32") return;
  const { high } = boundsOf(tensor.body, outer);
  if (high && !dims.print(high).includes("(")) ctx.frame.vars.set(range.text, { kind: "size", size: { dim: dims.add(high, dims.ONE), text: range.text, from: sourceOf(param) } });
}

/** The argument as the function sees it: every axis has the size that the parameter's type says. */
function checked({ param, span, tensor }: Given, ctx: Context, outer: Context): Tensor | undefined {
  const type = param.type!;
  const typed = withElementType({ param, span, tensor }, ctx, outer);
  if (!typed) return undefined;
  const from = sourceOf(param);
  const wanted = shapeOf(type, ctx, from);
  if (!wanted) return undefined;
  if (typed.axes.length === 0 && wanted.length > 0) return { ...typed, axes: wanted.map((size, at) => ctx.world.variable(`axis${at}`, size)) };
  if (typed.axes.length !== wanted.length) {
    outer.world.report(errors.argumentRank(span, param, typed.axes.map((axis) => axis.size), from, ctx.frame.self));
    return undefined;
  }
  for (const [at, size] of wanted.entries()) {
    const own = typed.axes[at]!.size;
    if (ctx.run.facts.equal(own.dim, size.dim)) continue;
    outer.world.report(errors.argumentSize(span, param, at, own, size, from, typed.axes.map((axis) => axis.size), ctx.frame.self));
    return undefined;
  }
  return { ...typed, axes: typed.axes.map((axis, at) => ({ ...axis, size: wanted[at]! })) };
}

/** Tells a second `...`: which axes would be whose is not known. */
function hasOnePack(slots: readonly Slot[], ctx: Context): boolean {
  const [, second] = slots.filter((slot) => slot.kind === "ellipsis");
  if (second) ctx.world.report(errors.packTwiceInType(second.span));
  return !second;
}

/** The sizes that a type says, the pack expanded; undefined after an error. */
export function shapeOf(type: Type, ctx: Context, from: SizeSource): readonly Size[] | undefined {
  const sizes: Size[] = [];
  if (!hasOnePack(type.dims ?? [], ctx)) return undefined;
  let good = true;
  for (const slot of type.dims ?? []) {
    if (slot.kind === "ellipsis") {
      if (!ctx.frame.pack) {
        ctx.world.report(errors.noPack(slot.span));
        good = false;
      }
      sizes.push(...(ctx.frame.pack ?? []));
      continue;
    }
    const unknown = slot.kind === "name" && !lookup(slot.text, ctx);
    if (unknown) unknownAxis(slot.text, slot.span, ctx);
    const size = unknown ? undefined : evaluateSize(slot, ctx);
    if (!size) good = false;
    else sizes.push({ dim: size.dim, text: spanText(slot.span).replace(/\s+/g, " "), from });
  }
  return good ? sizes : undefined;
}

function withElementType({ param, span, tensor }: Given, ctx: Context, outer: Context): Tensor | undefined {
  const wanted = param.type?.name?.text ?? "real";
  const fail = (): undefined => {
    outer.world.report(errors.argumentType(span, param, kindOf(tensor)));
    return undefined;
  };
  switch (wanted) {
    case "real":
      if (tensor.type === "bool") return fail();
      return asReal(tensor);
    case "bool":
      return tensor.type === "bool" ? tensor : fail();
    case "int":
      return tensor.type === "i32" ? tensor : fail();
    case "index": {
      if (tensor.type !== "i32") return fail();
      const range = param.type?.argument && evaluateSize(param.type.argument, ctx);
      if (!range) {
        if (!param.type?.argument) outer.world.report(errors.indexWithoutRange(param.type!.span));
        return undefined;
      }
      const { low, high } = boundsOf(tensor.body, outer);
      const proves = (dim: dims.Dim): boolean => ctx.run.facts.proves(dim, outer.live.map((v) => dims.subtract(v.size.dim, dims.ONE)));
      if (low && high && proves(low) && proves(dims.subtract(dims.subtract(range.dim, high), dims.ONE))) return tensor;
      outer.world.report(errors.indexRange(span, param, range, high, sourceOf(param), { of: ctx.frame.self, ids: areTokens(high, outer), terms: neededTerms(tensor.body, outer) }));
      return undefined;
    }
    default:
      outer.world.report(errors.unknownType(param.type!.name!.span, wanted, nearest(wanted, RUN_KINDS)));
      return undefined;
  }
}

/** Whether integers up to `high` are the ids of the recipe's tokenizer. */
function areTokens(high: dims.Dim | undefined, ctx: Context): boolean {
  const tokenizer = ctx.frame.kind === "recipe" ? ctx.frame.settings?.("tokenizer") : undefined;
  const size = tokenizer?.kind === "tokenizer" ? tokenizer.sizes.get("size") : undefined;
  return high !== undefined && size?.kind === "size" && dims.equal(dims.add(high, dims.ONE), size.size.dim);
}
