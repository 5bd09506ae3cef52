/** Kinds of parameters: what must be known when compiling, and in which form. */
import type { Expr as Node, Parameter, Type } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import * as errors from "./errors.ts";
import { evaluate, isSizeExpression, written } from "./evaluate.ts";
import { isOfSizes } from "./expr.ts";
import { lookupOutside } from "./names.ts";
import { INITIALISERS } from "./scope.ts";
import { nearest } from "../../grammar/suggest.ts";
import { asReal, asTensor } from "./tensor.ts";
import type { Val } from "./value.ts";
import { kindOf, number, POISON } from "./value.ts";
import type { Context } from "./world.ts";

export const COMPILE_KINDS = ["size", "number", "rate", "flag", "text", "layer", "fn", "init", "tokenizer"] as const;
export type CompileKind = (typeof COMPILE_KINDS)[number];
export const RUN_KINDS: readonly string[] = ["real", "int", "bool", "index"];

/** A tensor, or a number of the run. */
export function isRunType({ name, dims: axes }: Type): boolean {
  return name === undefined ? axes !== undefined : RUN_KINDS.includes(name.text);
}

/** What is wrong with a type that is no type of the run, and none that is known when compiling either or one with axes. */
export function typeMistake({ name, span }: Type): Diagnostic {
  const isCompileKind = COMPILE_KINDS.some((known) => known === name!.text);
  return isCompileKind ? errors.axesOfKind(span, name!.text) : errors.unknownType(name!.span, name!.text, nearest(name!.text, [...COMPILE_KINDS, ...RUN_KINDS]));
}

/** A number of the run, without axes. */
export function isScalarType(type: Type | undefined): boolean {
  return type?.name !== undefined && !type.dims && RUN_KINDS.includes(type.name.text);
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
    if (isRunType(param.type)) return "run";
    const { name, dims: axes } = param.type;
    const kind = COMPILE_KINDS.find((known) => known === name!.text);
    if (kind && !axes) return kind;
    ctx.world.report(typeMistake(param.type));
    return undefined;
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
        if (ctx.run.symbolic && isOfSizes(real.body)) return real;
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
      if (value.kind === "init" || (value.kind === "builtin" && INITIALISERS.has(value.name))) {
        ctx.world.report(errors.initialiserAsFunction(span, name));
        return POISON;
      }
      return value.kind === "fn" || value.kind === "builtin" || value.kind === "method" || value.kind === "none" ? value : fail();
    default:
      return kind satisfies never;
  }
}
