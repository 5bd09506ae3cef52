/** `weights huggingface { … }`: under which names, and with which axes, the files of another program have the model's parameters. */
import type { Assign, Decl, Dim as Slot, Expr as Node, Item, Slots, StringLiteral, Target } from "../../grammar/ast.ts";
import type { WeightName, WeightNames, WeightSlot } from "../../runtime/training/weight-names.ts";
import * as dims from "../dim.ts";
import type { Expr } from "../ir/graph.ts";
import { accessesIn, isConst } from "../ir/expr.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import * as errors from "./errors.ts";
import { evaluateTensor, sizeVal } from "./evaluate.ts";
import { freeIndices } from "./expr.ts";
import { unknownMember } from "./names.ts";
import { Run } from "./run.ts";
import type { IndexVar, InstanceVal, ParamVal, Val } from "./value.ts";
import { kindOf } from "./value.ts";
import type { Context, World } from "./world.ts";

/** The blocks of a model that is built. A parameter that its hyperparameters leave out is left out here. */
export function weightBlocks(root: InstanceVal, world: World): readonly WeightNames[] {
  return root.decl.body.items.flatMap((item) => (item.kind === "decl" && item.category === "weights" ? [blockOf(item, root, world)] : []));
}

function blockOf(block: Decl, root: InstanceVal, world: World): WeightNames {
  const parameters: WeightName[] = [];
  const named = new Set<string>();
  for (const item of block.body.items) {
    if (item.kind === "lost") continue;
    if (item.kind !== "assign" || item.targets.length !== 1 || item.values.length !== 1) {
      world.report(errors.weightsLine(item.span));
      continue;
    }
    parameters.push(...linesOf(item, named, root, world));
  }
  return { name: block.name.text, parameters };
}

/** One for each layer that the left side stands for, and for each tensor that it is read from; none after an error. */
function linesOf(item: Assign, named: Set<string>, root: InstanceVal, world: World): readonly WeightName[] {
  const [target, value] = [item.targets[0]!, item.values[0]!];
  const right = value.kind === "string" ? { name: value } : value.kind === "access" && value.base.kind === "string" ? { name: value.base, slots: value.slots } : undefined;
  if (right === undefined) {
    world.report(errors.weightsLine(value.span));
    return [];
  }
  const lines: WeightName[] = [];
  for (const place of placesOf(target, root, world)) {
    const own = linesAt(place, right, root, world);
    if (own === undefined) return [];
    const { path } = place.param;
    if (named.has(path)) {
      world.report(errors.namedTwice(item.span, path));
      return [];
    }
    named.add(path);
    lines.push(...own);
  }
  return lines;
}

/** A parameter that the left side names, with the layers' numbers and the names of its axes. */
interface Place {
  readonly param: ParamVal;
  readonly layers: ReadonlyMap<string, number>;
  readonly axes: Slots | undefined;
}

function placesOf({ name, steps, span }: Target, root: InstanceVal, world: World): readonly Place[] {
  const found: Place[] = [];
  const walk = (value: Val, at: number, layers: ReadonlyMap<string, number>): void => {
    const step = steps[at];
    if (value.kind === "none" || value.kind === "poison") return;
    if (value.kind === "param" && value.state !== "optimizer" && (step === undefined || (step.kind === "slots" && at + 1 === steps.length))) {
      found.push({ param: value, layers, axes: step });
    } else if (value.kind === "instance" && step?.kind === "member") {
      const member = value.members.get(step.name.text);
      if (member) walk(member, at + 1, layers);
      else if (!mayHave(value, step.name.text)) unknownMember(step.name, value.title, heldBy(value), world);
    } else if (value.kind === "stack" && step?.kind === "slots") {
      const items = layersOf(value.items, step, world);
      const again = items.find(([, , index]) => index !== undefined && layers.has(index));
      if (again) world.report(errors.weightsIndex(step.span, again[2]!, "a layer of an outer stack and for one of an inner"));
      else for (const [number, item, index] of items) walk(item, at + 1, index === undefined ? layers : new Map([...layers, [index, number]]));
    } else world.report(errors.weightsPath(span, value.kind === "stack" ? "stack" : kindOf(value)));
  };
  const first = root.members.get(name.text);
  if (first) walk(first, 0, new Map());
  else if (!mayHave(root, name.text)) unknownMember(name, root.title, heldBy(root), world);
  return found;
}

