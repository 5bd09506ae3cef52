/** Expressions: what each form means in its position. A value that could not be made is POISON, after one report. */
import type { Binary, Conditional, Expr as Node, Unary } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { Expr, ScalarType } from "../ir/graph.ts";
import { power } from "../ops/power.ts";
import { readAccess } from "./access.ts";
import { reduceOver } from "./binder.ts";
import { guarded } from "./bounds.ts";
import { call } from "./call.ts";
import { behind } from "./ended.ts";
import * as errors from "./errors.ts";
import { isOfSizes } from "./expr.ts";
import { apply } from "./fold.ts";
import { relation } from "./relation.ts";
import { stack } from "./instance.ts";
import { lookup, lookupOutside, member, unknownName } from "./names.ts";
import { asTensor, elementwise, toReal } from "./tensor.ts";
import type { Size, SizeVal, Tensor, Val } from "./value.ts";
import { flag, kindOf, number, POISON } from "./value.ts";
import type { Context } from "./world.ts";

/** In a slot `/` floors and everything is an integer; a size divides exactly; a value is real where it divides. */
export type Mode = "value" | "slot" | "size";

export function evaluate(node: Node, outer: Context, mode: Mode = "value"): Val {
  const results = evaluateAll(node, outer, mode);
  if (results.length === 1) return results[0]!;
  outer.world.report(errors.severalResults(node.span, results.length));
  return POISON;
}

/** As many values as a call returns; one for any other expression. */
export function evaluateAll(node: Node, ctx: Context, mode: Mode = "value"): readonly Val[] {
  return ctx.world.nested(node.span, () => valuesOf(node, ctx, mode));
}

function valuesOf(node: Node, ctx: Context, mode: Mode): readonly Val[] {
  switch (node.kind) {
    case "number":
      return [numeral(node.text)];
    case "string":
      return [{ kind: "text", value: node.value }];
    case "bool":
      return [flag(node.value)];
    case "name":
      if (node.text === "training" && ctx.run.building && ctx.frame.kind === "class") ctx.world.report(errors.trainingInBody(node.span));
      return [lookup(node.text, ctx) ?? unknownName(node.text, node.span, ctx, mode === "slot")];
    case "unary":
      return [unary(node, ctx, mode)];
    case "binary":
      return [node.op === "and" || node.op === "or" ? logical(node, ctx) : binary(node, ctx, mode)];
    case "relation":
      return [relation(node, ctx)];
    case "conditional":
      return [conditional(node, ctx, mode)];
    case "access":
      return [readAccess(node, ctx)];
    case "member":
      return [member(evaluate(node.object, ctx), node, ctx)];
    case "call":
      return call(node, ctx, mode);
    case "apply":
      return [node.head.kind === "access" ? reduceOver(node, node.head, ctx) : stack(node, node.head, ctx)];
    default:
      return node satisfies never;
  }
}

function numeral(text: string): Val {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return sizeVal(dims.constant(Number(text)), text);
  return number(Number(text));
}

export function sizeVal(dim: dims.Dim, text: string, from?: Size["from"]): SizeVal {
  return { kind: "size", size: { dim, text, from } };
}

/** The expression as a size; undefined after an error. */
export function evaluateSize(node: Node, ctx: Context): Size | undefined {
  const value = evaluate(node, ctx, "size");
  if (value.kind === "size") return value.size;
  if (value.kind !== "poison") ctx.world.report(errors.noSize(node.span, kindOf(value), ctx.run.symbolic));
  return undefined;
}

/**
 * A condition known when compiling. "unknown": it depends on symbols that stand for hyperparameters; undefined: after an
 * error, one of which is that it depends on what is fed.
 */
export function evaluateFlag(node: Node, ctx: Context, what: string): boolean | "unknown" | undefined {
  const value = asTensor(evaluate(node, ctx), node.span, ctx);
  if (!value) return undefined;
  if (value.type !== "bool") {
    ctx.world.report(errors.wrongKind(node.span, kindOf(value), "a condition"));
    return undefined;
  }
  if (value.axes.length === 0 && value.body.kind === "const") return value.body.value !== 0;
  if (ctx.run.symbolic && value.axes.length === 0 && isOfSizes(value.body)) return "unknown";
  ctx.world.report(errors.notKnownWhenCompiling(node.span, what));
  return undefined;
}

/** As a tensor, whatever is a number; undefined after an error. */
export function evaluateTensor(node: Node, ctx: Context, mode: Mode = "value"): Tensor | undefined {
  return asTensor(evaluate(node, ctx, mode), node.span, ctx);
}

