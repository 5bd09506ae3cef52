/** The right side of a line of a `weights` block: tensors of the file, added, each times a number, and a number alone. */
import type { Dim as Slot, Expr as Node, Slots, StringLiteral } from "../../grammar/ast.ts";
import type { WeightName, WeightSlot } from "../../runtime/training/weight-names.ts";
import * as dims from "../dim.ts";
import type { Expr } from "../ir/graph.ts";
import { accessesIn, isConst } from "../ir/expr.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import * as errors from "./errors.ts";
import { evaluateTensor, sizeVal } from "./evaluate.ts";
import { freeIndices } from "./expr.ts";
import { Run } from "./run.ts";
import type { IndexVar, InstanceVal, ParamVal, Val } from "./value.ts";
import { kindOf } from "./value.ts";
import type { Context, World } from "./world.ts";

/** A parameter that the left side names, with the layers' numbers and the names of its axes. */
export interface Place {
  readonly param: ParamVal;
  readonly layers: ReadonlyMap<string, number>;
  readonly axes: Slots | undefined;
}

/** A tensor of the file as it is written, and what it is multiplied with. */
interface Read {
  readonly name: StringLiteral;
  readonly slots: Slots | undefined;
  readonly factor: number;
}

interface Sum {
  readonly reads: readonly Read[];
  readonly constant: number;
}

/** A line for each tensor that the parameter is read from; undefined after an error. */
export function linesAt(place: Place, value: Node, root: InstanceVal, world: World): readonly WeightName[] | undefined {
  if (!readsTensor(value)) {
    world.report(errors.weightsLine(value.span));
    return undefined;
  }
  const axes = axesOf(place, world);
  if (axes === undefined) return undefined;
  const ctx = contextOf(root, place.layers, axes, world);
  const sum = sumOf(value, 1, ctx);
  if (sum === undefined) return undefined;
  const isAlone = sum.reads.length === 1 && sum.constant === 0 && sum.reads[0]!.factor === 1;
  const lines: WeightName[] = [];
  for (const read of sum.reads) {
    const own = tensorsOf(read, isAlone, place, axes, ctx);
    if (own === undefined) return undefined;
    for (const line of own) lines.push({ ...line, ...(read.factor !== 1 && { factor: read.factor }), ...(sum.constant !== 0 && { constant: sum.constant }) });
  }
  return lines;
}

/** The indices on the left; none where it is without. Undefined after an error. */
function axesOf({ param, layers, axes }: Place, world: World): readonly IndexVar[] | undefined {
  if (axes === undefined) return [];
  const names = axes.items.flatMap((slot) => (slot.kind === "name" ? [slot.text] : []));
  if (names.length !== param.shape.length || axes.items.length > names.length || new Set(names).size < names.length || axes.where || axes.fill) {
    world.report(errors.weightsRank(axes.span, param.path, param.shape));
    return undefined;
  }
  const both = names.find((name) => layers.has(name));
  if (both !== undefined) {
    world.report(errors.weightsIndex(axes.span, both, "a layer and for an axis"));
    return undefined;
  }
  return names.map((name, at) => world.variable(name, param.shape[at]!));
}

/** The terms of a sum of tensors. Undefined after an error. */
function sumOf(node: Node, factor: number, ctx: Context): Sum | undefined {
  if (node.kind === "string") return { reads: [{ name: node, slots: undefined, factor }], constant: 0 };
  if (node.kind === "access" && node.base.kind === "string") return { reads: [{ name: node.base, slots: node.slots, factor }], constant: 0 };
  if (!readsTensor(node)) return numberOf(node, ctx, (constant) => ({ reads: [], constant: factor * constant }));
  if (node.kind === "unary" && node.op === "-") return sumOf(node.operand, -factor, ctx);
  if (node.kind === "binary") {
    const { op, left, right } = node;
    if (op === "+" || op === "-") {
      const [one, other] = [sumOf(left, factor, ctx), sumOf(right, op === "+" ? factor : -factor, ctx)];
      return one && other && { reads: [...one.reads, ...other.reads], constant: one.constant + other.constant };
    }
    if (op === "*" && !readsTensor(left)) return numberOf(left, ctx, (number) => sumOf(right, factor * number, ctx));
    if (op === "*" && !readsTensor(right)) return numberOf(right, ctx, (number) => sumOf(left, factor * number, ctx));
    if (op === "/" && !readsTensor(right)) return numberOf(right, ctx, (number) => sumOf(left, factor / number, ctx), true);
  }
  ctx.world.report(errors.weightsSum(node.span));
  return undefined;
}

function readsTensor(node: Node): boolean {
  switch (node.kind) {
    case "string":
      return true;
    case "access":
      return readsTensor(node.base);
    case "unary":
      return readsTensor(node.operand);
    case "binary":
      return readsTensor(node.left) || readsTensor(node.right);
    default:
      return false;
  }
}

/** A number that the hyperparameters give, of a divisor another than 0. Undefined after an error. */
function numberOf<T>(node: Node, ctx: Context, then: (number: number) => T, divides = false): T | undefined {
  const tensor = evaluateTensor(node, ctx);
  if (tensor === undefined) return undefined;
  const value = tensor.type === "bool" || tensor.axes.length > 0 || tensor.body.kind !== "const" ? NaN : tensor.body.value;
  if (Number.isFinite(value) && !(divides && value === 0)) return then(value);
  ctx.world.report(errors.weightsNumber(node.span));
  return undefined;
}

/** A line for the tensor; one for each place along an axis where its name has the place's number. Undefined after an error. */
function tensorsOf({ name, slots }: Read, isAlone: boolean, place: Place, axes: readonly IndexVar[], ctx: Context): readonly WeightName[] | undefined {
  const { world } = ctx, { param, layers } = place;
  const shape = param.shape.map((size) => dims.asNumber(size.dim) as number);
  if (slots === undefined && place.axes === undefined) {
    const tensor = filledIn(name, layers, [...layers.keys()], world);
    return tensor === undefined ? undefined : [{ parameter: param.path, shape, tensor, ...(!isAlone && { slots: ownAxes(shape) }) }];
  }
  if (slots === undefined || place.axes === undefined) {
    world.report(errors.weightsAxes(place.axes?.span ?? slots?.span ?? name.span, place.axes === undefined));
    return undefined;
  }
  if (slots.where || slots.fill) {
    world.report(errors.weightsWhole(slots.span));
    return undefined;
  }
  const read: WeightSlot[] = [];
  for (const slot of slots.items) {
    const made = slotOf(slot, axes, shape, ctx);
    if (made === undefined) return undefined;
    read.push(made);
  }
  const names = axes.map((axis) => axis.name);
  const lines: WeightName[] = [];
  for (const part of partsOf(name, names, shape)) {
    const numbers = new Map([...layers, ...part.flatMap((at, axis) => (at === undefined ? [] : [[names[axis]!, at] as const]))]);
    const tensor = filledIn(name, numbers, [...layers.keys(), ...names], world);
    if (tensor === undefined) return undefined;
    lines.push({ parameter: param.path, shape, tensor, slots: read, ...(part.some((at) => at !== undefined) && { part }) });
  }
  return lines;
}

/** `[i, j, …]` of a tensor with the parameter's axes. */
function ownAxes(shape: readonly number[]): readonly WeightSlot[] {
  return shape.map((size, axis) => ({ offset: 0, along: shape.map((_, at) => (at === axis ? Int32Array.from({ length: size }, (_each, i) => i) : undefined)) }));
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
