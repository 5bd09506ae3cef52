/** Layers being built: hyperparameters bound, parameters declared, children built at their dotted paths. */
import type { Apply, Call, Expr as Node, Held, Item, Name } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import { namesIn, visitNodes } from "../../grammar/walk.ts";
import * as dims from "../dim.ts";
import { shapeOf, type Argument, evaluateArgument, matchArguments } from "./arguments.ts";
import { coerce, kindsOf } from "./kinds.ts";
import * as errors from "./errors.ts";
import { evaluate, evaluateSize, sizeVal, written } from "./evaluate.ts";
import { coerceInit } from "./initial.ts";
import { execute, setMember } from "./items.ts";
import type { Instance } from "./model.ts";
import { lookupOutside } from "./names.ts";
import { asNewIndex } from "./range.ts";
import { reportRecursion } from "./recursion.ts";
import type { ClassVal, InstanceVal, ParamVal, StackVal, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context, Frame } from "./world.ts";
import { joinPath } from "./world.ts";

export function construct(target: ClassVal, args: readonly Argument[], ctx: Context, span: Span): Val {
  const { decl } = target;
  if (decl.category !== "layer" && decl.category !== "model") {
    ctx.world.report(errors.notALayerClass(span, decl.name.text, decl.category));
    return POISON;
  }
  if (!ctx.building) {
    ctx.world.report(ctx.run.building ? errors.unnamedLayer(span, decl.name.text) : errors.builtInFunction(span, decl.name.text, ctx.frame.self));
    return POISON;
  }
  const first = ctx.frame.active.findIndex((active) => active.what === decl);
  if (first >= 0) {
    reportRecursion(ctx, first, span);
    return POISON;
  }
  const params = decl.params ?? [];
  const matched = matchArguments(params, args, `\`${decl.name.text}\``, ctx, span);
  if (!matched) return POISON;
  const kinds = kindsOf(params, scopeOf(target, ctx));
  const values = params.map((param, k): Val | undefined => {
    const arg = matched[k];
    if (!arg) return undefined;
    const kind = kinds[k];
    if (kind === undefined || kind === "run") {
      if (kind === "run") ctx.world.report(errors.runTimeHyperparameter(param));
      return POISON;
    }
    return coerce(evaluateArgument(arg, param, ctx, kind), kind, param.name.text, arg.span, ctx);
  });
  if (values.some((value) => value?.kind === "poison")) return POISON;
  return build(target, values, ctx, span, ctx.building.path, ctx.building.children);
}

/** Where defaults are looked at before there is an instance. */
function scopeOf(target: ClassVal, ctx: Context): Context {
  return { ...ctx, frame: { ...ctx.frame, home: target.home, self: undefined, vars: new Map(), settings: undefined }, indices: undefined };
}

/** Builds an instance from values for its hyperparameters; undefined stands for the default. */
export function build(target: ClassVal, values: readonly (Val | undefined)[], ctx: Context, span: Span, path: string, siblings: Instance[]): InstanceVal {
  const { decl, home } = target;
  const params = decl.params ?? [];
  const given = params.flatMap((param, k) => {
    const value = values[k];
    return value ? [`${param.name.text}: ${show(value)}`] : [];
  });
  const self: InstanceVal = {
    kind: "instance",
    path,
    decl,
    home,
    members: new Map(),
    children: [],
    title: given.length > 0 ? `${decl.name.text}(${given.slice(0, 4).join(", ")}${given.length > 4 ? ", …" : ""})` : decl.name.text,
    span,
    hyperparameters: [],
    places: new Map(),
  };
  siblings.push({ path, layer: decl.name.text, hyperparameters: self.hyperparameters, children: self.children, span });
  const frame: Frame = {
    kind: "class",
    home,
    self,
    path,
    vars: new Map(),
    pack: undefined,
    active: [...ctx.frame.active, { what: decl, self: undefined }],
    call: path,
  };
  const inner: Context = { ...ctx, frame, indices: undefined, naming: path, building: { path, children: self.children } };
  const kinds = kindsOf(params, inner);
  for (const [k, param] of params.entries()) {
    const value = values[k] ?? defaultOf(param, kinds[k], inner);
    setMember(param.name.text, value, param.name.span, inner);
    self.hyperparameters.push([param.name.text, show(value)]);
  }
  for (const item of decl.body.items) if (item.kind === "method" && !self.places.has(item.name.text)) self.places.set(item.name.text, item.name.span);
  ctx.world.within(self, () => execute(inOrder(decl.body.items), inner));
  return self;
}

/** What gives a name a value. */
const MAKERS: ReadonlySet<string> = new Set(["target", "let", "param", "state", "draw", "field"]);

/** A layer is built many times, from the same items. */
const ordered = new WeakMap<readonly Item[], readonly Item[]>();

function inOrder(items: readonly Item[]): readonly Item[] {
  let found = ordered.get(items);
  if (!found) ordered.set(items, (found = requirementsFirst(items)));
  return found;
}

/** What is required of the hyperparameters alone holds of all that stands in the body, above it as well. */
function requirementsFirst(items: readonly Item[]): readonly Item[] {
  if (!items.some(({ kind }) => kind === "require")) return items;
  const made = new Set<string>();
  visitNodes(items, (node) => {
    if (MAKERS.has(node.kind)) made.add((node as unknown as { readonly name: Name }).name.text);
  });
  const isFirst = (item: Item): boolean => item.kind === "require" && ![...namesIn(item.conditions)].some((name) => made.has(name));
  return [...items.filter(isFirst), ...items.filter((item) => !isFirst(item))];
}