/** The names of what has weights. */
function heldBy({ members }: InstanceVal): readonly string[] {
  return [...members].flatMap(([name, { kind }]) => (kind === "param" || kind === "instance" || kind === "stack" ? [name] : []));
}

/** Whether other hyperparameters would give it such a parameter or layer. */
function mayHave({ decl }: InstanceVal, name: string): boolean {
  const among = (items: readonly Item[]): boolean => items.some((item) => {
    if (item.kind === "param" || item.kind === "state") return item.name.text === name;
    if (item.kind === "assign") return item.targets.some((target) => target.name.text === name);
    if (item.kind === "for") return among(item.body.items);
    return item.kind === "if" && (among(item.then.items) || (item.otherwise !== undefined && among(item.otherwise.kind === "if" ? [item.otherwise] : item.otherwise.items)));
  });
  return among(decl.body.items);
}

/** `blocks[l]` is all of them, `blocks[0]` the first. */
function layersOf(items: readonly InstanceVal[], slots: Slots, world: World): readonly (readonly [number: number, item: InstanceVal, index: string | undefined])[] {
  const [slot] = slots.items;
  if (slots.items.length === 1 && slot?.kind === "name") return items.map((item, number) => [number, item, slot.text] as const);
  const item = slots.items.length === 1 && slot?.kind === "number" ? items[Number(slot.text)] : undefined;
  if (item !== undefined && slot?.kind === "number") return [[Number(slot.text), item, undefined]];
  world.report(errors.stackItem(slots.span, items.length));
  return [];
}

function linesAt({ param, layers, axes }: Place, right: { readonly name: StringLiteral; readonly slots?: Slots }, root: InstanceVal, world: World): readonly WeightName[] | undefined {
  const shape = param.shape.map((size) => dims.asNumber(size.dim) as number);
  if (axes === undefined && right.slots === undefined) {
    const tensor = filledIn(right.name, layers, [...layers.keys()], world);
    return tensor === undefined ? undefined : [{ parameter: param.path, shape, tensor }];
  }
  if (axes === undefined || right.slots === undefined) {
    world.report(errors.weightsAxes(axes?.span ?? right.slots?.span ?? right.name.span, axes === undefined));
    return undefined;
  }
  if (right.slots.where || right.slots.fill) {
    world.report(errors.weightsWhole(right.slots.span));
    return undefined;
  }
  const names = axes.items.map((slot) => (slot.kind === "name" ? slot.text : undefined));
  if (names.length !== shape.length || names.includes(undefined) || new Set(names).size < names.length || axes.where || axes.fill) {
    world.report(errors.weightsRank(axes.span, param.path, param.shape));
    return undefined;
  }
  const both = names.find((name) => layers.has(name!));
  if (both !== undefined) {
    world.report(errors.weightsIndex(axes.span, both, "a layer and for an axis"));
    return undefined;
  }
  const variables = names.map((name, at) => world.variable(name!, param.shape[at]!));
  const slots: WeightSlot[] = [];
  for (const slot of right.slots.items) {
    const made = slotOf(slot, variables, shape, contextOf(root, layers, variables, world));
    if (made === undefined) return undefined;
    slots.push(made);
  }
  const lines: WeightName[] = [];
  for (const part of partsOf(right.name, names as string[], shape)) {
    const numbers = new Map([...layers, ...part.flatMap((at, axis) => (at === undefined ? [] : [[names[axis]!, at] as const]))]);
    const tensor = filledIn(right.name, numbers, [...layers.keys(), ...(names as string[])], world);
    if (tensor === undefined) return undefined;
    lines.push({ parameter: param.path, shape, tensor, slots, ...(part.some((at) => at !== undefined) && { part }) });
  }
  return lines;
}

/** Where "experts.{x}.w1" names an axis, a tensor for each place along it. */
function partsOf(name: StringLiteral, axes: readonly string[], shape: readonly number[]): readonly (readonly (number | undefined)[])[] {
  const given = new Set(bracesIn(name.value));
  let parts: readonly (readonly (number | undefined)[])[] = [[]];
  for (const [axis, index] of axes.entries()) parts = parts.flatMap((part) => (given.has(index) ? Array.from({ length: shape[axis]! }, (_, at) => [...part, at]) : [[...part, undefined]]));
  return parts;
}

