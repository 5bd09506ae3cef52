import type * as ast from "./ast.ts";
import { LINE, group, list, nest } from "./layout.ts";
import type { Doc } from "./layout.ts";

/**
 * Expressions and types. In the slots of an access `*`, `/`, `%` stand without blanks, so that `x[b, n/grid*patch + p]`
 * reads as three terms; names and such products that lead the slots have no blank between them: `k[b,s,h/group,e]`,
 * `load[b,t, e < experts]`.
 */
interface Place {
  /** Directly in the slots of an access. */
  readonly slot: boolean;
  /** In ( ) or [ ], where a line may end anywhere. */
  readonly enclosed: boolean;
}

export function printExpr(e: ast.Expr, enclosed = false): Doc {
  return expr(e, { slot: false, enclosed }, LEVEL.conditional);
}

export function printType(t: ast.Type): Doc {
  const argument: Doc = t.argument === undefined ? "" : ["(", printExpr(t.argument, true), ")"];
  return [t.name?.text ?? "", argument, t.dims === undefined ? "" : ["[", nest("here", list(t.dims.map(dim))), "]"]];
}

function dim(d: ast.Dim): Doc {
  return d.kind === "ellipsis" ? "..." : printExpr(d, true);
}

export function printSlots(s: ast.Slots): Doc {
  const place: Place = { slot: true, enclosed: true };
  const items = s.items.map((d): Doc => (d.kind === "ellipsis" ? "..." : expr(d, place, LEVEL.conditional)));
  const spaced = s.items.findIndex((d) => !isTight(d));
  const leading = spaced < 0 ? items.length : spaced;
  const names = items.slice(0, leading).map((d, i) => (i === 0 ? d : [",", d]));
  const main = [names, leading === 0 || leading === items.length ? "" : [",", LINE], list(items.slice(leading))];
  const blank = s.items.length === 0 ? "" : LINE;
  const where: Doc = s.where === undefined ? "" : [blank, "where ", printExpr(s.where, true)];
  const fill: Doc = s.fill === undefined ? "" : [s.where === undefined ? blank : LINE, "else ", printExpr(s.fill, true)];
  return group("[", nest("here", main, where, fill), "]");
}

/** Names, numbers, products of these, and accesses with nothing else in their slots. */
function isTight(d: ast.Dim): boolean {
  switch (d.kind) {
    case "name":
    case "number":
    case "string":
    case "bool":
      return true;
    case "member":
      return isTight(d.object);
    case "binary":
      return "*/%^".includes(d.op) && isTight(d.left) && isTight(d.right);
    case "access":
      return isTight(d.base) && d.slots.where === undefined && d.slots.fill === undefined && d.slots.items.every((x) => x.kind !== "ellipsis" && isTight(x));
    default:
      return false;
  }
}

/** How tightly each form binds; an operand that binds less stands in parentheses. */
const LEVEL = { conditional: 0, or: 1, and: 2, not: 3, relation: 4, sum: 5, term: 6, factor: 7, applied: 8, power: 9, postfix: 10 } as const;
type Level = (typeof LEVEL)[keyof typeof LEVEL];

function levelOf(e: ast.Expr): Level {
  switch (e.kind) {
    case "conditional":
    case "relation":
      return LEVEL[e.kind];
    case "unary":
      return e.op === "not" ? LEVEL.not : LEVEL.factor;
    case "binary":
      return BINARY[e.op];
    case "apply":
      return LEVEL.applied;
    default:
      return LEVEL.postfix;
  }
}

const BINARY: Readonly<Record<ast.BinaryOp, Level>> = {
  or: LEVEL.or, and: LEVEL.and, "+": LEVEL.sum, "-": LEVEL.sum, "*": LEVEL.term, "/": LEVEL.term, "%": LEVEL.term, "^": LEVEL.power,
}; // prettier-ignore