function defaultOf(param: NonNullable<ClassVal["decl"]["params"]>[number], kind: ReturnType<typeof kindsOf>[number], ctx: Context): Val {
  if (!param.initial || kind === undefined) return POISON;
  if (kind === "run") {
    ctx.world.report(errors.runTimeHyperparameter(param));
    return POISON;
  }
  const arg: Argument = { name: undefined, span: param.initial.span, node: param.initial };
  return coerce(evaluateArgument(arg, param, ctx, kind), kind, param.name.text, param.initial.span, ctx);
}

/** A value as messages and `--emit model` print it. */
export function show(value: Val): string {
  switch (value.kind) {
    case "size":
      return dims.print(value.size.dim);
    case "tensor":
      if (value.body.kind !== "const") return kindOf(value);
      return value.type === "bool" ? String(value.body.value !== 0) : String(value.body.value);
    case "text":
      return JSON.stringify(value.value);
    case "class":
      return value.decl.name.text;
    case "instance":
    case "stack":
      return value.path;
    case "fn":
    case "method":
      return value.fn.name.text;
    case "builtin":
      return value.name;
    case "init":
      return value.init.kind === "constant" ? String(value.init.value) : value.init.kind === "normal" ? `normal(${value.init.std})` : `uniform(${value.init.low}, ${value.init.high})`;
    case "none":
    case "tokenizer":
      return value.kind;
    case "param":
      return value.path;
    case "poison":
      return "?";
    default:
      return value satisfies never;
  }
}

/** `param weight: [n, m] ~ init`, `state mean: [d] ~ zeros` */
export function declareParam(item: Held, ctx: Context): void {
  const self = ctx.frame.self;
  if (!self) return ctx.world.report(errors.misplaced(item.name.span, `\`${item.kind}\``, "a layer or a model"));
  const name = item.name.text;
  if (item.type.name && item.type.name.text !== "real") {
    ctx.world.report(errors.paramType(item.type.span, name));
    return setMember(name, POISON, item.name.span, ctx);
  }
  const from = { text: `${name}: ${written(item.type.span)}`, span: item.type.span };
  const shape = shapeOf(item.type, ctx, from);
  const init = coerceInit(evaluate(item.from, ctx), item.from.span, ctx);
  if (!shape || init.kind !== "init") return setMember(name, POISON, item.name.span, ctx);
  const negative = shape.find((size) => (dims.asNumber(size.dim) ?? 1) < 1);
  if (negative) {
    ctx.world.report(errors.emptyParameter(item.type.span, name, negative));
    return setMember(name, POISON, item.name.span, ctx);
  }
  const param: ParamVal = { kind: "param", state: item.kind === "param" ? "parameter" : "running", path: joinPath(self.path, name), shape, init: init.init, span: item.span };
  ctx.world.parameters.push(param);
  setMember(name, param, item.name.span, ctx);
}

/** `stack(layers) Block(d)`, `stack(l < layers) Block(d, drop * l)` */
export function stack(node: Apply, head: Call, ctx: Context): Val {
  const target = head.callee.kind === "name" ? lookupOutside(head.callee.text, ctx) : undefined;
  if (target?.kind !== "builtin" || target.name !== "stack") {
    if (target?.kind === "class" && !ctx.building) construct(target, [], ctx, head.span);
    else if (target?.kind !== "poison") ctx.world.report(target ? errors.notApplied(head.span, node.operand.span) : errors.unknownName(head.callee.span, spanText(head.callee.span), undefined));
    return POISON;
  }
  const [arg] = head.args;
  if (!arg || head.args.length !== 1 || arg.name) {
    ctx.world.report(errors.stackCount(head.span));
    return POISON;
  }
  if (!ctx.building) {
    ctx.world.report(ctx.run.building ? errors.unnamedLayer(head.span, "stack") : errors.builtInFunction(head.span, "stack", undefined));
    return POISON;
  }
  const index = asNewIndex(arg.value);
  const counted = index?.below ? index : undefined;
  const size = evaluateSize(counted?.below ?? arg.value, ctx);
  if (!size) return POISON;
  const count = dims.asNumber(size.dim);
  if (count === undefined || count < 0) {
    if (count !== undefined) ctx.world.report(errors.negativeSize(arg.span, size));
    else if (!ctx.run.symbolic) ctx.world.report(errors.notKnownWhenCompiling(arg.span, "the number of layers"));
    if (ctx.run.symbolic) buildOne(node.operand, counted?.name, 0, ctx); // its body is checked once, for any number
    return POISON;
  }
  ctx.world.spend(arg.span, count);
  const items: InstanceVal[] = [];
  for (let l = 0; l < count; l++) {
    const item = buildOne(node.operand, counted?.name, l, ctx);
    if (item.kind !== "instance") {
      if (item.kind !== "poison") ctx.world.report(errors.notALayer(node.operand.span, "stack", kindOf(item)));
      return POISON;
    }
    items.push(item);
  }
  return { kind: "stack", path: ctx.building.path, alike: counted === undefined, items } satisfies StackVal;
}

function buildOne(operand: Node, name: string | undefined, l: number, ctx: Context): Val {
  const vars = name ? new Map([...ctx.frame.vars, [name, sizeVal(dims.constant(l), name)] as const]) : ctx.frame.vars;
  const building = { path: joinPath(ctx.building!.path, String(l)), children: ctx.building!.children };
  return evaluate(operand, { ...ctx, frame: { ...ctx.frame, vars }, building });
}

