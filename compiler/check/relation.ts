/** Comparisons and `divides`: of sizes decided where they can be proved, of values made for each element. */
import type { Relation, RelationOp } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { bool, int, size as sizeExpr } from "../ir/expr.ts";
import type { Expr, ScalarType } from "../ir/graph.ts";
import { boundsOf } from "./bounds.ts";
import { behind } from "./ended.ts";
import * as errors from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { isOfBatch, partOfSize } from "./expr.ts";
import { apply } from "./fold.ts";
import { asTensor, elementwise, toReal } from "./tensor.ts";
import type { Size, Tensor, Val } from "./value.ts";
import { flag, kindOf, POISON, scalar } from "./value.ts";
import type { Context } from "./world.ts";

export function relation(node: Relation, ctx: Context): Val {
  const operands = node.operands.map((operand, k) => evaluate(operand, k === 0 ? ctx : behind(node.operands[k - 1]!, node.operators[k - 1]!.op, operand, ctx)));
  let all: Tensor | undefined;
  for (const [k, { op }] of node.operators.entries()) {
    const [a, b] = [operands[k]!, operands[k + 1]!];
    const spans = [node.operands[k]!.span, node.operands[k + 1]!.span] as const;
    if (a.kind === "poison" || b.kind === "poison") return POISON;
    const one = compare(op, a, b, spans, ctx);
    if (!one) return POISON;
    if (!all) all = one;
    else {
      const both = elementwise([all, one], [node.span, node.span], "a chain of comparisons", ctx, ([x, y]) => (x && y ? { type: "bool", body: apply("and", x, y) } : undefined));
      if (!both) return POISON;
      all = both;
    }
  }
  return all ?? POISON;
}

function compare(op: RelationOp, a: Val, b: Val, spans: readonly [Span, Span], ctx: Context): Tensor | undefined {
  if (op === "divides") return divides(a, b, spans, ctx);
  if (a.kind === "size" && b.kind === "size") return compareSizes(op, a.size, b.size, ctx);
  const named = (v: Val): boolean => v.kind !== "tensor" && v.kind !== "param" && v.kind !== "size";
  if ((op === "==" || op === "!=") && (named(a) || named(b))) return flag(sameThing(a, b) === (op === "=="));
  const x = asTensor(a, spans[0], ctx);
  const y = asTensor(b, spans[1], ctx);
  if (!x || !y) return undefined;
  if ((x.type === "bool") !== (y.type === "bool") || (x.type === "bool" && op !== "==" && op !== "!=")) {
    ctx.world.report(errors.wrongKind(x.type === "bool" ? spans[0] : spans[1], "bool", "a number"));
    return undefined;
  }
  return elementwise([x, y], spans, `\`${op}\``, ctx, ([p, q]) => (p && q ? { type: "bool", body: inWholeNumbers(op, p, x.type, q, y.type, ctx) ?? comparison(op, p, x.type, q, y.type) } : undefined));
}

/**
 * Of an index, or what else is not beyond the sizes of the batch, and a part of such a size: `t < T / 2` is `t * 2 < T`, since the
 * adapter's division may be off by a little. Undefined for everything else.
 */
function inWholeNumbers(op: RelationOp, p: Expr, pType: ScalarType, q: Expr, qType: ScalarType, ctx: Context): Expr | undefined {
  const isBounded = (expr: Expr): boolean => Object.values(boundsOf(expr, ctx)).filter((end) => end !== undefined).length === 2;
  const [over, under] = [pType === "i32" && quotient(q), qType === "i32" && quotient(p)];
  if (over && isBounded(p)) return comparison(op, apply("imul", p, over.divisor), "i32", over.size, "i32");
  if (under && isBounded(q)) return comparison(op, under.size, "i32", apply("imul", q, under.divisor), "i32");
  return undefined;
}

/** Divisors by which no index is multiplied beyond 32 bits. */
const MOST = 256;

function quotient(expr: Expr): { readonly size: Expr; readonly divisor: Expr } | undefined {
  const part = partOfSize(expr);
  return part && part.by <= MOST && isOfBatch(part.size) ? { size: part.size, divisor: int(part.by) } : undefined;
}

function comparison(op: RelationOp, p: Expr, pType: ScalarType, q: Expr, qType: ScalarType): Expr {
  if (pType === "bool") {
    const same = apply("or", apply("and", p, q), apply("and", apply("not", p), apply("not", q)));
    return op === "==" ? same : apply("not", same);
  }
  const integers = pType === "i32" && qType === "i32";
  const a = integers || pType === "f32" ? p : toReal(p);
  const b = integers || qType === "f32" ? q : toReal(q);
  switch (op) {
    case "<":
      return apply(integers ? "ilt" : "lt", a, b);
    case "<=":
      return apply(integers ? "ile" : "le", a, b);
    case ">":
      return apply(integers ? "ilt" : "lt", b, a);
    case ">=":
      return apply(integers ? "ile" : "le", b, a);
    case "==":
      return apply(integers ? "ieq" : "eq", a, b);
    case "!=":
      return apply(integers ? "ine" : "ne", a, b);
    case "divides":
      return bool(false);
    default:
      return op satisfies never;
  }
}

/** Decided where it can be proved; otherwise tested at run time. */
function compareSizes(op: RelationOp, a: Size, b: Size, ctx: Context): Tensor {
  const facts = ctx.run.facts;
  const less = (x: dims.Dim, y: dims.Dim, by: number): boolean | undefined => {
    if (facts.proves(dims.subtract(dims.subtract(y, x), dims.constant(by)))) return true;
    return facts.proves(dims.subtract(dims.subtract(x, y), dims.constant(1 - by))) ? false : undefined;
  };
  const decided = ((): boolean | undefined => {
    switch (op) {
      case "<":
        return less(a.dim, b.dim, 1);
      case "<=":
        return less(a.dim, b.dim, 0);
      case ">":
        return less(b.dim, a.dim, 1);
      case ">=":
        return less(b.dim, a.dim, 0);
      default: {
        const same = facts.equal(a.dim, b.dim) ? true : less(a.dim, b.dim, 1) || less(b.dim, a.dim, 1) ? false : undefined;
        return same === undefined ? undefined : same === (op === "==");
      }
    }
  })();
  if (decided !== undefined) return flag(decided);
  return scalar("bool", comparison(op, sizeExpr(a.dim), "i32", sizeExpr(b.dim), "i32"));
}

function divides(a: Val, b: Val, spans: readonly [Span, Span], ctx: Context): Tensor | undefined {
  if (a.kind !== "size" || b.kind !== "size") {
    const at = a.kind === "size" ? 1 : 0;
    ctx.world.report(errors.wrongOperand(spans[at], kindOf(at === 0 ? a : b), "divides", "sizes"));
    return undefined;
  }
  if (ctx.run.facts.exactQuotient(b.size.dim, a.size.dim)) return flag(true);
  const numbers = dims.asNumber(a.size.dim) !== undefined && dims.asNumber(b.size.dim) !== undefined;
  if (numbers) return flag(false);
  return scalar("bool", apply("ieq", apply("imod", sizeExpr(b.size.dim), sizeExpr(a.size.dim)), sizeExpr(dims.ZERO)));
}

function sameThing(a: Val, b: Val): boolean {
  if (a.kind === "text" && b.kind === "text") return a.value === b.value;
  if (a.kind === "fn" && b.kind === "fn") return a.fn === b.fn;
  if (a.kind === "class" && b.kind === "class") return a.decl === b.decl;
  if (a.kind === "builtin" && b.kind === "builtin") return a.name === b.name;
  return a === b || (a.kind === "none" && b.kind === "none");
}
