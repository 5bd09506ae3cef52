/**
 * Every layer, model and function of a file by itself, symbols standing for the hyperparameters without a default, so
 * that a fault shows although nothing uses the layer. What depends on an unknown flag, layer or number is passed over.
 */
import type { Callable, Decl, Parameter } from "../../grammar/ast.ts";
import { evaluateArgument, sourceOf } from "./arguments.ts";
import { coerce, kindsOf, type CompileKind } from "./kinds.ts";
import { runBody } from "./call.ts";
import * as dims from "../dim.ts";
import { bindFedSizes, inputOf, inputTensor } from "./entry.ts";
import { evaluate, sizeVal } from "./evaluate.ts";
import { Facts } from "./facts.ts";
import { build } from "./instance.ts";
import { isBoundSize } from "./names.ts";
import type { FileScope } from "./scope.ts";
import { asTensor } from "./tensor.ts";
import type { InstanceVal, Size, Val } from "./value.ts";
import { flag, number, POISON } from "./value.ts";
import type { Context, Frame, World } from "./world.ts";
import { Run } from "./run.ts";

/** `ahead`: what cannot be translated yet is no mistake. */
export function checkAlone(home: FileScope, world: World, { ahead = false } = {}): void {
  world.acceptsUnsupported = ahead;
  for (const top of home.file.tops) {
    if (top.kind === "use") continue;
    if (top.kind === "fn") checkFunction(top, home, undefined, new Facts(), world);
    else if (top.category === "layer" || top.category === "model") checkLayer(top, home, world);
  }
  world.acceptsUnsupported = false;
}

function contextOf(home: FileScope, self: InstanceVal | undefined, run: Run, world: World, name: string): Context {
  const frame: Frame = { kind: "function", home, self, path: name, vars: new Map(), pack: undefined, active: [], call: name };
  return { world, run, frame, indices: undefined, live: [], guards: undefined, naming: name, building: undefined };
}

function checkLayer(decl: Decl, home: FileScope, world: World): void {
  const facts = new Facts();
  const run = new Run("alone", { building: true, symbolic: true, facts });
  const ctx = contextOf(home, undefined, run, world, "");
  const kinds = kindsOf(decl.params ?? [], ctx);
  const values = (decl.params ?? []).map((param, k): Val | undefined => {
    if (param.initial) return undefined;
    const kind = kinds[k];
    return kind === undefined || kind === "run" ? POISON : unknownOf(kind, param.name.text, facts);
  });
  const kept = world.parameters.length;
  const self = build({ kind: "class", decl, home }, values, ctx, decl.name.span, "", []);
  world.parameters.length = kept;
  for (const item of decl.body.items) if (item.kind === "method") checkFunction(item, home, self, facts, world);
}

/** What stands for a hyperparameter without a default. */
function unknownOf(kind: CompileKind, name: string, facts: Facts): Val {
  switch (kind) {
    case "size":
      facts.assumePositive(name);
      return sizeVal(dims.named(name), name);
    case "number":
    case "rate":
      return number(0.1);
    case "flag":
      return flag(false);
    case "text":
      return { kind: "text", value: "" };
    case "init":
      return { kind: "init", init: { kind: "constant", value: 0 } };
    case "layer":
    case "fn":
    case "tokenizer":
      return POISON;
    default:
      return kind satisfies never;
  }
}

/** `known` of the hyperparameters; what the function requires of a batch is known in it alone. */
function checkFunction(fn: Callable, home: FileScope, self: InstanceVal | undefined, known: Facts, world: World): void {
  for (const training of [true, false]) {
    const facts = known.copy();
    const run = new Run(fn.name.text, { training, symbolic: true, facts });
    let ctx = contextOf(home, self, run, world, fn.name.text);
    ctx = { ...ctx, frame: { ...ctx.frame, active: [{ what: fn, self }] } };
    const packed = fn.params.some((param) => param.type?.dims?.some((slot) => slot.kind === "ellipsis"));
    if (packed) ctx = { ...ctx, frame: { ...ctx.frame, pack: [packSize("B"), packSize("T")] } };
    bindFedSizes(fn.params, ctx, (k) => sourceOf(fn.params[k]!));
    const kinds = kindsOf(fn.params, ctx);
    for (const [k, param] of fn.params.entries()) bindAlone(param, kinds[k], ctx, facts);
    world.within(self, () => runBody(fn, ctx));
    if (!run.askedTraining) return;
  }
}

/** The axes that stand for `...`. */
function packSize(name: string): Size {
  return { dim: dims.named(`...${name}`), text: `...${name}` };
}

function bindAlone(param: Parameter, kind: CompileKind | "run" | undefined, ctx: Context, facts: Facts): void {
  const name = param.name.text;
  if (kind === undefined) return void ctx.frame.vars.set(name, POISON);
  if (kind === "run") {
    const range = param.type?.argument;
    if (range?.kind === "name" && isBoundSize(range.text) && !ctx.frame.vars.has(range.text)) ctx.frame.vars.set(range.text, sizeVal(dims.named(range.text), range.text, sourceOf(param)));
    // Where every call gives one, the default is looked at here alone.
    if (param.initial) asTensor(evaluate(param.initial, ctx), param.initial.span, ctx);
    const made = inputOf(param, ctx);
    ctx.frame.vars.set(name, made ? inputTensor(made.input, made.sizes, ctx) : POISON);
    return;
  }
  if (!param.initial) return void ctx.frame.vars.set(name, unknownOf(kind, name, facts));
  const arg = { name: undefined, span: param.initial.span, node: param.initial };
  ctx.frame.vars.set(name, coerce(evaluateArgument(arg, param, ctx, kind), kind, name, param.initial.span, ctx));
}
