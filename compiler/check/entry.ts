/** One function as a graph of its own: its arguments become inputs, its results outputs. */
import type { Callable, Parameter } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { GraphOutput, ScalarType, ValueId } from "../ir/graph.ts";
import { shapeOf, sourceOf } from "./arguments.ts";
import { runBody } from "./call.ts";
import * as errors from "./errors.ts";
import { evaluateSize, sizeVal } from "./evaluate.ts";
import { freeIndices } from "./expr.ts";
import type { Entry, EntryInput, EntryOutput } from "./model.ts";
import { isRunType, RUN_KINDS, typeMistake } from "./kinds.ts";
import { isBoundSize } from "./names.ts";
import { asTensor, assumeRange, equation, tensorOf } from "./tensor.ts";
import type { Size, Tensor } from "./value.ts";
import type { Context } from "./world.ts";

/** An input of the run as a tensor. */
export function inputTensor(input: EntryInput, sizes: readonly Size[], ctx: Context): Tensor {
  const { builder } = ctx.run;
  const leaf = builder.input(input.name, input.type, input.shape, input.range);
  if (input.range) assumeRange(ctx, leaf.id, input.range);
  return tensorOf(ctx, leaf, sizes);
}

/** Binds the capitals of the types to named sizes. */
export function bindFedSizes(params: readonly { readonly type: Parameter["type"] }[], ctx: Context, source: (k: number) => Size["from"]): void {
  for (const [k, param] of params.entries())
    for (const slot of param.type?.dims ?? [])
      if (slot.kind === "name" && isBoundSize(slot.text) && !ctx.frame.vars.has(slot.text)) ctx.frame.vars.set(slot.text, sizeVal(dims.named(slot.text), slot.text, source(k)));
}

/** A parameter as an input; undefined after an error. */
export function inputOf(param: Parameter, ctx: Context): { readonly input: EntryInput; readonly sizes: readonly Size[] } | undefined {
  const type = param.type!;
  if (!isRunType(type)) {
    ctx.world.report(typeMistake(type));
    return undefined;
  }
  const name = type.name?.text ?? "real";
  const sizes = shapeOf(type, ctx, sourceOf(param));
  const negative = sizes?.find(({ dim }) => (dims.asNumber(dim) ?? 0) < 0);
  if (negative) {
    ctx.world.report(errors.negativeSize(type.span, negative));
    return undefined;
  }
  const range = name === "index" && type.argument ? evaluateSize(type.argument, ctx) : undefined;
  if (!sizes || (name === "index" && !range)) {
    if (name === "index" && !type.argument) ctx.world.report(errors.indexWithoutRange(type.span));
    return undefined;
  }
  const element: ScalarType = name === "bool" ? "bool" : name === "real" ? "f32" : "i32";
  return { input: { name: param.name.text, type: element, shape: sizes.map((size) => size.dim), ...(range ? { range: range.dim } : {}) }, sizes };
}

/** Elaborates the body and closes the graph; undefined after an error. */
export function finishEntry(fn: Callable, inputs: readonly EntryInput[], ctx: Context): Entry | undefined {
  const results = ctx.world.within(ctx.frame.self, () => runBody(fn, ctx));
  const outputs: EntryOutput[] = [];
  const graphOutputs: GraphOutput[] = [];
  const names = outputNames(fn, results.length);
  for (const [k, result] of results.entries()) {
    const tensor = asTensor(result, fn.name.span, ctx);
    if (!tensor) return undefined;
    const value = valueOf(tensor, names[k]!, fn.name.span, ctx);
    outputs.push({ name: names[k]!, type: tensor.type, shape: tensor.axes.map((axis) => axis.size.dim) });
    graphOutputs.push({ name: names[k]!, value });
  }
  for (const [path, { value }] of ctx.run.written) {
    graphOutputs.push({ name: path, value: valueOf(value, path, fn.name.span, ctx), state: { kind: "running", path } });
  }
  const graph = ctx.run.finish(graphOutputs);
  return {
    name: fn.name.text,
    inputs,
    outputs,
    sizes: fedSizes(inputs),
    requires: ctx.run.requires,
    graph,
    everything: () => ctx.run.everything(graphOutputs.filter(({ state }) => state === undefined)),
  };
}

export function fedSizes(inputs: readonly EntryInput[]): string[] {
  const found = new Set<string>();
  for (const input of inputs) for (const size of input.shape) for (const term of size) for (const factor of term.factors) if (typeof factor === "string") found.add(factor);
  return [...found];
}

/** `return y, total` names its outputs where it can; one result is called as the function. */
function outputNames(fn: Callable, count: number): string[] {
  if (count === 1) return [fn.name.text];
  const values = fn.body.kind === "result" ? fn.body.values : fn.body.items.flatMap((item) => (item.kind === "return" ? [item.values] : [])).at(-1);
  const names = Array.from({ length: count }, (_, k) => {
    const node = values?.[k];
    return node?.kind === "name" ? node.text : `${fn.name.text}.${k}`;
  });
  return names.map((name, k) => (names.indexOf(name) === k ? name : `${name}.${k}`));
}

/** The graph's value that holds the tensor. */
export function valueOf(tensor: Tensor, name: string, span: Span, ctx: Context): ValueId {
  const { body, axes } = tensor;
  const plain =
    body.kind === "access" &&
    body.slots.length === axes.length &&
    body.slots.every((slot, k) => slot.kind === "index" && slot.at === axes[k]!.id);
  if (plain) return body.value;
  if (freeIndices(body).some((id) => !axes.some((axis) => axis.id === id))) throw new Error(`internal: ${name} depends on an index that is not its own`);
  const made = equation(name, [], axes, [], body, undefined, tensor.type, undefined, span, ctx);
  if (made.body.kind !== "access") throw new Error(`internal: ${name} is no value`);
  return made.body.value;
}

/** Whether every parameter is fed, so that the function may be called from outside. */
export function isFed(param: Parameter): boolean {
  return param.type !== undefined && (param.type.dims !== undefined || RUN_KINDS.includes(param.type.name?.text ?? ""));
}