function unary(node: Unary, ctx: Context, mode: Mode): Val {
  const operand = evaluate(node.operand, ctx, mode);
  if (operand.kind === "size" && node.op === "-") return sizeVal(dims.scale(operand.size.dim, -1), written(node.span));
  const tensor = asTensor(operand, node.operand.span, ctx);
  if (!tensor) return POISON;
  if (node.op === "not") {
    if (tensor.type !== "bool") return wrong(node.operand.span, tensor, "a condition", ctx);
    return { ...tensor, body: apply("not", tensor.body) };
  }
  if (tensor.type === "bool") return wrong(node.operand.span, tensor, "a number", ctx);
  return { ...tensor, body: apply(tensor.type === "i32" ? "ineg" : "neg", tensor.body) };
}

function wrong(span: Span, value: Val, wanted: string, ctx: Context): Val {
  ctx.world.report(errors.wrongKind(span, kindOf(value), wanted));
  return POISON;
}

/** As written, on one line. */
export function written(span: Span): string {
  return spanText(span).replace(/\s+/g, " ");
}

function binary(node: Binary, ctx: Context, mode: Mode): Val {
  const left = evaluate(node.left, ctx, mode);
  if (left.kind === "poison" && isBareBinder(node.left, ctx)) return POISON; // the terms that it lacks stand on the right
  const right = evaluate(node.right, behind(node.left, node.op, node.right, ctx), mode);
  if (left.kind === "size" && right.kind === "size") {
    const result = sizeArithmetic(node, left.size, right.size, ctx, mode);
    if (result) return result;
  }
  const a = asTensor(left, node.left.span, ctx);
  const b = asTensor(right, node.right.span, ctx);
  if (!a || !b) return POISON;
  if (mode === "size" && (left.kind === "size") !== (right.kind === "size") && ![a, b].every((t) => t.body.kind === "const")) {
    const [side, value] = left.kind === "size" ? [node.right, right] : [node.left, left];
    ctx.world.report(errors.noSize(side.span, kindOf(value), false, node.span));
    return POISON;
  }
  return arithmetic(node, a, b, ctx, mode) ?? POISON;
}

function isBareBinder(node: Node, ctx: Context): boolean {
  if (node.kind === "binary") return isBareBinder(node.right, ctx);
  if (node.kind !== "access" || node.base.kind !== "name") return false;
  const base = lookupOutside(node.base.text, ctx);
  return base?.kind === "builtin" || base?.kind === "fn";
}

/** Undefined where the result is no size: a real quotient, a negative power. */
function sizeArithmetic(node: Binary, a: Size, b: Size, ctx: Context, mode: Mode): Val | undefined {
  const text = written(node.span);
  const made = (dim: dims.Dim): Val => {
    const value = dims.asNumber(dim);
    if (dim.length > 64 || (value !== undefined && !Number.isSafeInteger(value))) {
      ctx.world.report(errors.sizeTooLarge(node.span));
      return POISON;
    }
    return sizeVal(dim, text);
  };
  const [x, y] = [dims.asNumber(a.dim), dims.asNumber(b.dim)];
  switch (node.op) {
    case "+":
      return made(dims.add(a.dim, b.dim));
    case "-":
      return made(dims.subtract(a.dim, b.dim));
    case "*":
      return made(dims.multiply(a.dim, b.dim));
    case "^": {
      if (y === undefined || y < 0) return undefined;
      if (x !== undefined) return made(dims.constant(power(x, y)));
      return y <= 6 ? made(dims.power(a.dim, y)) : undefined;
    }
    case "%": {
      if (y === 0) return zeroDivisor(node, ctx);
      if (ctx.run.facts.exactQuotient(a.dim, b.dim)) return made(dims.ZERO);
      return made(dims.subtract(a.dim, dims.multiply(b.dim, dims.quotient("floor", a.dim, b.dim))));
    }
    case "/": {
      if (mode === "value") return undefined;
      if (y === 0) return zeroDivisor(node, ctx);
      if (mode === "slot") return made(dims.quotient("floor", a.dim, b.dim));
      const exact = ctx.run.facts.exactQuotient(a.dim, b.dim);
      if (exact) return made(exact);
      ctx.world.report(errors.inexactSize(node, a, b));
      return POISON;
    }
    default:
      return undefined;
  }
}

function zeroDivisor(node: Binary, ctx: Context): Val {
  ctx.world.report(errors.zeroDivisor(node.right.span));
  return POISON;
}

