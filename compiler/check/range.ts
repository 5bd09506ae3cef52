/**
 * Ranges of indices. Each comes from the bare uses of the index, `x[b, i]`, which must agree; or it is declared, `i < n`,
 * and every use is proved to fit. Composite slots such as `i - 1` say nothing of the range.
 */
import type { Access, Dim as Slot, Expr as Node, NameExpr, Slots } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { isCount } from "./bounds.ts";
import * as errors from "./errors.ts";
import { evaluate, evaluateFlag, evaluateSize } from "./evaluate.ts";
import { hidesNothing, lookup, lookupOutside, unknownName } from "./names.ts";
import { BINDERS } from "./scope.ts";
import type { FnVal, IndexVar, MethodVal, Size, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";

/** An index as a left side or a binder introduces it. */
export interface NewIndex {
  readonly name: string;
  readonly span: Span;
  readonly below: Node | undefined;
}

export interface NewIndices {
  /** In order; "..." stands for the pack. */
  readonly order: readonly (NewIndex | "...")[];
}

/** A bare use: the axis that the index runs along. */
export interface Use {
  readonly size: Size;
  readonly span: Span;
  readonly access: Access;
  readonly at: number;
  readonly sizes: readonly Size[];
}

/** Reads the slots of a left side or binder; undefined after an error. */
export function newIndices(slots: Slots, ctx: Context): NewIndices | undefined {
  const order: (NewIndex | "...")[] = [];
  const seen = new Map<string, Span>();
  let good = true;
  for (const item of slots.items) {
    if (item.kind === "ellipsis") {
      if (!ctx.frame.pack) {
        ctx.world.report(errors.noPack(item.span));
        good = false;
      } else if (order.includes("...") || ctx.indices?.pack) {
        ctx.world.report(errors.packTwice(item.span));
        good = false;
      } else order.push("...");
      continue;
    }
    const index = asNewIndex(item);
    if (!index) {
      ctx.world.report(errors.notAnIndex(item.span));
      good = false;
      continue;
    }
    const before = seen.get(index.name);
    if (before || ctx.indices?.vars.has(index.name) || ctx.frame.scan?.variable.name === index.name) {
      ctx.world.report(errors.indexTwice(index.span, index.name, before));
      good = false;
      continue;
    }
    hidesNothing(index.name, index.span, ctx.frame.home, ctx.world);
    seen.set(index.name, index.span);
    order.push(index);
  }
  return good ? { order } : undefined;
}

export function asNewIndex(item: Slot): NewIndex | undefined {
  if (item.kind === "name") return { name: item.text, span: item.span, below: undefined };
  if (item.kind !== "relation" || item.operators.length !== 1 || item.operators[0]?.op !== "<") return undefined;
  const [left, right] = item.operands;
  return left?.kind === "name" && right ? { name: left.text, span: left.span, below: right } : undefined;
}

/**
 * The context in which the indices are bound, with their variables in order; undefined after an error. `ends`: by index, how far it may
 * be meant to go, for the message.
 */
export function bind(indices: NewIndices, within: readonly Node[], ctx: Context, ends: ReadonlyMap<string, string> = new Map()): { readonly inner: Context; readonly vars: readonly IndexVar[] } | undefined {
  const scope = ctx.indices ?? { vars: new Map<string, IndexVar>(), pack: undefined, bases: new Map<Node, Val>() };
  const names = new Set(indices.order.flatMap((index) => (index === "..." ? [] : [index.name])));
  const uses = new Map<string, Use[]>();
  const quotients = new Map<string, string>();
  const search: Search = { names, uses, quotients, ctx: { ...ctx, indices: scope } };
  for (const node of within) collect(node, search);
  const vars: IndexVar[] = [];
  const byName = new Map(scope.vars);
  const meant = (name: string): string | undefined => ends.get(name) ?? quotients.get(name) ?? sizeOfTheName(name, ctx);
  let pack = scope.pack;
  let good = true;
  const open = indices.order.flatMap((index) => (index === "..." || index.below || uses.has("") || uses.get(index.name)?.length ? [] : [index]));
  if (open[0]) ctx.world.report(errors.rangeNotInferable(open[0].span, open.map(({ name }) => ({ name, end: meant(name) }))));
  for (const index of indices.order) {
    if (index === "...") {
      pack = (ctx.frame.pack ?? []).map((size, at) => ctx.world.variable(`...${at}`, size));
      vars.push(...pack);
      continue;
    }
    const size = index.below ? evaluateCount(index.below, ctx) : inferredRange(index, uses, ctx);
    if (!size) {
      good = false;
      continue;
    }
    const variable = ctx.world.variable(index.name, size);
    byName.set(index.name, variable);
    vars.push(variable);
  }
  if (!good) return undefined;
  return { inner: { ...ctx, indices: { vars: byName, pack, bases: scope.bases }, live: [...ctx.live, ...vars] }, vars };
}

/** A size that something is counted up to; undefined after an error. */
export function evaluateCount(node: Node, ctx: Context): Size | undefined {
  const size = evaluateSize(node, ctx);
  if (!size || isCount(size.dim, ctx)) return size;
  ctx.world.report(errors.negativeSize(node.span, size));
  return undefined;
}

/** Undefined as well for an index without a use, which is told. */
function inferredRange(index: NewIndex, all: ReadonlyMap<string, readonly Use[]>, ctx: Context): Size | undefined {
  const uses = all.get(index.name) ?? [];
  const first = uses[0];
  if (!first || all.has("")) return undefined;
  const other = uses.find((use) => !ctx.run.facts.equal(use.size.dim, first.size.dim));
  if (!other) return first.size;
  // Its axes stand in another order, which was told of another index.
  if (ctx.world.told(other.access) || ctx.world.told(first.access)) return undefined;
  const swapped = orderFix(index.name, other, all, ctx) ?? orderFix(index.name, first, all, ctx) ?? swapFix(index.name, other, all, ctx) ?? swapFix(index.name, first, all, ctx);
  ctx.world.report(errors.sizeMismatch(index.name, first, other, swapped, shorter(first.size, other.size, ctx)));
  return undefined;
}

/** Many write `b` for the index along an axis of `B`. */
function sizeOfTheName(name: string, ctx: Context): string | undefined {
  const size = name.toUpperCase();
  return lookupOutside(size, ctx)?.kind === "size" ? size : undefined;
}

function shorter(a: Size, b: Size, ctx: Context): Size | undefined {
  const isWithin = (x: Size, y: Size): boolean => isCount(dims.subtract(y.dim, x.dim), ctx);
  return isWithin(a, b) ? a : isWithin(b, a) ? b : undefined;
}

/** Where another order of three or four plain indices makes every use of each agree: the access as it should be, if one order alone does. */
function orderFix(name: string, { access, sizes }: Use, all: ReadonlyMap<string, readonly Use[]>, ctx: Context): { readonly access: Access; readonly text: string } | undefined {
  const names = access.slots.items.flatMap((item) => (item.kind === "name" ? [item.text] : []));
  if (names.length !== access.slots.items.length || names.length < 3 || names.length > 4 || sizes.length !== names.length) return undefined;
  const elsewhere = (text: string): readonly Use[] => (all.get(text) ?? []).filter((use) => use.access !== access);
  if (elsewhere(name).length === 0) return undefined;
  const fits = (text: string, at: number): boolean => elsewhere(text).every((use) => ctx.run.facts.equal(use.size.dim, sizes[at]!.dim));
  const orders = (left: readonly string[]): readonly (readonly string[])[] => (left.length === 0 ? [[]] : left.flatMap((text) => orders(left.filter((one) => one !== text)).map((rest) => [text, ...rest])));
  const [order, ...others] = orders(names).filter((one) => one.every(fits));
  if (!order || others.length > 0) return undefined;
  ctx.world.tell(access);
  return { access, text: `${spanText(access.base.span)}[${order.join(",")}]` };
}

/** Where exchanging two slots of an access makes every use of both indices agree: the access as it should be. */
function swapFix(name: string, use: Use, all: ReadonlyMap<string, readonly Use[]>, ctx: Context): { readonly access: Access; readonly text: string } | undefined {
  const { access, at, sizes } = use;
  const items = access.slots.items;
  if (items.some((item) => item.kind === "ellipsis")) return undefined;
  const equal = (a: Size, b: Size): boolean => ctx.run.facts.equal(a.dim, b.dim);
  for (const [k, item] of items.entries()) {
    if (k === at || item.kind !== "name" || !sizes[k] || !sizes[at]) continue;
    const others = (all.get(name) ?? []).filter((other) => other.access !== access);
    const theirs = (all.get(item.text) ?? []).filter((other) => other.access !== access);
    if (others.length === 0 || !others.every((other) => equal(other.size, sizes[k]!)) || !theirs.every((other) => equal(other.size, sizes[at]!))) continue;
    const swapped = items.map((slot, j) => spanText((j === k ? items[at]! : j === at ? items[k]! : slot).span));
    return { access, text: `${spanText(access.base.span)}[${swapped.join(",")}]` };
  }
  return undefined;
}

interface Search {
  readonly names: ReadonlySet<string>;
  /** Key "": a base could not be evaluated, so that an index without uses is no news. */
  readonly uses: Map<string, Use[]>;
  /** By index, for the message: where a slot is `i / k`, the index goes k times as far as the axis. */
  readonly quotients: Map<string, string>;
  readonly ctx: Context;
}

function collect(node: Node | Slot, search: Search): void {
  const { ctx } = search;
  ctx.world.spend(node.span);
  switch (node.kind) {
    case "ellipsis":
    case "number":
    case "string":
    case "bool":
    case "name":
    case "member":
      return;
    case "unary":
      return collect(node.operand, search);
    case "binary":
      collect(node.left, search);
      if ((node.op === "and" || node.op === "or") && peek(node.left, ctx) === (node.op === "or")) return;
      return collect(node.right, search);
    case "relation":
      return node.operands.forEach((operand) => collect(operand, search));
    case "conditional": {
      const known = peek(node.condition, ctx);
      collect(node.condition, search);
      if (known !== false) collect(node.then, search);
      if (known !== true) collect(node.otherwise, search);
      return;
    }
    case "call":
      return node.args.forEach((arg) => collect(arg.value, search));
    case "access":
      return collectAccess(node, search);
    case "apply": {
      if (node.head.kind === "call") return;
      const introduced = bindsItsIndex(node.head, ctx) ? node.head.slots.items.flatMap((item) => asNewIndex(item) ?? []) : [];
      const bound = introduced.map((index) => index.name);
      const twice = introduced.find((index) => search.names.has(index.name));
      if (twice) {
        ctx.world.report(errors.indexTwice(twice.span, twice.name, undefined));
        search.uses.set("", []);
      }
      const inner: Search = bound.length === 0 ? search : { ...search, names: new Set([...search.names].filter((name) => !bound.includes(name))) };
      if (node.head.slots.where) collect(node.head.slots.where, inner);
      return collect(node.operand, inner);
    }
    default:
      return node satisfies never;
  }
}

function collectAccess(node: Access, search: Search): void {
  if (node.base.kind === "name" && search.names.has(node.base.text) && !lookupOutside(node.base.text, search.ctx)) {
    search.ctx.world.report(errors.indexedIndex(node.base.span, node.base.text));
    search.uses.set("", []);
    return;
  }
  const base = baseOf(node, search.ctx);
  const sizes = axesOf(base);
  if (!sizes) {
    search.uses.set("", []);
    if (base.kind !== "poison") search.ctx.world.report(withoutAxes(node, base));
  }
  const packed = search.ctx.frame.pack?.length ?? 0;
  let axis = 0;
  for (const [at, item] of node.slots.items.entries()) {
    if (item.kind === "name" && search.names.has(item.text)) {
      const size = sizes?.[axis];
      if (size) search.uses.set(item.text, [...(search.uses.get(item.text) ?? []), { size, span: item.span, access: node, at, sizes: sizes ?? [] }]);
    } else {
      noteQuotient(item, sizes?.[axis], search);
      collect(item, search);
    }
    axis += item.kind === "ellipsis" ? packed : 1;
  }
  if (sizes && axis !== sizes.length) {
    search.ctx.world.report(errors.rankMismatch(node, sizes, axis));
    search.uses.set("", []);
  }
  if (node.slots.fill) collect(node.slots.fill, search);
}

/** Of an axis whose size is written with a name of another layer nothing is said. */
function noteQuotient(item: Slot, axis: Size | undefined, { names, quotients, ctx }: Search): void {
  if (!axis || item.kind !== "binary" || item.op !== "/" || item.left.kind !== "name" || !names.has(item.left.text)) return;
  const isKnown = dims.asNumber(axis.dim) !== undefined ? /^\d+$/.test(axis.text) : lookupOutside(axis.text, ctx)?.kind === "size";
  const isFactor = item.right.kind === "number" || item.right.kind === "name" || (item.right.kind === "binary" && item.right.parenthesized);
  if (isKnown && isFactor) quotients.set(item.left.text, `${axis.text} * ${spanText(item.right.span)}`);
}

function axesOf(base: Val): readonly Size[] | undefined {
  if (base.kind === "tensor") return base.axes.map((axis) => axis.size);
  if (base.kind === "param") return base.shape;
  return undefined;
}

/** Brackets behind what has no elements. */
export function withoutAxes(node: Access, base: Val): Diagnostic {
  const isBinder = base.kind === "fn" || base.kind === "method" || base.kind === "builtin";
  return isBinder ? errors.binderWithoutTerms(node.span, spanText(node.base.span)) : errors.notATensor(node.base.span, kindOf(base));
}

/** What stands before the brackets, evaluated once in an equation. */
export function baseOf(node: Access, ctx: Context): Val {
  const known = ctx.indices?.bases.get(node.base);
  if (known) return known;
  const outside = { ...ctx, indices: undefined };
  const value = node.base.kind === "name" ? (lookupOutside(node.base.text, outside) ?? unknownBase(node.base, ctx)) : evaluate(node.base, outside);
  ctx.indices?.bases.set(node.base, value);
  return value;
}

function unknownBase(base: NameExpr, ctx: Context): Val {
  if (!lookup(base.text, ctx)) return unknownName(base.text, base.span, { ...ctx, indices: undefined });
  ctx.world.report(errors.indexedIndex(base.span, base.text));
  return POISON;
}

/** A condition that needs no index and no tensor: which branch is taken is known before ranges are. */
function peek(node: Node, ctx: Context): boolean | undefined {
  if (!isStatic(node, ctx)) return undefined;
  const value = ctx.world.quietly(() => evaluateFlag(node, { ...ctx, indices: undefined }, ""));
  return typeof value === "boolean" ? value : undefined;
}

function isStatic(node: Node, ctx: Context): boolean {
  switch (node.kind) {
    case "number":
    case "string":
    case "bool":
      return true;
    case "name": {
      if (ctx.indices?.vars.has(node.text)) return false;
      const value = lookupOutside(node.text, ctx);
      return value !== undefined && value.kind !== "param" && (value.kind !== "tensor" || value.body.kind === "const");
    }
    case "unary":
      return isStatic(node.operand, ctx);
    case "binary":
      return isStatic(node.left, ctx) && isStatic(node.right, ctx);
    case "relation":
      return node.operands.every((operand) => isStatic(operand, ctx));
    default:
      return false;
  }
}

/** `sum[i]` binds its index; `softmax[s]` needs one that is there already. */
export function bindsItsIndex(head: Access, ctx: Context): boolean {
  if (head.base.kind !== "name") return true;
  if (BINDERS.has(head.base.text)) return true;
  const fn = lookupOutside(head.base.text, ctx);
  return fn?.kind !== "fn" && fn?.kind !== "method" ? true : !keepsIndex(fn);
}

/** Of a function of [..., N]: whether its result has the last axis as well. */
export function keepsIndex({ fn }: FnVal | MethodVal): boolean {
  const result = fn.results[0];
  return result?.dims !== undefined && result.dims.some((dim) => dim.kind !== "ellipsis");
}
