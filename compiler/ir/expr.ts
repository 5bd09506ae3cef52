/** Scalar expressions: making, walking, rewriting and comparing them. Nothing here knows a graph. */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import type { AccessExpr, ApplyExpr, ConstExpr, DrawExpr, Expr, IndexExpr, SizeExpr, MicroExpr, StepExpr, ValueId } from "./graph.ts";

export function real(value: number): ConstExpr {
  return { kind: "const", type: "f32", value };
}

export function int(value: number): ConstExpr {
  return { kind: "const", type: "i32", value };
}

export function bool(value: boolean): ConstExpr {
  return { kind: "const", type: "bool", value: value ? 1 : 0 };
}

/** Indices are everywhere: the first ones are made once. */
const INDICES: readonly IndexExpr[] = Array.from({ length: 32 }, (_, at) => ({ kind: "index", at }));

export function index(at: number): IndexExpr {
  return INDICES[at] ?? { kind: "index", at };
}

/** A size as an i32; a known number becomes a constant. */
export function size(dim: Dim): SizeExpr | ConstExpr {
  const number = dims.asNumber(dim);
  return number === undefined ? { kind: "size", dim } : int(number);
}

export const STEP: StepExpr = { kind: "step" };
export const MICRO: MicroExpr = { kind: "micro" };

/** Takes an id or anything that has one. */
export function access(value: ValueId | { readonly id: ValueId }, ...slots: readonly Expr[]): AccessExpr {
  return { kind: "access", value: typeof value === "number" ? value : value.id, slots };
}

/** The element at the equation's own axes: `x[i0, i1, …]`. */
export function identityAccess(value: { readonly id: ValueId; readonly shape: readonly Dim[] }): AccessExpr {
  return access(value, ...value.shape.map((_, at) => index(at)));
}

export function apply(op: ScalarOpName, ...args: readonly Expr[]): ApplyExpr {
  return { kind: "apply", op, args };
}

export function draw(site: number, coordinates: readonly Expr[], sizes: readonly Dim[]): DrawExpr {
  return { kind: "draw", site, coordinates, sizes };
}

export const neg = (a: Expr): Expr => apply("neg", a);
export const add = (a: Expr, b: Expr): Expr => apply("add", a, b);
export const sub = (a: Expr, b: Expr): Expr => apply("sub", a, b);
export const mul = (a: Expr, b: Expr): Expr => apply("mul", a, b);
export const div = (a: Expr, b: Expr): Expr => apply("div", a, b);
export const iadd = (a: Expr, b: Expr): Expr => apply("iadd", a, b);
export const isub = (a: Expr, b: Expr): Expr => apply("isub", a, b);
export const imul = (a: Expr, b: Expr): Expr => apply("imul", a, b);
export const idiv = (a: Expr, b: Expr): Expr => apply("idiv", a, b);
export const imod = (a: Expr, b: Expr): Expr => apply("imod", a, b);
export const select = (condition: Expr, yes: Expr, no: Expr): Expr => apply("select", condition, yes, no);

/** All hold, tested from the left; `true` for none. */
export function conjunction(conditions: readonly Expr[]): Expr {
  return conditions.length === 0 ? bool(true) : conditions.reduce((a, b) => apply("and", a, b));
}

/** The terms of a chain of `and`, from the left. */
export function conjuncts(condition: Expr | undefined): readonly Expr[] {
  if (!condition || isConst(condition, 1)) return [];
  if (condition.kind === "apply" && condition.op === "and") return condition.args.flatMap(conjuncts);
  return [condition];
}

/** The factors of a product, a minus as the factor -1. */
export function factorsOf(expr: Expr): readonly Expr[] {
  if (isOp(expr, "mul")) return expr.args.flatMap(factorsOf);
  return isOp(expr, "neg") ? [real(-1), ...factorsOf(expr.args[0]!)] : [expr];
}

export function isConst(expr: Expr): expr is ConstExpr;
export function isConst(expr: Expr, value: number): boolean;
export function isConst(expr: Expr, value?: number): boolean {
  return expr.kind === "const" && (value === undefined || expr.value === value);
}

export function isOp<Op extends ScalarOpName>(expr: Expr, op: Op): expr is ApplyExpr & { readonly op: Op } {
  return expr.kind === "apply" && expr.op === op;
}

const NONE: readonly Expr[] = [];

