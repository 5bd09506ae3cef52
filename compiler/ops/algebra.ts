/**
 * Scalar expressions in simpler form, with the same value wherever no part of the original is infinite or NaN. Reals: constants are folded
 * in f64 and signs moved outwards; x * 0 stays, since x may be infinite, and sums are not reordered, since rounding would change.
 */
import { apply, bool, children, conjuncts, exprKey, isConst, isOp, mul, neg, real, sameExpr, select, withChildren } from "../ir/expr.ts";
import type { ApplyExpr, ConstExpr, Expr, ScalarType } from "../ir/graph.ts";
import { type Known, NOTHING_KNOWN, proveEqual, proveLess, simpleInteger } from "./affine.ts";
import { SCALAR_OPS } from "./scalar.ts";

/** Conditions known to hold or to fail, by their keys. */
type Facts = ReadonlyMap<string, boolean>;

export function simplifyExpr(expr: Expr, known: Known = NOTHING_KNOWN, assumed: readonly Expr[] = []): Expr {
  return simplify(expr, known, withFacts(new Map(), assumed, true));
}

/** The conjuncts of conditions that hold together, each in simpler form by those before it. */
export function simplifyConditions(conditions: readonly Expr[], known: Known): readonly Expr[] {
  const simple: Expr[] = [];
  for (const condition of conditions) simple.push(...conjuncts(simplifyExpr(condition, known, simple)));
  return simple;
}

function simplify(expr: Expr, known: Known, facts: Facts): Expr {
  const fact = facts.size > 0 ? facts.get(exprKey(expr)) : undefined;
  if (fact !== undefined) return bool(fact);
  if (expr.kind !== "apply") return withChildren(expr, children(expr).map((child) => simplify(child, known, facts)));
  const [a, b, c] = expr.args;
  switch (expr.op) {
    case "select": {
      const condition = simplify(a!, known, facts);
      const yes = simplify(b!, known, withFacts(facts, [condition], true));
      const no = simplify(c!, known, withFacts(facts, [condition], false));
      return node(apply("select", condition, yes, no), known);
    }
    case "and": // the right side is evaluated only where the left one holds
    case "or": {
      const left = simplify(a!, known, facts);
      return node(apply(expr.op, left, simplify(b!, known, withFacts(facts, [left], expr.op === "and"))), known);
    }
    default:
      return node(withChildren(expr, expr.args.map((arg) => simplify(arg, known, facts))) as ApplyExpr, known);
  }
}

function withFacts(facts: Facts, conditions: readonly Expr[], hold: boolean): Facts {
  const more = new Map(facts);
  for (const condition of conditions) {
    // All conjuncts hold where the whole does; where it fails, one fails, which one is unknown.
    for (const part of hold ? conjuncts(condition) : [condition]) {
      if (part.kind === "const") continue;
      more.set(exprKey(part), hold);
      if (part.kind === "apply" && part.op === "not") more.set(exprKey(part.args[0]!), !hold);
    }
  }
  return more;
}

/** One node over simple arguments. */
function node(expr: ApplyExpr, known: Known): Expr {
  const folded = fold(expr);
  if (folded) return folded;
  const [a, b, c] = expr.args as [Expr, Expr, Expr];
  switch (expr.op) {
    case "neg":
      return negated(a);
    case "add":
      if (isConst(a, 0)) return b;
      if (isConst(b, 0)) return a;
      if (isNeg(b)) return again("sub", known, a, b.args[0]!);
      if (isNeg(a)) return again("sub", known, b, a.args[0]!);
      if (sameExpr(a, b)) return again("mul", known, a, real(2));
      if (isConst(a)) return again("add", known, b, a);
      // (x + c) + d = x + (c + d)
      if (isConst(b) && isOp(a, "add") && isConst(a.args[1]!)) return apply("add", a.args[0]!, real(a.args[1].value + b.value));
      return expr;
    case "sub":
      if (isConst(b, 0)) return a;
      if (isConst(a, 0)) return negated(b);
      if (isNeg(b)) return again("add", known, a, b.args[0]!);
      if (isNeg(a)) return negated(again("add", known, a.args[0]!, b));
      return expr;
    case "mul":
      return product(a, b, known) ?? expr;
    case "div":
      if (isConst(b, 1)) return a;
      if (isConst(b, -1)) return negated(a);
      if (isNeg(a)) return negated(again("div", known, a.args[0]!, b));
      if (isNeg(b)) return negated(again("div", known, a, b.args[0]!));
      if (isConst(b) && isPowerOfTwo(b.value)) return again("mul", known, a, real(1 / b.value));
      return expr;
    case "pow":
      if (isConst(b, 0)) return real(1);
      if (isConst(b, 1)) return a;
      if (isConst(b, 2) && a.kind === "access") return mul(a, a);
      if (isConst(b, 0.5)) return apply("sqrt", a);
      if (isConst(b, -1)) return apply("div", real(1), a);
      return expr;
    case "abs":
      return isNeg(a) || isOp(a, "abs") ? again("abs", known, a.args[0]!) : expr;
    case "stop":
      return isOp(a, "stop") ? a : expr;
    case "min":
    case "max":
    case "imin":
    case "imax":
      if (sameExpr(a, b)) return a;
      return expr.op === "imin" || expr.op === "imax" ? extreme(expr, a, b, known) : expr;
    case "select":
      return choice(a, b, c, known);
    case "not":
      return negatedCondition(a) ?? expr;
    case "and":
      if (isConst(a)) return a.value ? b : a;
      if (isConst(b, 1)) return a;
      return sameExpr(a, b) ? a : expr;
    case "or":
      if (isConst(a)) return a.value ? a : b;
      if (isConst(b, 0)) return a;
      return sameExpr(a, b) ? a : expr;
    case "ilt":
      return proved(proveLess(a, b, known)) ?? expr;
    case "ile":
      return proved(negation(proveLess(b, a, known))) ?? expr;
    case "ieq":
      return proved(proveEqual(a, b, known)) ?? constantLast(expr);
    case "ine":
      return proved(negation(proveEqual(a, b, known))) ?? constantLast(expr);
    case "eq":
    case "ne":
      return constantLast(expr);
    default:
      return simpleInteger(expr, known);
  }
}