function expr(e: ast.Expr, place: Place, least: Level): Doc {
  if (e.parenthesized !== true && levelOf(e) >= least) return bare(e, place);
  return group("(", nest("here", bare(e, { ...place, enclosed: true })), ")");
}

function bare(e: ast.Expr, place: Place): Doc {
  const plain: Place = { slot: false, enclosed: place.enclosed };
  const inside: Place = { slot: false, enclosed: true };
  switch (e.kind) {
    case "number":
      return e.text;
    case "string":
      return quoted(e.value);
    case "bool":
      return String(e.value);
    case "name":
      return e.text;
    case "conditional":
      return conditional(e, plain);
    case "relation": {
      const operands = e.operands.map((x) => expr(x, plain, LEVEL.sum));
      return group(nest(2, operands.map((x, i) => (i === 0 ? x : [LINE, `${e.operators[i - 1]?.op} `, x]))));
    }
    case "unary":
      return e.op === "not" ? ["not ", expr(e.operand, plain, LEVEL.not)] : ["-", expr(e.operand, place, LEVEL.factor)];
    case "binary":
      return binary(e, place);
    case "access":
      return [expr(e.base, plain, LEVEL.postfix), printSlots(e.slots)];
    case "member":
      return [expr(e.object, plain, LEVEL.postfix), ".", e.name.text];
    case "call":
      return group(bare(e.callee, plain), "(", nest("here", list(e.args.map((a) => (a.name === undefined ? expr(a.value, inside, 0) : [a.name.text, ": ", expr(a.value, inside, 0)])))), ")");
    case "apply":
      return group(bare(e.head, plain), place.enclosed ? nest(2, LINE) : " ", operand(e.operand, place));
    default:
      return e satisfies never;
  }
}

/** `else if` goes on without further indentation. */
function conditional(e: ast.Conditional, place: Place): Doc {
  const parts: Doc[] = [];
  let rest: ast.Expr = e;
  for (;;) {
    parts.push("if ", expr(rest.condition, place, 0), LINE, "then ", expr(rest.then, place, 0), LINE, "else ");
    if (rest.otherwise.kind !== "conditional" || rest.otherwise.parenthesized === true) break;
    rest = rest.otherwise;
  }
  return group(nest(2, ...parts, expr(rest.otherwise, place, 0)));
}

/** A chain of one level breaks before its operators. */
function binary(e: ast.Binary, place: Place): Doc {
  const level = BINARY[e.op];
  if (e.op === "^") return [expr(e.left, place, LEVEL.postfix), "^", expr(e.right, place, LEVEL.factor)];
  const parts: Doc[] = [];
  let left: ast.Expr = e;
  while (left.kind === "binary" && BINARY[left.op] === level && (left === e || left.parenthesized !== true)) {
    const { op, right } = left;
    const shown = expr(right, place, nextLevel(level));
    parts.unshift(place.slot && level === LEVEL.term ? [op, shown] : [LINE, `${op} `, shown]);
    left = left.left;
  }
  const first = level === LEVEL.term && endsApplied(left) ? ["(", bare(left, place), ")"] : expr(left, place, level);
  return group(first, nest(2, ...parts));
}

function nextLevel(level: Level): Level {
  return (level + 1) as Level;
}

/** The operand of `f[…]` is a product that begins with no sign. */
function operand(e: ast.Expr, place: Place): Doc {
  return expr(e, place, startsSigned(e) ? LEVEL.postfix : LEVEL.term);
}

function startsSigned(e: ast.Expr): boolean {
  if (e.parenthesized === true) return false;
  return (e.kind === "unary" && e.op === "-") || (e.kind === "binary" && e.op !== "^" && startsSigned(e.left));
}

/** Whether a factor written behind it would become part of the last `f[…] …`. */
function endsApplied(e: ast.Expr): boolean {
  if (e.parenthesized === true) return false;
  if (e.kind === "apply") return true;
  if (e.kind === "unary") return endsApplied(e.operand);
  return e.kind === "binary" && endsApplied(e.right);
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t")}"`;
}