function arithmetic(node: Binary, a: Tensor, b: Tensor, ctx: Context, mode: Mode): Tensor | undefined {
  for (const [side, tensor] of [[node.left, a], [node.right, b]] as const) {
    if (tensor.type !== "bool") continue;
    ctx.world.report(errors.wrongKind(side.span, kindOf(tensor), "a number"));
    return undefined;
  }
  const integers = a.type === "i32" && b.type === "i32" && node.op !== "^" && (node.op !== "/" || mode !== "value");
  if (node.op === "%" && !integers) {
    ctx.world.report(errors.remainderOfReal(a.type === "i32" ? node.right : node.left));
    return undefined;
  }
  if (integers && (node.op === "/" || node.op === "%") && b.body.kind === "const" && b.body.value === 0) {
    ctx.world.report(errors.zeroDivisor(node.right.span));
    return undefined;
  }
  return elementwise([a, b], [node.left.span, node.right.span], `\`${node.op}\``, ctx, ([x, y]) => {
    if (!x || !y) return undefined;
    if (integers) return { type: "i32", body: apply(INTEGER[node.op as "+"], x, y) };
    return { type: "f32", body: apply(REAL[node.op as "+"], a.type === "i32" ? toReal(x) : x, b.type === "i32" ? toReal(y) : y) };
  });
}

const INTEGER = { "+": "iadd", "-": "isub", "*": "imul", "/": "idiv", "%": "imod", "^": "imul" } as const;
const REAL = { "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "div", "^": "pow" } as const;

/** The right side is not looked at where the left one decides, and knows that the left one holds (or fails). */
function logical(node: Binary, ctx: Context): Val {
  const left = evaluateTensor(node.left, ctx);
  if (left && left.type !== "bool") return wrong(node.left.span, left, "a condition", ctx);
  const isAnd = node.op === "and";
  if (left?.body.kind === "const" && (left.body.value !== 0) !== isAnd) return flag(!isAnd);
  const behindLeft = behind(node.left, node.op, node.right, ctx);
  const right = evaluateTensor(node.right, left ? guarded(behindLeft, left.body, isAnd) : behindLeft);
  if (right && right.type !== "bool") return wrong(node.right.span, right, "a condition", ctx);
  if (!left || !right) return POISON;
  const both = elementwise([left, right], [node.left.span, node.right.span], `\`${node.op}\``, ctx, ([x, y]) =>
    x && y ? { type: "bool", body: apply(isAnd ? "and" : "or", x, y) } : undefined,
  );
  return both ?? POISON;
}

function conditional(node: Conditional, ctx: Context, mode: Mode): Val {
  const condition = evaluateTensor(node.condition, ctx);
  if (!condition) return POISON;
  if (condition.type !== "bool") return wrong(node.condition.span, condition, "a condition", ctx);
  if (condition.axes.length === 0 && condition.body.kind === "const") return evaluate(condition.body.value !== 0 ? node.then : node.otherwise, ctx, mode);
  if (mode === "size") {
    evaluateFlag(node.condition, ctx, "the condition of a size");
    return POISON;
  }
  const then = evaluateTensor(node.then, guarded(ctx, condition.body, true), mode);
  const otherwise = evaluateTensor(node.otherwise, guarded(ctx, condition.body, false), mode);
  if (!then || !otherwise) return POISON;
  return choose(condition, then, otherwise, [node.condition.span, node.then.span, node.otherwise.span], ctx) ?? POISON;
}

function choose(condition: Tensor, then: Tensor, otherwise: Tensor, spans: readonly Span[], ctx: Context): Tensor | undefined {
  const type = commonType(then.type, otherwise.type);
  if (!type) {
    ctx.world.report(errors.branchesDiffer(spans[1]!, kindOf(then), spans[2]!, kindOf(otherwise)));
    return undefined;
  }
  const convert = (body: Expr, from: ScalarType): Expr => (from !== type ? toReal(body) : body);
  return elementwise([condition, then, otherwise], spans, "`if`", ctx, ([c, a, b]) =>
    c && a && b ? { type, body: apply("select", c, convert(a, then.type), convert(b, otherwise.type)) } : undefined,
  );
}

/** The type that both convert to: integers become real beside reals. */
export function commonType(a: ScalarType, b: ScalarType): ScalarType | undefined {
  if (a === b) return a;
  return a === "bool" || b === "bool" ? undefined : "f32";
}

/** Whether the expression is made of sizes only: then it is one, without an annotation. */
export function isSizeExpression(node: Node, ctx: Context): boolean {
  switch (node.kind) {
    case "number":
      return /^\d+$/.test(node.text);
    case "name":
      return lookup(node.text, ctx)?.kind === "size";
    case "unary":
      return node.op === "-" && isSizeExpression(node.operand, ctx);
    case "binary":
      return node.op !== "and" && node.op !== "or" && isSizeExpression(node.left, ctx) && isSizeExpression(node.right, ctx);
    case "conditional":
      return isSizeExpression(node.then, ctx) && isSizeExpression(node.otherwise, ctx);
    case "member":
      return ctx.world.quietly(() => evaluate(node, ctx).kind === "size");
    case "call": {
      const name = node.callee.kind === "name" ? node.callee.text : "";
      if (name === "floor" || name === "ceil") return true;
      return (name === "min" || name === "max" || name === "abs" || name === "clamp") && node.args.every((arg) => isSizeExpression(arg.value, ctx));
    }
    default:
      return false;
  }
}

