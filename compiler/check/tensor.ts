/** Tensors of the elaboration: made from values, combined element by element, written into the graph as equations. */
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { Dim } from "../dim.ts";
import { access, index, size as sizeOfDim } from "../ir/expr.ts";
import type { Expr, ScalarType, Value, ValueId } from "../ir/graph.ts";
import type { MonoidName } from "../ops/monoid.ts";
import type { Interval } from "../ops/interval.ts";
import { below } from "../ops/interval.ts";
import { boundsOf, isCount } from "./bounds.ts";
import { apply } from "./fold.ts";
import * as errors from "./errors.ts";
import { freeIndices, some, substitute } from "./expr.ts";
import { onTheHost } from "./hosted.ts";
import type { Context } from "./world.ts";
import { originOf } from "./world.ts";
import type { IndexVar, ParamVal, Size, Tensor, Val } from "./value.ts";
import { kindOf, scalar } from "./value.ts";

/** Element [i, …] of a value, whatever its axes are called. */
export function tensorOf(ctx: Context, value: { readonly id: ValueId; readonly type: ScalarType }, sizes: readonly Size[], outer: readonly Expr[] = []): Tensor {
  const axes = sizes.map((size, at) => ctx.world.variable(`axis${at}`, size));
  return { kind: "tensor", type: value.type, axes, body: access(value.id, ...outer, ...axes.map((axis) => index(axis.id))) };
}

/** The value as a tensor; undefined, after an error, for what is none. */
export function asTensor(value: Val, span: Span, ctx: Context): Tensor | undefined {
  switch (value.kind) {
    case "tensor":
      return value;
    case "size":
      return scalar("i32", sizeOfDim(value.size.dim));
    case "param":
      return leaf(value, span, ctx);
    case "poison":
      return undefined;
    default:
      ctx.world.report(errors.wrongKind(span, kindOf(value), "a number or a tensor"));
      return undefined;
  }
}

function leaf(param: ParamVal, span: Span, ctx: Context): Tensor | undefined {
  const { run } = ctx;
  if (run.building) {
    ctx.world.report(errors.computedInLayer(span));
    return undefined;
  }
  const written = run.written.get(param.path);
  if (written) return written.value;
  const id = `${param.state}/${param.path}`;
  let tensor = run.leaves.get(id);
  if (!tensor) {
    const value = run.builder.state({ kind: param.state, path: param.path }, param.shape.map((size) => size.dim));
    tensor = tensorOf(ctx, value, param.shape);
    run.leaves.set(id, tensor);
    run.reached.add(param.path);
  }
  return tensor;
}

/** Ids in [0, range) of an integer leaf are known to be there. */
export function assumeRange(ctx: Context, id: ValueId, range: Dim): void {
  const interval = below(range);
  ctx.run.intervals.set(id, { first: interval, last: interval });
}

/** The body with its axes replaced. */
export function at(tensor: Tensor, slots: readonly Expr[]): Expr {
  return substitute(tensor.body, new Map(tensor.axes.map((axis, k) => [axis.id, slots[k]!])));
}

/** i32 as f32; other types unchanged. */
export function toReal(expr: Expr): Expr {
  if (expr.kind === "const") return { kind: "const", type: "f32", value: expr.value };
  return apply("toReal", expr);
}

export function asReal(tensor: Tensor): Tensor {
  return tensor.type === "i32" ? { ...tensor, type: "f32", body: toReal(tensor.body) } : tensor;
}

