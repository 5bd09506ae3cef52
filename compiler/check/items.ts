/** The items of a body, in order: of a layer being built, or of a function being called. */
import type { Assign, For, Held, If, Item, Let, Return, Target } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { targetsIn } from "../../grammar/targets.ts";
import * as dims from "../dim.ts";
import { shapeOf } from "./arguments.ts";
import { isCount } from "./bounds.ts";
import { drawn } from "./draw.ts";
import { assignEquation } from "./equation.ts";
import * as errors from "./errors.ts";
import { evaluate, evaluateAll, evaluateFlag, evaluateSize, isSizeExpression, sizeVal, written } from "./evaluate.ts";
import { sameForms } from "./forms.ts";
import { coerceInit } from "./initial.ts";
import { declareParam } from "./instance.ts";
import { hidesNothing, isBoundSize } from "./names.ts";
import { requireAll } from "./require.ts";
import { scan, timeSlot } from "./scan.ts";
import { BUILTINS } from "./scope.ts";
import { asReal, asTensor, materialise } from "./tensor.ts";
import type { ParamVal, StackVal, Tensor, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";
import { joinPath } from "./world.ts";

export interface Returned {
  readonly values: readonly Val[];
  readonly spans: readonly Span[];
  readonly span: Span;
}

/** What was returned; "poison" where an error leaves that open. */
export function execute(items: readonly Item[], ctx: Context): Returned | "poison" | undefined {
  for (const item of items) {
    if (item.kind === "require" && !requireAll(item.conditions, ctx)) {
      poisonTargets(items, ctx);
      return "poison";
    }
    const returned = ctx.world.nested(item.span, () => executeItem(item, ctx));
    if (returned) return returned;
  }
  return undefined;
}

function executeItem(item: Item, ctx: Context): Returned | "poison" | undefined {
  const inClass = ctx.frame.kind === "class";
  switch (item.kind) {
    case "param":
    case "state":
    case "draw":
      held(item, ctx);
      return undefined;
    case "let":
      define(item, ctx);
      return undefined;
    case "lost":
      poisonTargets([item], ctx);
      return item.returns ? "poison" : undefined;
    case "require":
      return undefined;
    case "return":
      if (!inClass) return returned(item, ctx);
      ctx.world.report(errors.misplaced(item.span, "`return`", "a function"));
      return undefined;
    case "if":
      return choice(item, ctx);
    case "for":
      return loop(item, ctx);
    case "scan":
      if (inClass || ctx.run.building) ctx.world.report(errors.misplaced({ ...item.span, end: item.index.span.start - 1 }, "`scan`", "a function"));
      else scan(item, ctx);
      return undefined;
    case "decl":
      if (item.category !== "weights" || ctx.frame.self?.decl.category !== "model" || !inClass) ctx.world.report(errors.misplacedDeclaration(item));
      return undefined;
    case "method":
      if (!inClass) ctx.world.report(errors.misplaced(item.name.span, "a function", "a layer, a model or a file"));
      return undefined;
    case "field":
      ctx.world.report(errors.misplacedField(item));
      poisonTargets([item], ctx);
      return undefined;
    case "assign":
      assign(item, ctx);
      return undefined;
    default:
      return item satisfies never;
  }
}

function held(item: Held, ctx: Context): void {
  if (item.kind !== "draw") {
    if (ctx.frame.kind === "class") declareParam(item, ctx);
    else {
      ctx.world.report(errors.misplaced(item.name.span, `\`${item.kind}\``, "a layer or a model"));
      ctx.frame.vars.set(item.name.text, POISON);
    }
    return;
  }
  if (ctx.frame.kind === "class" || ctx.run.building) {
    ctx.world.report(errors.misplaced(item.name.span, "`draw`", "a function"));
    ctx.frame.self?.members.set(item.name.text, POISON);
    return;
  }
  const from = { text: `${item.name.text}: ${written(item.type.span)}`, span: item.type.span };
  const shape = shapeOf(item.type, ctx, from);
  const init = coerceInit(evaluate(item.from, ctx), item.from.span, ctx);
  const negative = shape?.find((size) => !isCount(size.dim, ctx));
  if (negative) ctx.world.report(errors.negativeSize(item.type.span, negative));
  setVariable(item.name.text, shape && !negative && init.kind === "init" ? drawn(item, shape, init.init, ctx) : POISON, item.name.span, ctx);
}

function define(item: Let, ctx: Context): void {
  const value = isSizeExpression(item.value, ctx) ? evaluateSize(item.value, ctx) : undefined;
  const other = value ? undefined : isSizeExpression(item.value, ctx) ? POISON : evaluate(item.value, ctx);
  const made: Val = value ? { kind: "size", size: { dim: value.dim, text: item.name.text, from: undefined } } : (other ?? POISON);
  if (ctx.frame.kind === "class" && ctx.frame.self) setMember(item.name.text, made, item.name.span, ctx);
  else setVariable(item.name.text, made, item.name.span, ctx);
}

function returned(item: Return, ctx: Context): Returned {
  const { values } = item;
  const made = values.length === 1 ? evaluateAll(values[0]!, ctx) : values.map((value) => evaluate(value, ctx));
  return { values: made, spans: values.map((value) => value.span), span: item.span };
}

function choice(item: If, ctx: Context): Returned | "poison" | undefined {
  const condition = evaluateFlag(item.condition, ctx, "the condition of an `if` item");
  if (condition === true) return execute(item.then.items, ctx);
  if (condition === false) {
    if (!item.otherwise) return undefined;
    return item.otherwise.kind === "if" ? choice(item.otherwise, ctx) : execute(item.otherwise.items, ctx);
  }
  poisonTargets([item], ctx);
  return returns([item]) ? "poison" : undefined;
}

function returns(items: readonly Item[]): boolean {
  return items.some((item) => {
    if (item.kind === "return") return true;
    if (item.kind === "for") return returns(item.body.items);
    return item.kind === "if" && (returns(item.then.items) || (item.otherwise !== undefined && returns(item.otherwise.kind === "if" ? [item.otherwise] : item.otherwise.items)));
  });
}

/** What the items would define is not known. */
function poisonTargets(items: readonly Item[], ctx: Context): void {
  for (const name of targetsIn(items)) {
    if (ctx.frame.kind === "class" && ctx.frame.self) {
      if (!ctx.frame.self.members.has(name)) ctx.frame.self.members.set(name, POISON);
    } else ctx.frame.vars.set(name, POISON);
  }
}

function loop(item: For, ctx: Context): Returned | "poison" | undefined {
  const over = item.mode === "in" ? evaluate(item.over, ctx) : undefined;
  let values: readonly Val[];
  if (over) {
    if (over.kind !== "stack") {
      if (over.kind !== "poison") ctx.world.report(errors.wrongKind(item.over.span, kindOf(over), "a stack of layers"));
      poisonTargets(item.body.items, ctx);
      return undefined;
    }
    values = (over satisfies StackVal).items;
  } else {
    const size = evaluateSize(item.over, ctx);
    const count = size && dims.asNumber(size.dim);
    if (count === undefined) {
      if (size && !ctx.run.symbolic) ctx.world.report(errors.forOverBatch(item.over.span, item.name.text));
      poisonTargets(item.body.items, ctx);
      return undefined;
    }
    ctx.world.spend(item.over.span, Math.max(0, count));
    values = Array.from({ length: Math.max(0, count) }, (_, k) => sizeVal(dims.constant(k), item.name.text));
  }
  const before = ctx.frame.vars.get(item.name.text);
  // Checked alone, equal layers have nothing more to say once a round leaves all variables as they were but for their elements.
  const mayEnd = ctx.run.symbolic && over?.kind === "stack" && over.alike;
  for (const value of values) {
    ctx.frame.vars.set(item.name.text, value);
    const then = mayEnd && new Map(ctx.frame.vars);
    const result = execute(item.body.items, ctx);
    if (result) return result;
    if (then && sameForms(then, ctx.frame.vars, ctx.run.facts)) break;
  }
  if (before) ctx.frame.vars.set(item.name.text, before);
  else ctx.frame.vars.delete(item.name.text);
  return undefined;
}

function assign(item: Assign, ctx: Context): void {
  const { targets, values } = item;
  if (targets.length === values.length) {
    const made = targets.map((target, k) => assigned(target, item, k, ctx));
    targets.forEach((target, k) => store(target, made[k]!, ctx));
    return;
  }
  if (values.length !== 1) {
    ctx.world.report(errors.targetCount(item.span, targets.length, values.length));
    targets.forEach((target) => store(target, POISON, ctx));
    return;
  }
  const results = evaluateAll(values[0]!, ctx);
  if (results.length !== targets.length && !results.some((value) => value.kind === "poison")) ctx.world.report(errors.targetCount(item.span, targets.length, results.length));
  for (const [k, target] of targets.entries()) {
    if (target.steps.length > 0) ctx.world.report(errors.targetShape(target.span));
    const value = results.length === targets.length ? results[k]! : POISON;
    store(target, kept(value, target, ctx), ctx);
  }
}

function assigned(target: Target, item: Assign, k: number, ctx: Context): Val {
  const node = item.values[k]!;
  const path = joinPath(ctx.frame.path, target.name.text);
  const [step, ...more] = target.steps;
  if (!step) {
    const building = ctx.frame.kind === "class" && ctx.frame.self ? { path: joinPath(ctx.frame.self.path, target.name.text), children: ctx.frame.self.children } : undefined;
    return kept(evaluate(node, { ...ctx, naming: path, building }), target, ctx);
  }
  if (step.kind === "member" || more.length > 0) {
    ctx.world.report(errors.targetShape(target.span));
    return POISON;
  }
  if (ctx.run.building) {
    ctx.world.report(errors.computedInLayer(target.span));
    return POISON;
  }
  return assignEquation(target, step, node, { ...ctx, naming: path }) ?? POISON;
}

/** Defines a variable; what a scan collects only behind the loop. */
function storeVariable(target: Target, value: Val, ctx: Context): void {
  const { scan: open } = ctx.frame;
  const into = open && timeSlot(target, ctx) !== undefined ? open.collected : ctx.frame.vars;
  setVariable(target.name.text, value, target.name.span, ctx, into);
}

function kept(value: Val, target: Target, ctx: Context): Val {
  if (value.kind === "param") return asTensor(value, target.span, ctx) ?? POISON;
  return value.kind === "tensor" && !ctx.run.building ? materialise(value, joinPath(ctx.frame.path, target.name.text), target.span, ctx) : value;
}

function store(target: Target, value: Val, ctx: Context): void {
  const name = target.name.text;
  const { frame } = ctx;
  if (frame.kind === "class" && frame.self) {
    if (value.kind !== "instance" && value.kind !== "stack" && value.kind !== "poison" && value.kind !== "class" && value.kind !== "none") {
      ctx.world.report(errors.notALayer(target.name.span, name, kindOf(value)));
      return setMember(name, POISON, target.name.span, ctx);
    }
    return setMember(name, value, target.name.span, ctx);
  }
  const member = frame.vars.has(name) ? undefined : frame.self?.members.get(name);
  if (member?.kind === "param") {
    if (member.state === "parameter") return ctx.world.report(errors.assignsParameter(target.name.span, name));
    if (ctx.time) return ctx.world.report(errors.unsupported(target.name.span, "a state that a `scan` writes"));
    const tensor = asTensor(value, target.span, ctx);
    if (tensor) writeState(member, asReal(tensor), target, ctx);
    return;
  }
  if (value.kind === "init") ctx.world.report(errors.initialiserAsValue(target.span));
  storeVariable(target, value.kind === "init" ? POISON : value, ctx);
}

function writeState(param: ParamVal, tensor: Tensor, target: Target, ctx: Context): void {
  const same = tensor.axes.length === param.shape.length && tensor.axes.every((axis, k) => ctx.run.facts.equal(axis.size.dim, param.shape[k]!.dim));
  if (!same || tensor.type !== "f32") {
    ctx.world.report(errors.stateShape(target.span, target.name.text, kindOf(tensor), kindOf(param)));
    return;
  }
  ctx.run.written.set(param.path, { param, value: tensor });
}

export function setVariable(name: string, value: Val, span: Span, ctx: Context, into = ctx.frame.vars): void {
  if (isBoundSize(name)) ctx.world.report(ctx.frame.vars.get(name)?.kind === "size" ? errors.sizeAssigned(span, name) : errors.capitals(span, name));
  else hidesNothing(name, span, ctx.frame.home, ctx.world);
  into.set(name, value);
}

export function setMember(name: string, value: Val, span: Span, ctx: Context): void {
  const self = ctx.frame.self!;
  const before = self.places.get(name);
  if (BUILTINS.has(name)) ctx.world.report(errors.hidesBuiltin(span, name));
  else if (before) ctx.world.report(errors.duplicate(span, name, before));
  else if (isBoundSize(name)) ctx.world.report(errors.capitals(span, name));
  self.members.set(name, value);
  self.places.set(name, span);
}

