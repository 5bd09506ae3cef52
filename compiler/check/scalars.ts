/** Functions of scalars: inside an equation they are inlined; on whole tensors they apply to each element. */
import type { Callable } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { index } from "../ir/expr.ts";
import type { Argument } from "./arguments.ts";
import { bindParameters, evaluateArgument, matchArguments } from "./arguments.ts";
import { isScalarType, kindsOf } from "./kinds.ts";
import * as errors from "./errors.ts";
import { asTensor, at } from "./tensor.ts";
import type { IndexVar, Tensor, Val } from "./value.ts";
import { POISON, scalar } from "./value.ts";
import type { Context } from "./world.ts";

/** Every value it takes at run time is a scalar, and there is one. */
export function isScalarFunction(fn: Callable): boolean {
  return fn.params.some((param) => isScalarType(param.type)) && fn.params.every((param) => !param.type?.dims);
}

/** Calls with the elements of the arguments; results get the arguments' axes back. */
export function mapOver(
  fn: Callable,
  args: readonly Argument[],
  inner: Context,
  outer: Context,
  span: Span,
  run: (ctx: Context) => readonly Val[],
): readonly Val[] | undefined {
  const matched = matchArguments(fn.params, args, `\`${fn.name.text}\``, outer, span);
  if (!matched) return undefined;
  let axes: readonly IndexVar[] = [];
  let from: Span | undefined;
  const elements: Argument[] = [];
  const kinds = kindsOf(fn.params, inner);
  for (const [k, param] of fn.params.entries()) {
    const arg = matched[k];
    if (!arg) continue;
    const given = evaluateArgument(arg, param, outer, kinds[k]);
    const value = given.kind === "param" ? (asTensor(given, arg.span, outer) ?? POISON) : given;
    if (value.kind === "poison") return undefined;
    const tensor: Tensor | undefined = value.kind === "tensor" && value.axes.length > 0 && isScalarType(param.type) ? value : undefined;
    if (!tensor) {
      elements.push({ name: param.name, span: arg.span, value });
      continue;
    }
    if (!from) [axes, from] = [tensor.axes, arg.span];
    const same = tensor.axes.length === axes.length && tensor.axes.every((axis, j) => outer.run.facts.equal(axis.size.dim, axes[j]!.size.dim));
    if (!same) {
      const wrong = tensor.axes.length === axes.length ? tensor.axes.findIndex((axis, j) => !outer.run.facts.equal(axis.size.dim, axes[j]!.size.dim)) : undefined;
      outer.world.report(errors.shapesDiffer(`\`${fn.name.text}\``, from, axes.map((a) => a.size), arg.span, tensor.axes.map((a) => a.size), wrong));
      return undefined;
    }
    elements.push({ name: param.name, span: arg.span, value: scalar(tensor.type, at(tensor, axes.map((axis) => index(axis.id)))) });
  }
  const bound = bindParameters(fn.params, elements, { ...inner, live: [...inner.live, ...axes] }, outer, span, `\`${fn.name.text}\``);
  if (!bound) return undefined;
  return run(bound).map((value): Val => (value.kind === "tensor" && value.axes.length === 0 ? { ...value, axes } : value));
}