const BRACES = /\{([^{}]*)\}/g;

function bracesIn(text: string): readonly string[] {
  return [...text.matchAll(BRACES)].map(([, index]) => index!.trim());
}

/** "h.{l}.ln_1.weight" with the numbers of layers and of places along axes. `known`: what may stand in braces. */
function filledIn(name: StringLiteral, numbers: ReadonlyMap<string, number>, known: readonly string[], world: World): string | undefined {
  let good = true;
  const text = name.value.replace(BRACES, (_, index: string) => {
    const number = numbers.get(index.trim());
    if (number === undefined && good) world.report(errors.weightsBraces(name.span, index.trim(), known));
    good &&= number !== undefined;
    return String(number);
  });
  return good ? text : undefined;
}

function contextOf(root: InstanceVal, layers: ReadonlyMap<string, number>, variables: readonly IndexVar[], world: World): Context {
  const vars = new Map([...layers].map(([name, number]) => [name, sizeVal(dims.constant(number), name) as Val]));
  const frame = { kind: "function" as const, home: root.home, self: root, path: "", vars, pack: undefined, active: [], call: "" };
  const indices = { vars: new Map(variables.map((variable) => [variable.name, variable])), pack: undefined, bases: new Map<Node, Val>() };
  return { world, run: new Run("weights"), frame, indices, live: variables, guards: undefined, naming: "", building: undefined };
}

/** A slot as a sum of what each index adds: tables, so that reading is as fast for any map. Undefined after an error. */
function slotOf(slot: Slot, variables: readonly IndexVar[], shape: readonly number[], ctx: Context): WeightSlot | undefined {
  const element = slot.kind === "ellipsis" ? undefined : evaluateTensor(slot, ctx, "slot");
  if (slot.kind === "ellipsis" || (element && (element.type !== "i32" || element.axes.length > 0))) {
    ctx.world.report(errors.slotNotInteger(slot.span, element ? kindOf(element) : "the axes of `...`"));
    return undefined;
  }
  if (!element) return undefined;
  let offset = 0;
  const along: (Int32Array | undefined)[] = shape.map(() => undefined);
  for (const { expr, factor } of termsOf(element.body, 1)) {
    const [id, ...others] = freeIndices(expr);
    if (accessesIn(expr).length > 0) {
      ctx.world.report(errors.weightsSlot(slot.span));
      return undefined;
    }
    if (id === undefined) {
      offset += factor * valueOf(expr, 0);
      continue;
    }
    if (others.length > 0) {
      ctx.world.report(errors.weightsSlot(slot.span));
      return undefined;
    }
    const at = variables.findIndex((variable) => variable.id === id);
    const table = (along[at] ??= new Int32Array(shape[at]!));
    for (let i = 0; i < table.length; i++) table[i]! += factor * valueOf(expr, i);
  }
  const least = along.reduce((sum, table) => sum + (table ? table.reduce((a, b) => Math.min(a, b)) : 0), offset);
  if (least >= 0) return { offset, along };
  ctx.world.report(errors.weightsBefore(slot.span, least));
  return undefined;
}

interface Term {
  readonly expr: Expr;
  readonly factor: number;
}

function termsOf(expr: Expr, factor: number): readonly Term[] {
  if (expr.kind !== "apply") return [{ expr, factor }];
  const [a, b] = expr.args;
  if (expr.op === "iadd") return [...termsOf(a!, factor), ...termsOf(b!, factor)];
  if (expr.op === "isub") return [...termsOf(a!, factor), ...termsOf(b!, -factor)];
  if (expr.op === "ineg") return termsOf(a!, -factor);
  if (expr.op === "imul" && isConst(a!)) return termsOf(b!, factor * a.value);
  if (expr.op === "imul" && isConst(b!)) return termsOf(a!, factor * b.value);
  return [{ expr, factor }];
}

/** With its one index at `i`. */
function valueOf(expr: Expr, i: number): number {
  if (expr.kind === "const") return expr.value;
  if (expr.kind === "index") return i;
  if (expr.kind !== "apply") throw new Error(`internal: ${expr.kind} in a slot of a weights block`);
  const [a = 0, b = 0, c = 0] = expr.args.map((arg) => valueOf(arg, i));
  return SCALAR_OPS[expr.op].evaluate(a, b, c);
}