function constantLast(expr: ApplyExpr): Expr {
  const [a, b] = expr.args as [Expr, Expr];
  return isConst(a) ? apply(expr.op, b, a) : expr;
}

function again(op: ApplyExpr["op"], known: Known, ...args: readonly Expr[]): Expr {
  return node(apply(op, ...args), known);
}

/** The value of an operation on constants, where it is a number of the right kind. */
function fold(expr: ApplyExpr): ConstExpr | undefined {
  if (expr.op === "select" || expr.op === "stop" || !expr.args.every((arg) => arg.kind === "const")) return undefined;
  const { evaluate, result } = SCALAR_OPS[expr.op];
  const [a = 0, b = 0, c = 0] = (expr.args as readonly ConstExpr[]).map((arg) => arg.value);
  const value = evaluate(a, b, c);
  if (!Number.isFinite(value)) return undefined; // stays visible, and no kernel may hold such a constant
  return { kind: "const", type: result as ScalarType, value: result === "f32" ? value : value + 0 };
}

/** Constants together and last, signs outside. */
function product(a: Expr, b: Expr, known: Known): Expr | undefined {
  if (isConst(a)) return again("mul", known, b, a);
  if (isConst(b, 1)) return a;
  if (isConst(b, -1)) return negated(a);
  if (isNeg(a)) return negated(again("mul", known, a.args[0]!, b));
  if (isNeg(b)) return negated(again("mul", known, a, b.args[0]!));
  if (isConst(b)) {
    if (isOp(a, "mul") && isConst(a.args[1]!)) return again("mul", known, a.args[0]!, real(a.args[1].value * b.value));
    if (isOp(a, "div") && isConst(a.args[0]!)) return apply("div", real(a.args[0].value * b.value), a.args[1]!);
    return undefined;
  }
  // x * (y * c) = (x * y) * c
  if (isOp(b, "mul") && isConst(b.args[1]!)) return again("mul", known, again("mul", known, a, b.args[0]!), b.args[1]);
  if (isOp(a, "mul") && isConst(a.args[1]!)) return again("mul", known, again("mul", known, a.args[0]!, b), a.args[1]);
  // (1 / x) * y = y / x
  if (isOp(a, "div") && isConst(a.args[0]!, 1)) return again("div", known, b, a.args[1]!);
  if (isOp(b, "div") && isConst(b.args[0]!, 1)) return again("div", known, a, b.args[1]!);
  return undefined;
}

function negated(a: Expr): Expr {
  if (isConst(a)) return real(-a.value);
  if (isNeg(a)) return a.args[0]!;
  if (isOp(a, "mul") && isConst(a.args[1]!)) return mul(a.args[0]!, real(-a.args[1].value));
  if (isOp(a, "sub")) return apply("sub", a.args[1]!, a.args[0]!);
  if (isOp(a, "div") && isConst(a.args[0]!)) return apply("div", real(-a.args[0].value), a.args[1]!);
  return neg(a);
}

function choice(condition: Expr, yes: Expr, no: Expr, known: Known): Expr {
  if (isConst(condition)) return condition.value ? yes : no;
  if (sameExpr(yes, no)) return yes;
  if (isOp(condition, "not")) return choice(condition.args[0]!, no, yes, known);
  // Of bools: a condition itself, or its negation.
  if (yes.kind === "const" && no.kind === "const" && yes.type === "bool") return yes.value ? condition : apply("not", condition);
  // if c then (if d then x else z) else z = if c and d then x else z
  if (isOp(yes, "select") && sameExpr(yes.args[2]!, no)) return choice(again("and", known, condition, yes.args[0]!), yes.args[1]!, no, known);
  return select(condition, yes, no);
}

/** Integer comparisons are turned round; those of reals are not, for they all fail on NaN. */
function negatedCondition(a: Expr): Expr | undefined {
  if (a.kind !== "apply") return undefined;
  const [x, y] = a.args;
  switch (a.op) {
    case "not":
      return x;
    case "ilt":
      return apply("ile", y!, x!);
    case "ile":
      return apply("ilt", y!, x!);
    case "ieq":
      return apply("ine", x!, y!);
    case "ine":
      return apply("ieq", x!, y!);
    default:
      return undefined;
  }
}

function extreme(expr: ApplyExpr, a: Expr, b: Expr, known: Known): Expr {
  const less = proveLess(a, b, known), more = proveLess(b, a, known);
  const first = expr.op === "imin" ? less === true || more === false : less === false || more === true;
  if (first) return a;
  const second = expr.op === "imin" ? less === false || more === true : less === true || more === false;
  return second ? b : expr;
}

function proved(answer: boolean | undefined): Expr | undefined {
  return answer === undefined ? undefined : bool(answer);
}

function negation(answer: boolean | undefined): boolean | undefined {
  return answer === undefined ? undefined : !answer;
}

function isNeg(expr: Expr): expr is ApplyExpr & { readonly op: "neg" } {
  return isOp(expr, "neg");
}

function isPowerOfTwo(value: number): boolean {
  return Number.isFinite(1 / value) && Math.log2(Math.abs(value)) % 1 === 0;
}

