/** Calls of built-in functions: of scalars, element by element; initialisers; what is not there yet. */
import type { Call, Expr as Node } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { Expr } from "../ir/graph.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import * as errors from "./errors.ts";
import type { Mode } from "./evaluate.ts";
import { evaluate, sizeVal, written } from "./evaluate.ts";
import { apply } from "./fold.ts";
import { initialiser } from "./initial.ts";
import { BINDERS, INITIALISERS, SCALAR_FUNCTIONS } from "./scope.ts";
import { asTensor, elementwise, toReal } from "./tensor.ts";
import type { Size, Tensor, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";

export function callBuiltin(name: string, node: Call, ctx: Context, mode: Mode): readonly Val[] {
  if (INITIALISERS.has(name)) return [initialiser(name, node, ctx)];
  const arity = SCALAR_FUNCTIONS.get(name);
  if (!arity) {
    ctx.world.report(BINDERS.has(name) ? errors.binderCalled(node.span, name) : name === "stack" ? errors.stackCalled(node.span) : errors.notHere(node.callee.span, name));
    return [POISON];
  }
  for (const arg of node.args) if (arg.name) ctx.world.report(errors.unknownArgument(arg.name.span, arg.name.text, `\`${name}\``, undefined, []));
  if (node.args.length < arity[0] || node.args.length > arity[1]) {
    ctx.world.report(errors.builtinArity(node.span, name, arity, node.args.length));
    return [POISON];
  }
  const nodes = node.args.map((arg) => arg.value);
  if ((name === "floor" || name === "ceil") && nodes[0]) return [rounded(name, nodes[0], node.span, ctx, mode)];
  // A call's arguments are values, also inside a slot; but integers stay integers.
  return [builtinOf(name, nodes.map((arg) => evaluate(arg, ctx, mode === "size" ? "size" : "value")), nodes.map((arg) => arg.span), node.span, ctx)];
}

function builtinOf(name: string, args: readonly Val[], spans: readonly Span[], span: Span, ctx: Context): Val {
  if (args.some((arg) => arg.kind === "poison")) return POISON;
  const sizes = args.flatMap((arg) => (arg.kind === "size" ? [arg.size] : []));
  if (sizes.length === args.length) {
    const size = ofSizes(name, sizes, span, ctx);
    if (size) return size;
  }
  const tensors = args.map((arg, k) => asTensor(arg, spans[k]!, ctx));
  if (tensors.some((tensor) => !tensor)) return POISON;
  for (const [k, tensor] of tensors.entries()) {
    if (tensor!.type !== "bool") continue;
    ctx.world.report(errors.wrongKind(spans[k]!, kindOf(tensor!), "a number"));
    return POISON;
  }
  return elementwise(tensors as Tensor[], spans, `\`${name}\``, ctx, (bodies) => scalarFunction(name, bodies, tensors as Tensor[])) ?? POISON;
}

function ofSizes(name: string, sizes: readonly Size[], span: Span, ctx: Context): Val | undefined {
  const [first, second, third] = sizes;
  const facts = ctx.run.facts;
  const least = (a: Size, b: Size): Size | undefined => (facts.proves(dims.subtract(b.dim, a.dim)) ? a : facts.proves(dims.subtract(a.dim, b.dim)) ? b : undefined);
  const most = (a: Size, b: Size): Size | undefined => (facts.proves(dims.subtract(a.dim, b.dim)) ? a : facts.proves(dims.subtract(b.dim, a.dim)) ? b : undefined);
  const found = ((): Size | undefined => {
    if (name === "min") return sizes.reduce<Size | undefined>((a, b) => a && least(a, b), first);
    if (name === "max") return sizes.reduce<Size | undefined>((a, b) => a && most(a, b), first);
    if (name === "abs" && first) return facts.proves(first.dim) ? first : facts.proves(dims.scale(first.dim, -1)) ? { dim: dims.scale(first.dim, -1), text: first.text } : undefined;
    if (name === "clamp" && first && second && third) {
      const low = most(first, second);
      return low && least(low, third);
    }
    return undefined;
  })();
  return found && sizeVal(found.dim, written(span));
}

function scalarFunction(name: string, bodies: readonly Expr[], tensors: readonly Tensor[]): { readonly type: "f32" | "i32"; readonly body: Expr } | undefined {
  const integers = tensors.every((tensor) => tensor.type === "i32");
  const reals = bodies.map((body, k) => (tensors[k]!.type === "i32" ? toReal(body) : body));
  const [a, b, c] = integers ? bodies : reals;
  if (!a) return undefined;
  switch (name) {
    case "abs":
      return integers ? { type: "i32", body: apply("iabs", a) } : { type: "f32", body: apply("abs", a) };
    case "min":
    case "max": {
      const op: ScalarOpName = integers ? (name === "min" ? "imin" : "imax") : name;
      return { type: integers ? "i32" : "f32", body: (integers ? bodies : reals).reduce((x, y) => apply(op, x, y)) };
    }
    case "clamp":
      if (!b || !c) return undefined;
      return integers ? { type: "i32", body: apply("imin", apply("imax", a, b), c) } : { type: "f32", body: apply("min", apply("max", a, b), c) };
    default:
      return { type: "f32", body: apply(name as ScalarOpName, reals[0]!) };
  }
}

/**
 * `floor(a / b)` of integers is done in integers; of a known number, and of a known share of a size, it is a size; of a real it is the
 * nearest integer below.
 */
function rounded(name: "floor" | "ceil", arg: Node, span: Span, ctx: Context, mode: Mode): Val {
  if (arg.kind === "binary" && arg.op === "/") {
    const left = evaluate(arg.left, ctx, mode);
    const right = evaluate(arg.right, ctx, mode);
    if (left.kind === "poison" || right.kind === "poison") return POISON;
    if (left.kind === "size" && right.kind === "size") {
      if (dims.asNumber(right.size.dim) === 0) {
        ctx.world.report(errors.zeroDivisor(arg.right.span));
        return POISON;
      }
      return sizeVal(dims.quotient(name, left.size.dim, right.size.dim), written(span));
    }
    const [a, b] = [asTensor(left, arg.left.span, ctx), asTensor(right, arg.right.span, ctx)];
    if (!a || !b) return POISON;
    if (a.type === "i32" && b.type === "i32") {
      const quotient = elementwise([a, b], [arg.left.span, arg.right.span], `\`${name}\``, ctx, ([x, y]) =>
        x && y ? { type: "i32", body: name === "floor" ? apply("idiv", x, y) : apply("ineg", apply("idiv", apply("ineg", x), y)) } : undefined,
      );
      return quotient ?? POISON;
    }
  }
  const share = arg.kind === "binary" && arg.op === "*" ? shareOf(name, evaluate(arg.left, ctx), evaluate(arg.right, ctx)) : undefined;
  if (share) return sizeVal(share, written(span));
  const value = evaluate(arg, ctx, mode === "slot" ? "value" : mode === "size" ? "value" : mode);
  if (value.kind === "size") return value;
  const tensor = asTensor(value, arg.span, ctx);
  if (!tensor) return POISON;
  if (tensor.type === "bool") {
    ctx.world.report(errors.wrongKind(arg.span, kindOf(tensor), "a number"));
    return POISON;
  }
  if (tensor.type === "i32") return tensor;
  if (tensor.body.kind === "const" && tensor.axes.length === 0 && Number.isSafeInteger(Math[name](tensor.body.value))) {
    return sizeVal(dims.constant(Math[name](tensor.body.value)), written(span));
  }
  return { ...tensor, type: "i32", body: apply("toInt", apply(name, tensor.body)) };
}

/** 0.15 * T is exactly 3 * T / 20: a number is taken as the decimal fraction that it is written as. Undefined where it has too many digits. */
function shareOf(round: "floor" | "ceil", left: Val, right: Val): dims.Dim | undefined {
  const [size, number] = left.kind === "size" ? [left, right] : [right, left];
  if (size.kind !== "size" || dims.asNumber(size.size.dim) !== undefined) return undefined;
  if (number.kind !== "tensor" || number.axes.length > 0 || number.type !== "f32" || number.body.kind !== "const") return undefined;
  const numerator = Math.round(number.body.value * DECIMALS);
  if (Math.abs(numerator / DECIMALS - number.body.value) > 1e-12) return undefined;
  const shared = greatestDivisor(Math.abs(numerator), DECIMALS);
  return dims.quotient(round, dims.scale(size.size.dim, numerator / shared), dims.constant(DECIMALS / shared));
}

const DECIMALS = 10_000;

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
