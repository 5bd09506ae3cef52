/** `sum[i] …`, `mean[s where P] …`, `softmax[s where P] …`: reductions, and functions of [..., N] before an index. */
import type { Access, Apply } from "../../grammar/ast.ts";
import * as dims from "../dim.ts";
import { index, real, size as sizeExpr } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import type { MonoidName } from "../ops/monoid.ts";
import { guarded, readsInside } from "./bounds.ts";
import { callFunction } from "./call.ts";
import * as errors from "./errors.ts";
import { wholeIn } from "./equation.ts";
import { evaluateTensor } from "./evaluate.ts";
import { freeIndices } from "./expr.ts";
import { apply } from "./fold.ts";
import { lookupOutside, unknownName } from "./names.ts";
import { asNewIndex, bind, keepsIndex, newIndices } from "./range.ts";
import { BINDERS } from "./scope.ts";
import { at, equation, materialise, toReal } from "./tensor.ts";
import type { FnVal, IndexVar, MethodVal, Tensor, Val } from "./value.ts";
import { flag, kindOf, POISON, scalar } from "./value.ts";
import type { Context } from "./world.ts";
import { joinPath } from "./world.ts";

export function reduceOver(node: Apply, head: Access, ctx: Context): Val {
  if (head.base.kind !== "name") {
    ctx.world.report(errors.notABinder(head.base.span));
    return POISON;
  }
  const name = head.base.text;
  const fn = lookupOutside(name, { ...ctx, indices: undefined });
  if (head.slots.fill) ctx.world.report(errors.fillInBinder(head.slots.fill.span));
  if (fn?.kind === "builtin" && BINDERS.has(name)) return reduction(name, node, head, ctx);
  if (fn?.kind === "fn" || fn?.kind === "method") return functionBinder(fn, node, head, ctx);
  if (fn?.kind === "poison") return POISON;
  if (!fn) return unknownName(name, head.base.span, { ...ctx, indices: undefined });
  ctx.world.report(fn.kind === "stack" ? errors.stackIndexed(head.span, name) : errors.notABinder(head.base.span));
  return POISON;
}

interface Terms {
  readonly vars: readonly IndexVar[];
  readonly body: Tensor;
  readonly where: Expr | undefined;
  readonly inner: Context;
}

function reduction(name: string, node: Apply, head: Access, ctx: Context): Val {
  const indices = newIndices(head.slots, ctx);
  if (!indices) return POISON;
  const bound = bind(indices, [...(head.slots.where ? [head.slots.where] : []), node.operand], ctx);
  if (!bound) return POISON;
  const terms = termsOf(node, head, bound.vars, { ...bound.inner, naming: joinPath(ctx.naming, name) }, true);
  if (!terms) return POISON;
  const { body, where } = terms;
  if (name === "any" || name === "all") {
    if (body.type !== "bool") {
      ctx.world.report(errors.noCondition(node, head, kindOf(body)));
      return POISON;
    }
    return reduced(name, terms, body, where, node, ctx);
  }
  if (body.type === "bool") return wrong(node, body, "a number", ctx);
  if (name === "argmax" || name === "argmin") {
    if (where) {
      ctx.world.report(errors.argmaxWhere(head.slots.where?.span ?? head.span, name));
      return POISON;
    }
    if (terms.vars.length !== 1) {
      ctx.world.report(errors.argmaxIndices(head.slots.span, name));
      return POISON;
    }
    return reduced(name, terms, body, where, node, ctx);
  }
  if (name === "mean") return mean(terms, node, ctx);
  return reduced(name as MonoidName, terms, body, where, node, ctx);
}

function wrong(node: Apply, body: Tensor, wanted: string, ctx: Context): Val {
  ctx.world.report(errors.wrongKind(node.operand.span, kindOf(body), wanted));
  return POISON;
}

/** Operand and predicate with the indices bound; undefined after an error. `excluded`: terms without the predicate are not evaluated. */
function termsOf(node: Apply, head: Access, vars: readonly IndexVar[], inner: Context, excluded: boolean): Terms | undefined {
  const condition = head.slots.where ? evaluateTensor(head.slots.where, inner) : flag(true);
  if (!condition) return undefined;
  if (condition.type !== "bool" || condition.axes.length > 0) {
    inner.world.report(errors.wrongKind(head.slots.where?.span ?? head.span, kindOf(condition), "a condition"));
    return undefined;
  }
  const body = evaluateTensor(node.operand, excluded ? guarded(inner, condition.body, true) : inner);
  if (!body) return undefined;
  if (body.axes.length > 0) {
    inner.world.report(errors.wholeTensorInEquation(wholeIn(node.operand, inner).span, body.axes.map((axis) => axis.size)));
    return undefined;
  }
  const always = condition.body.kind === "const" && condition.body.value !== 0;
  return { vars, body, where: always ? undefined : condition.body, inner };
}

/** The reduction as an equation of its own over the outer indices it uses, read at them. */
function reduced(monoid: MonoidName, terms: Terms, operand: Tensor, predicate: Expr | undefined, node: Apply, ctx: Context, label: string = monoid): Tensor {
  const isPlace = monoid === "argmax" || monoid === "argmin";
  const around = conditionAround(terms, operand.body, predicate, ctx);
  const body = around && isPlace ? chosen(around, operand) : operand;
  const where = around && !isPlace ? (predicate ? apply("and", around, predicate) : around) : predicate;
  const own = new Set(terms.vars.map((v) => v.id));
  const outer = freeIndices(body.body, ...(where ? [where] : [])).filter((id) => !own.has(id));
  const type = isPlace ? "i32" : body.type;
  if (terms.vars.length === 0) {
    const none: Expr = scalarIdentity(monoid, type);
    return scalar(type, where ? apply("select", where, body.body, none) : body.body);
  }
  return equation(joinPath(ctx.naming, label), outer, [], terms.vars, body.body, where, type, monoid, node.span, terms.inner);
}

