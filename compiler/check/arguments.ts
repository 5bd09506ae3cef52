/** Arguments: which parameter each is for, what kind it must have, what its shape binds. */
import type { Arg, Expr as Node, Name, Parameter, Type } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { boundsOf } from "./bounds.ts";
import * as errors from "./errors.ts";
import { evaluate, evaluateSize, isSizeExpression, written } from "./evaluate.ts";
import { isBoundSize, lookupOutside } from "./names.ts";
import { INITIALISERS } from "./scope.ts";
import { nearest } from "./suggest.ts";
import { asArgument, asReal, asTensor } from "./tensor.ts";
import type { Size, SizeSource, Tensor, Val } from "./value.ts";
import { kindOf, number, POISON } from "./value.ts";
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

export const COMPILE_KINDS = ["size", "number", "rate", "flag", "text", "layer", "fn", "init", "tokenizer"] as const;
export type CompileKind = (typeof COMPILE_KINDS)[number];
const RUN_KINDS: readonly string[] = ["real", "int", "bool", "index"];

/** A number of the run, without axes. */
export function isScalarType(type: Type | undefined): boolean {
  return type?.name !== undefined && !type.dims && RUN_KINDS.includes(type.name.text);
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

/** The kind of each parameter: as annotated, or as its default; "run": a value of the run. Undefined after an error. */
export function kindsOf(params: readonly Parameter[], ctx: Context): readonly (CompileKind | "run" | undefined)[] {
  const known = kinds.get(params);
  if (known) return known;
  const vars = new Map<string, Val>();
  const scratch: Context = { ...ctx, indices: undefined, frame: { ...ctx.frame, settings: undefined, vars } };
  const found = params.map((param) => {
    const kind = kindOfParameter(param, scratch);
    vars.set(param.name.text, placeholder(kind, param.name.text));
    return kind;
  });
  if (!found.includes(undefined)) kinds.set(params, found);
  return found;
}

const kinds = new WeakMap<readonly Parameter[], readonly (CompileKind | "run" | undefined)[]>();

function placeholder(kind: CompileKind | "run" | undefined, name: string): Val {
  if (kind === "size") return { kind: "size", size: { dim: dims.named(name), text: name } };
  if (kind === "number" || kind === "rate") return number(0.5);
  return POISON;
}

function kindOfParameter(param: Parameter, ctx: Context): CompileKind | "run" | undefined {
  if (param.type) {
    if (param.type.dims || isScalarType(param.type)) return "run";
    const name = param.type.name!;
    const kind = COMPILE_KINDS.find((known) => known === name.text);
    if (!kind) ctx.world.report(errors.unknownType(name.span, name.text, nearest(name.text, [...COMPILE_KINDS, ...RUN_KINDS])));
    return kind;
  }
  return param.initial ? kindOfDefault(param.initial, ctx) : "size";
}

function kindOfDefault(node: Node, ctx: Context): CompileKind | undefined {
  if (isSizeExpression(node, ctx)) return "size";
  const called = node.kind === "call" && node.callee.kind === "name" ? lookupOutside(node.callee.text, ctx) : undefined;
  if (called?.kind === "class") return "layer";
  if (called?.kind === "builtin" && INITIALISERS.has(called.name)) return "init";
  if (called?.kind === "fn" && called.fn.results[0]?.name?.text === "init") return "init";
  const value = ctx.world.quietly(() => evaluate(node, ctx));
  switch (value.kind) {
    case "size":
      return "size";
    case "tensor":
      return value.type === "bool" ? "flag" : "number";
    case "text":
    case "init":
    case "tokenizer":
      return value.kind;
    case "fn":
    case "builtin":
    case "method":
      return value.kind === "builtin" && INITIALISERS.has(value.name) ? "init" : "fn";
    case "none":
    case "class":
    case "instance":
    case "stack":
      return "layer";
    case "param":
    case "poison":
      return "number";
    default:
      return value satisfies never;
  }
}

/** The argument's value as its parameter's kind asks for. */
export function evaluateArgument(arg: Argument, param: Parameter, ctx: Context, kind: CompileKind | "run" | undefined): Val {
  if (arg.value) return arg.value;
  const node = arg.node!;
  if (kind === undefined) return POISON;
  if (kind !== "size") return evaluate(node, { ...ctx, building: ctx.building && { ...ctx.building, path: joinPath(ctx.building.path, param.name.text) } });
  return evaluate(node, ctx, "size");
}

/** A value of a kind known when compiling; POISON after an error. */
export function coerce(value: Val, kind: CompileKind, name: string, span: Span, ctx: Context): Val {
  if (value.kind === "poison") return POISON;
  const fail = (): Val => {
    ctx.world.report(errors.wrongArgument(span, name, kindOf(value), kind));
    return POISON;
  };
  switch (kind) {
    case "size":
      if (value.kind !== "size") return fail();
      return { kind: "size", size: { dim: value.size.dim, text: name, from: value.size.from ?? { text: `${name}: ${written(span)}`, span } } };
    case "number":
    case "rate": {
      const tensor = value.kind === "size" || value.kind === "tensor" ? asTensor(value, span, ctx) : undefined;
      if (!tensor || tensor.type === "bool" || tensor.axes.length > 0) return fail();
      const real = asReal(tensor);
      if (real.body.kind !== "const") {
        if (ctx.run.symbolic) return real;
        return fail();
      }
      if (kind === "rate" && !(real.body.value >= 0 && real.body.value <= 1)) {
        ctx.world.report(errors.rateRange(span, name, real.body.value));
        return POISON;
      }
      return number(real.body.value);
    }
    case "flag":
      return value.kind === "tensor" && value.type === "bool" && value.body.kind === "const" ? value : ctx.run.symbolic && value.kind === "tensor" ? POISON : fail();
    case "text":
    case "tokenizer":
      return value.kind === kind ? value : fail();
    case "init":
      if (value.kind === "builtin" && value.name === "zeros") return { kind: "init", init: { kind: "constant", value: 0 } };
      if (value.kind === "builtin" && value.name === "ones") return { kind: "init", init: { kind: "constant", value: 1 } };
      return value.kind === "init" ? value : fail();
    case "layer":
      return value.kind === "class" || value.kind === "instance" || value.kind === "stack" || value.kind === "none" ? value : fail();
    case "fn":
      return value.kind === "fn" || value.kind === "builtin" || value.kind === "method" || value.kind === "none" ? value : fail();
    default:
      return kind satisfies never;
  }
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

export function sourceOf(param: Parameter): SizeSource {
  return { text: `${param.name.text}: ${param.type ? written(param.type.span) : "size"}`, span: param.type?.span ?? param.span };
}

/** Binds the pack and the capitals that stand alone in a slot. */
function bindShape({ param, span, tensor }: Given, ctx: Context, outer: Context): Context | undefined {
  const slots = param.type?.dims;
  if (!slots || (tensor.axes.length === 0 && slots.length > 0 && !slots.some((slot) => slot.kind === "ellipsis"))) return ctx;
  const sizes = tensor.axes.map((axis) => axis.size);
  const dots = slots.findIndex((slot) => slot.kind === "ellipsis");
  const packed = dots < 0 ? 0 : sizes.length - (slots.length - 1);
  if (packed < 0 || (dots < 0 && sizes.length !== slots.length)) {
    if (tensor.axes.length === 0 && param.initial) return ctx;
    outer.world.report(errors.argumentRank(span, param, sizes, sourceOf(param)));
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
    outer.world.report(errors.argumentRank(span, param, typed.axes.map((axis) => axis.size), from));
    return undefined;
  }
  for (const [at, size] of wanted.entries()) {
    const own = typed.axes[at]!.size;
    if (ctx.run.facts.equal(own.dim, size.dim)) continue;
    outer.world.report(errors.argumentSize(span, param, at, own, size, from, typed.axes.map((axis) => axis.size)));
    return undefined;
  }
  return { ...typed, axes: typed.axes.map((axis, at) => ({ ...axis, size: wanted[at]! })) };
}

/** The sizes that a type says, the pack expanded; undefined after an error. */
export function shapeOf(type: Type, ctx: Context, from: SizeSource): readonly Size[] | undefined {
  const sizes: Size[] = [];
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
    const size = evaluateSize(slot, ctx);
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
      outer.world.report(errors.indexRange(span, param, range, high, sourceOf(param)));
      return undefined;
    }
    default:
      outer.world.report(errors.unknownType(param.type!.name!.span, wanted, nearest(wanted, RUN_KINDS)));
      return undefined;
  }
}
