/** Calls: the body of the function, elaborated with its arguments bound. */
import type { Call, Callable, Expr as Node } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { targetsIn } from "../../grammar/targets.ts";
import { arguments_, type Argument, bindParameters } from "./arguments.ts";
import { callBuiltin } from "./builtins.ts";
import * as errors from "./errors.ts";
import type { Mode } from "./evaluate.ts";
import { evaluate, evaluateAll } from "./evaluate.ts";
import { sameForm } from "./forms.ts";
import { construct } from "./instance.ts";
import { execute } from "./items.ts";
import { lookupOutside, member, unknownName } from "./names.ts";
import { reportRecursion } from "./recursion.ts";
import { checkResults } from "./results.ts";
import { asArgument } from "./tensor.ts";
import { isScalarFunction, mapOver } from "./scalars.ts";
import { methodOf } from "./scope.ts";
import type { FnVal, InstanceVal, MethodVal, StackVal, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context, Frame } from "./world.ts";
import { joinPath } from "./world.ts";

export function call(node: Call, ctx: Context, mode: Mode): readonly Val[] {
  const { callee } = node;
  const target =
    callee.kind === "name"
      ? (lookupOutside(callee.text, ctx) ?? unknownName(callee.text, callee.span, { ...ctx, indices: undefined }))
      : member(evaluate(callee.object, ctx), callee, ctx);
  switch (target.kind) {
    case "poison":
      for (const arg of node.args) evaluate(arg.value, ctx);
      return [POISON];
    case "builtin":
      return callBuiltin(target.name, node, ctx, mode);
    case "class":
      return [construct(target, arguments_(node.args), ctx, node.span)];
    case "fn":
    case "method":
      return callFunction(target, arguments_(node.args), ctx, node.span);
    case "instance":
      return callInstance(target, arguments_(node.args), ctx, node.span);
    case "stack":
      return [callStack(target, arguments_(node.args), ctx, node.span)];
    default:
      ctx.world.report(errors.notCallable(callee.span, kindOf(target)));
      return [POISON];
  }
}

function callInstance(instance: InstanceVal, args: readonly Argument[], ctx: Context, span: Span): readonly Val[] {
  const forward = methodOf(instance.decl, "forward");
  if (forward) return callFunction({ kind: "method", fn: forward, self: instance }, args, ctx, span);
  // One that could not be read has been told.
  if (instance.members.get("forward")?.kind !== "poison") ctx.world.report(errors.noForward(span, instance.title));
  return [POISON];
}

/** The first argument runs through the layers, the others go to each. */
function callStack(stack: StackVal, args: readonly Argument[], ctx: Context, span: Span): Val {
  const [first, ...rest] = args.map((arg, k) => (k === 0 ? arg : fixed(arg, joinPath(stack.path, arg.name?.text ?? `argument${k}`), ctx)));
  if (!first || first.name !== undefined) {
    ctx.world.report(errors.stackArgument(span));
    return POISON;
  }
  let running: Argument = first;
  for (const item of stack.items) {
    const results = callInstance(item, [running, ...rest], ctx, span);
    if (results.length !== 1) {
      ctx.world.report(errors.stackResults(span, item.title, results.length));
      return POISON;
    }
    if (results[0]!.kind === "poison") return POISON;
    // Checked alone, a layer that gives what the equal one before it gave has nothing more to say, however often it follows.
    if (ctx.run.symbolic && stack.alike && running.value && sameForm(running.value, results[0]!, ctx.run.facts)) return results[0]!;
    running = { name: undefined, span: first.span, value: results[0]! };
  }
  const made = running.value ?? evaluate(first.node!, ctx);
  ctx.run.noteResult(stack.path, made);
  return made;
}

/** Evaluated once, for several calls. */
function fixed(arg: Argument, name: string, ctx: Context): Argument {
  const value = arg.value ?? evaluate(arg.node as Node, ctx);
  return { ...arg, value: value.kind === "tensor" ? asArgument(value, name, arg.span, ctx) : value };
}

export function callFunction(target: FnVal | MethodVal, args: readonly Argument[], ctx: Context, span: Span): readonly Val[] {
  const { fn } = target;
  const self = target.kind === "method" ? target.self : undefined;
  const results = Math.max(1, fn.results.length);
  const poisoned = Array.from({ length: results }, () => POISON);
  if (ctx.run.building && self) {
    ctx.world.report(errors.computedInLayer(span));
    return poisoned;
  }
  const first = ctx.frame.active.findIndex((active) => active.what === fn && active.self === self);
  if (first >= 0) {
    reportRecursion(ctx, first, span);
    return poisoned;
  }
  const path = self ? joinPath(self.path, fn.name.text === "forward" ? "" : fn.name.text) : joinPath(ctx.frame.path, fn.name.text);
  const frame: Frame = {
    kind: "function",
    home: target.kind === "method" ? target.self.home : target.home,
    self,
    path,
    vars: new Map(),
    pack: undefined,
    active: [...ctx.frame.active, { what: fn, self }],
    call: `${path}#${ctx.run.callNumber(path)}`,
  };
  const inner: Context = { ...ctx, frame, indices: undefined, naming: path, building: undefined };
  if (isScalarFunction(fn)) return mapOver(fn, args, inner, ctx, span, (bound) => runBody(fn, bound, path)) ?? poisoned;
  const bound = bindParameters(fn.params, args, inner, ctx, span, describe(fn, self));
  if (!bound) return poisoned;
  const before = ctx.run.builder.values.length;
  const made = ctx.world.within(self, () => runBody(fn, bound, path));
  if (!self) for (const value of made) nameByCaller(value, before, ctx);
  else if (made.length === 1) ctx.run.noteResult(path === "" ? fn.name.text : path, made[0]);
  return made;
}

/** What a plain function computed takes the name of the variable it is assigned to; what a layer computed has the layer's. */
function nameByCaller(value: Val, before: number, ctx: Context): void {
  if (value.kind === "tensor" && value.body.kind === "access" && value.body.value >= before) ctx.run.nameLater(value.body.value);
}

function describe(fn: Callable, self: InstanceVal | undefined): string {
  if (!self) return `\`${fn.name.text}\``;
  return fn.name.text === "forward" ? `\`${self.title}\`` : `\`${fn.name.text}\` of \`${self.title}\``;
}

/** Elaborates the body in a context whose variables are bound. */
export function runBody(fn: Callable, ctx: Context, path = ctx.naming): readonly Val[] {
  if (fn.body.kind === "result") {
    const values = fn.body.values.length === 1 ? evaluateAll(fn.body.values[0]!, ctx) : fn.body.values.map((value) => evaluate(value, ctx));
    return checkResults(fn, values, fn.body.values.map((value) => value.span), fn.body.span, ctx, path);
  }
  const returned = execute(fn.body.items, ctx);
  if (returned === "poison") return Array.from({ length: Math.max(1, fn.results.length) }, () => POISON);
  if (!returned) {
    ctx.world.report(errors.missingReturn(fn.name.span, fn.name.text, targetsIn(fn.body.items.slice(-1)).at(-1)));
    return Array.from({ length: Math.max(1, fn.results.length) }, () => POISON);
  }
  return checkResults(fn, returned.values, returned.spans, returned.span, ctx, path);
}