/** One tensor, element by element, of several with equal shapes or without axes. */
export function elementwise(
  tensors: readonly Tensor[],
  spans: readonly Span[],
  what: string,
  ctx: Context,
  combine: (bodies: readonly Expr[]) => { readonly type: ScalarType; readonly body: Expr } | undefined,
): Tensor | undefined {
  const firstAt = tensors.findIndex((tensor) => tensor.axes.length > 0);
  const first = tensors[firstAt];
  const bodies: Expr[] = [];
  for (const [k, tensor] of tensors.entries()) {
    if (!first || tensor.axes.length === 0 || tensor === first) {
      bodies.push(tensor.body);
      continue;
    }
    const wrong = differs(first.axes, tensor.axes, ctx);
    if (wrong) {
      ctx.world.report(errors.shapesDiffer(what, spans[firstAt]!, first.axes.map((a) => a.size), spans[k]!, tensor.axes.map((a) => a.size), wrong.at));
      return undefined;
    }
    bodies.push(at(tensor, first.axes.map((axis) => index(axis.id))));
  }
  const result = combine(bodies);
  return result && { kind: "tensor", axes: first ? first.axes : [], ...result };
}

function differs(a: readonly IndexVar[], b: readonly IndexVar[], ctx: Context): { readonly at: number | undefined } | undefined {
  if (a.length !== b.length) return { at: undefined };
  const at = a.findIndex((axis, k) => !ctx.run.facts.equal(axis.size.dim, b[k]!.size.dim));
  return at < 0 ? undefined : { at };
}

/** The same tensor as a value of the graph, so that reading it twice computes it once. */
export function materialise(tensor: Tensor, name: string, span: Span, ctx: Context): Tensor {
  if (tensor.axes.length === 0 && isCheap(tensor.body)) return tensor;
  const plain = plainAccess(tensor, ctx);
  if (plain !== undefined) {
    if (ctx.run.isProvisional(plain)) ctx.run.nameNow(plain, name);
    return tensor;
  }
  const own = new Set(tensor.axes.map((axis) => axis.id));
  const outer = freeIndices(tensor.body).filter((id) => !own.has(id));
  if (tensor.axes.length === 0 && outer.length > 0) return tensor; // an intermediate of a function of scalars
  return equation(name, outer, tensor.axes, [], tensor.body, undefined, tensor.type, undefined, span, ctx);
}

/** As an argument: a view of a value is passed on, anything computed becomes a value. */
export function asArgument(tensor: Tensor, name: string, span: Span, ctx: Context): Tensor {
  const { body, axes } = tensor;
  if (axes.length === 0 || body.kind === "const" || body.kind === "index" || body.kind === "size") return tensor;
  if (body.kind === "access" && body.slots.every((slot) => slot.kind === "index" || slot.kind === "const")) return tensor;
  return materialise(tensor, name, span, ctx);
}

/** Reads nothing: costs nothing to repeat. */
function isCheap(body: Expr): boolean {
  return !some(body, (e) => e.kind === "access" || e.kind === "draw") || body.kind === "access";
}

/** The value that the tensor is, axis for axis. */
function plainAccess(tensor: Tensor, ctx: Context): ValueId | undefined {
  const { body, axes } = tensor;
  if (body.kind !== "access" || body.slots.length < axes.length) return undefined;
  const outer = body.slots.length - axes.length;
  const same = axes.every((axis, k) => {
    const slot = body.slots[outer + k];
    return slot?.kind === "index" && slot.at === axis.id;
  });
  const own = new Set(axes.map((axis) => axis.id));
  const free = body.slots.slice(0, outer).every((slot) => freeIndices(slot).every((id) => !own.has(id)));
  if (!same || !free) return undefined;
  const shape = ctx.run.builder.value(body.value).shape.slice(outer);
  return shape.every((dim, k) => ctx.run.facts.equal(dim, axes[k]!.size.dim)) ? body.value : undefined;
}

/**
 * Adds an equation over `outer` indices, then `axes`, reducing `bound`; gives its element at (outer, axes).
 * Indices are numbered by position, and what depends on the step or on indices alone moves to the host.
 */