/** Direct subexpressions, slots and coordinates included. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "access":
      return expr.slots;
    case "apply":
      return expr.args;
    case "draw":
      return expr.coordinates;
    case "const":
    case "index":
    case "size":
    case "step":
    case "micro":
      return NONE;
    default:
      return expr satisfies never;
  }
}

/** The same node over other subexpressions; the node itself when none differs. */
export function withChildren(expr: Expr, replaced: readonly Expr[]): Expr {
  const parts = children(expr);
  if (parts === replaced || parts.every((child, at) => child === replaced[at])) return expr;
  switch (expr.kind) {
    case "access":
      return { ...expr, slots: replaced };
    case "apply":
      return { ...expr, args: replaced };
    case "draw":
      return { ...expr, coordinates: replaced };
    default:
      return expr;
  }
}

/** Rewrites from the leaves up: `rewrite` sees each node after its subexpressions were rewritten. */
export function mapExpr(expr: Expr, rewrite: (node: Expr) => Expr): Expr {
  const parts = children(expr);
  return rewrite(parts.length === 0 ? expr : withChildren(expr, parts.map((child) => mapExpr(child, rewrite))));
}

/** Every node, parents first. */
export function visitExpr(expr: Expr, visit: (node: Expr) => void): void {
  visit(expr);
  for (const child of children(expr)) visitExpr(child, visit);
}

/** Whether any node, the expression itself or one in it, is of that kind. */
export function someNode(expr: Expr, test: (node: Expr) => boolean): boolean {
  return test(expr) || children(expr).some((child) => someNode(child, test));
}

/** Every pass asks for them, for the same expressions. */
const accesses = new WeakMap<Expr, readonly AccessExpr[]>();

/** Every access, those inside slots included, in order of appearance. */
export function accessesIn(expr: Expr): readonly AccessExpr[] {
  const known = accesses.get(expr);
  if (known) return known;
  const found: AccessExpr[] = [];
  visitExpr(expr, (node) => {
    if (node.kind === "access") found.push(node);
  });
  accesses.set(expr, found);
  return found;
}

/** Positions of the indices it depends on, ascending. */
export function indicesIn(expr: Expr): number[] {
  const found = new Set<number>();
  visitExpr(expr, (node) => {
    if (node.kind === "index") found.add(node.at);
  });
  return [...found].sort((a, b) => a - b);
}

export function dependsOn(expr: Expr, indices: ReadonlySet<number>): boolean {
  return someNode(expr, (node) => node.kind === "index" && indices.has(node.at));
}

/** Replaces all indices at once; those for which `by` gives nothing stay. */
export function substituteIndices(expr: Expr, by: (at: number) => Expr | undefined): Expr {
  return mapExpr(expr, (node) => (node.kind === "index" ? (by(node.at) ?? node) : node));
}

/** Lets every access name another value. */
export function renameValues(expr: Expr, by: (id: ValueId) => ValueId): Expr {
  return mapExpr(expr, (node) => {
    if (node.kind !== "access") return node;
    const value = by(node.value);
    return value === node.value ? node : { ...node, value };
  });
}

/** Replaces accesses, innermost first; those for which `by` gives nothing stay. */
export function replaceAccesses(expr: Expr, by: (access: AccessExpr) => Expr | undefined): Expr {
  return mapExpr(expr, (node) => (node.kind === "access" ? (by(node) ?? node) : node));
}

const keys = new WeakMap<Expr, string>();

/** Equal for structurally equal expressions only. */
export function exprKey(expr: Expr): string {
  if (expr.kind === "index") return `$${expr.at}`;
  const known = keys.get(expr);
  if (known !== undefined) return known;
  const key = makeKey(expr);
  keys.set(expr, key);
  return key;
}

function makeKey(expr: Expr): string {
  const parts = (): string => children(expr).map(exprKey).join(",");
  switch (expr.kind) {
    case "const":
      return `${expr.type[0]}${Object.is(expr.value, -0) ? "-0" : expr.value}`;
    case "index":
      return `$${expr.at}`;
    case "size":
      return `<${dims.key(expr.dim)}>`;
    case "step":
    case "micro":
      return expr.kind;
    case "access":
      return `%${expr.value}[${parts()}]`;
    case "apply":
      return `${expr.op}(${parts()})`;
    case "draw":
      return `draw${expr.site}(${parts()};${expr.sizes.map(dims.key).join(",")})`;
    default:
      return expr satisfies never;
  }
}

export function sameExpr(a: Expr, b: Expr): boolean {
  return a === b || exprKey(a) === exprKey(b);
}

/** Number of nodes. */
export function exprSize(expr: Expr): number {
  return 1 + children(expr).reduce((sum, child) => sum + exprSize(child), 0);
}