/**
 * An equation of its own has no `if` around it: where its terms are within their axes only as an enclosing condition holds, that condition
 * becomes its own. Undefined where it need not.
 */
function conditionAround({ inner }: Terms, body: Expr, where: Expr | undefined, { conditions = [] }: Context): Expr | undefined {
  const alone: Context = { ...inner, guards: undefined, conditions: undefined };
  const isInside = conditions.length === 0 || ((where === undefined || readsInside(where, alone)) && readsInside(body, where ? guarded(alone, where, true) : alone));
  return isInside ? undefined : conditions.reduce((a, b) => apply("and", a, b));
}

/** 0 where the condition fails. */
function chosen(condition: Expr, tensor: Tensor): Tensor {
  return { ...tensor, body: apply("select", condition, tensor.body, { kind: "const", type: tensor.type, value: 0 }) };
}

/** Over a pack without axes there is one term. */
function scalarIdentity(monoid: MonoidName, type: Tensor["type"]): Expr {
  if (type === "bool") return { kind: "const", type, value: monoid === "all" ? 1 : 0 };
  const extreme = type === "i32" ? 2147483647 : 3.4028234663852886e38;
  return { kind: "const", type, value: monoid === "max" ? -extreme : monoid === "min" ? extreme : 0 };
}

/** sum / size; with a predicate sum / count, and 0 where nothing counts. */
function mean(terms: Terms, node: Apply, ctx: Context): Tensor {
  const body: Tensor = terms.body.type === "i32" ? { ...terms.body, type: "f32", body: toReal(terms.body.body) } : terms.body;
  const total = reduced("sum", terms, body, terms.where, node, ctx);
  if (!terms.where) {
    const count = dims.multiply(...terms.vars.map((v) => v.size.dim));
    return scalar("f32", apply("div", total.body, toReal(sizeExpr(count))));
  }
  const one = scalar("f32", real(1));
  const count = reduced("sum", terms, one, terms.where, node, ctx, "count");
  return scalar("f32", apply("select", apply("lt", real(0), count.body), apply("div", total.body, count.body), real(0)));
}

/** `f[s where P] e`: e and P become tensors over the outer indices they use and s, and f is called on them. */
function functionBinder(fn: FnVal | MethodVal, node: Apply, head: Access, ctx: Context): Val {
  const [item] = head.slots.items;
  const wanted = item && head.slots.items.length === 1 ? asNewIndex(item) : undefined;
  const [first] = fn.fn.params;
  if (!first?.type?.dims || fn.fn.results.length !== 1) {
    ctx.world.report(errors.notABinder(head.base.span));
    return POISON;
  }
  if (!wanted) {
    ctx.world.report(errors.binderIndices(head.slots.span, fn.fn.name.text));
    return POISON;
  }
  let inner = ctx;
  let axis: IndexVar;
  if (keepsIndex(fn)) {
    const outside = ctx.indices?.vars.get(wanted.name);
    if (!outside || wanted.below) {
      ctx.world.report(errors.keptIndexMissing(wanted.span, wanted.name, fn.fn.name.text));
      return POISON;
    }
    axis = outside;
  } else {
    const indices = newIndices(head.slots, ctx);
    const bound = indices && bind(indices, [...(head.slots.where ? [head.slots.where] : []), node.operand], ctx);
    if (!bound) return POISON;
    inner = bound.inner;
    axis = bound.vars[0]!;
  }
  const found = termsOf(node, head, [axis], inner, false);
  if (!found) return POISON;
  const around = conditionAround(found, found.body.body, found.where, ctx);
  const terms = around ? { ...found, body: chosen(around, found.body), where: found.where && apply("and", around, found.where) } : found;
  const outer = freeIndices(terms.body.body, ...(terms.where ? [terms.where] : [])).filter((id) => id !== axis.id);
  const axes = [...outer.map((id) => ctx.world.variableOf(id)), axis];
  const values = overAxes(terms.body, axes, axis, joinPath(ctx.naming, fn.fn.name.text), node, inner);
  const args = [{ name: undefined, span: node.operand.span, value: values }];
  if (terms.where) {
    const keep = overAxes(scalar("bool", terms.where), axes, axis, joinPath(ctx.naming, "where"), node, inner);
    args.push({ name: undefined, span: head.slots.where?.span ?? head.span, value: keep });
  }
  const clean = { ...ctx, indices: undefined, naming: ctx.naming };
  const [result] = callFunction(fn, args, clean, head.span);
  if (!result || result.kind !== "tensor") return POISON;
  const slots = (keepsIndex(fn) ? axes : axes.slice(0, -1)).map((v) => index(v.id));
  if (result.axes.length !== slots.length) return POISON;
  return scalar(result.type, at(result, slots));
}

/** A tensor over all the axes, computed only over those it depends on. */
function overAxes(body: Tensor, axes: readonly IndexVar[], last: IndexVar, name: string, node: Apply, ctx: Context): Tensor {
  const used = new Set(freeIndices(body.body));
  const over = axes.filter((v) => used.has(v.id) || v === last);
  const made = body.body.kind === "const" ? body : materialise({ ...body, axes: over }, name, node.span, ctx);
  const fresh = axes.map((v) => ctx.world.variable(v.name, v.size));
  const element = made.axes.length === 0 ? made.body : at(made, over.map((v) => index(fresh[axes.indexOf(v)]!.id)));
  return { kind: "tensor", type: body.type, axes: fresh, body: element };
}