export function equation(
  name: string,
  outer: readonly number[],
  axes: readonly IndexVar[],
  bound: readonly IndexVar[],
  body: Expr,
  where: Expr | undefined,
  type: ScalarType,
  monoid: MonoidName | undefined,
  span: Span,
  ctx: Context,
): Tensor {
  const { run, world } = ctx;
  const large = (e: Expr): boolean => e.kind === "const" && e.type === "i32" && (e.value | 0) !== e.value;
  if (some(body, large) || (where && some(where, large))) world.report(errors.sizeTooLarge(span));
  run.builder.origin = originOf(span);
  const outerVars = outer.map((id) => world.variableOf(id));
  const all = [...outerVars, ...axes, ...bound];
  const hosted = onTheHost(body, name, ctx);
  const hostedWhere = where && onTheHost(where, name, ctx);
  const sizes = [...outerVars, ...axes].map((axis) => axis.size);
  const outerExprs = outer.map((id) => index(id));
  const table = !monoid && hosted.kind === "access" && hosted !== body ? wholeTable(hosted, all, run.builder.value(hosted.value)) : undefined;
  if (table !== undefined) {
    run.nameNow(table.id, name);
    return tensorAs(ctx, table, sizes, outerExprs, axes);
  }
  const positions = new Map(all.map((axis, k) => [axis.id, index(k)]));
  const numbered = substitute(hosted, positions);
  const numberedWhere = hostedWhere && substitute(hostedWhere, positions);
  const shape = sizes.map((size) => size.dim);
  const value = monoid
    ? run.builder.reduce(monoid, name, shape, bound.map((axis) => axis.size.dim), numbered, numberedWhere && !isTrue(numberedWhere) ? numberedWhere : undefined)
    : run.builder.map(name, shape, numbered);
  if (value.type !== type) throw new Error(`internal: ${name} is ${value.type}, not ${type}`);
  if (monoid) run.nameLater(value.id);
  if (type === "i32") {
    const elements = (keepsFirst: boolean): Interval => (monoid ? reducedBounds(monoid, bound, body, where, ctx, keepsFirst) : boundsOf(body, ctx, keepsFirst));
    run.intervals.set(value.id, { first: elements(true), last: elements(false) });
    const [first] = bound;
    if ((monoid === "argmax" || monoid === "argmin") && first && !hasTerms(bound, where, ctx)) run.ofNothing.set(value.id, first.size.dim);
  }
  return tensorAs(ctx, value, sizes, outerExprs, axes);
}

/** Of no terms there is no largest one, and position 0 is as far as the axis goes. */
function reducedBounds(monoid: MonoidName, bound: readonly IndexVar[], body: Expr, where: Expr | undefined, ctx: Context, keepsFirst: boolean): Interval {
  const some = hasTerms(bound, where, ctx);
  if (monoid === "argmax" || monoid === "argmin") return some ? below(bound[0]!.size.dim) : { low: dims.ZERO, high: bound[0]!.size.dim };
  return some && (monoid === "max" || monoid === "min") ? boundsOf(body, ctx, keepsFirst) : {};
}

function hasTerms(bound: readonly IndexVar[], where: Expr | undefined, ctx: Context): boolean {
  const outside = { ...ctx, live: ctx.live.filter(({ id }) => !bound.some((axis) => axis.id === id)) };
  return !(where && !isTrue(where)) && bound.every(({ size }) => isCount(dims.subtract(size.dim, dims.ONE), outside));
}

function tensorAs(ctx: Context, value: { readonly id: ValueId; readonly type: ScalarType }, sizes: readonly Size[], outer: readonly Expr[], axes: readonly IndexVar[]): Tensor {
  return tensorOf(ctx, value, sizes.slice(outer.length, outer.length + axes.length), outer);
}

function isTrue(expr: Expr): boolean {
  return expr.kind === "const" && expr.value !== 0;
}

/** The table, where the body is nothing but its element at the equation's own indices. */
function wholeTable(body: Expr & { readonly kind: "access" }, all: readonly IndexVar[], value: Value): Value | undefined {
  if (value.kind !== "host-table" || body.slots.length !== all.length) return undefined;
  const same = body.slots.every((slot, k) => slot.kind === "index" && slot.at === all[k]!.id);
  return same ? value : undefined;
}
