/** `require`: decided where the sizes are numbers, asked of every batch where they are fed. */
import type { Expr as Node, Relation } from "../../grammar/ast.ts";
import * as dims from "../dim.ts";
import * as errors from "./errors.ts";
import { evaluate, evaluateTensor, written } from "./evaluate.ts";
import { isOfBatch, isOfSizes } from "./expr.ts";
import type { SizeRequirement } from "./model.ts";
import type { Size } from "./value.ts";
import { kindOf } from "./value.ts";
import type { Context } from "./world.ts";

/** False where one is known not to hold: what follows relies on it. */
export function requireAll(conditions: readonly Node[], ctx: Context): boolean {
  return conditions.map((condition) => require(condition, ctx)).every(Boolean);
}

function require(node: Node, ctx: Context): boolean {
  if (node.kind === "binary" && node.op === "and") return [require(node.left, ctx), require(node.right, ctx)].every(Boolean);
  const value = evaluateTensor(node, ctx);
  if (!value) return true;
  if (value.type !== "bool" || value.axes.length > 0) {
    ctx.world.report(errors.wrongKind(node.span, kindOf(value), "a condition"));
    return true;
  }
  if (value.body.kind === "const") {
    if (value.body.value === 0) ctx.world.report(errors.requireFails(node, sizesIn(node, ctx)));
    return value.body.value !== 0;
  }
  const comparisons = node.kind === "relation" ? comparisonsOf(node, ctx) : undefined;
  if (!comparisons) {
    // Symbols for hyperparameters have numbers when it is built; what a batch has is asked of it in these forms alone.
    if (!isOfSizes(value.body)) ctx.world.report(errors.requireNotDecidable(node.span, "values of the run"));
    else if (isOfBatch(value.body)) ctx.world.report(errors.requireNotDecidable(node.span, "sizes of a batch in a way that none is asked for"));
    return true;
  }
  for (const comparison of comparisons) {
    assume(comparison, ctx);
    for (const test of comparison.tests) {
      const requirement: SizeRequirement = { text: written(node.span), test };
      if (!ctx.run.requires.some((other) => key(other) === key(requirement))) ctx.run.requires.push(requirement);
    }
  }
  return true;
}

/** What is asked as two differences is known as an equality. */
function assume({ equal, tests }: Comparison, { run: { facts } }: Context): void {
  if (equal) return facts.assumeEqual(...equal);
  for (const test of tests) {
    if (test.kind === "nonnegative") facts.assumeNonnegative(test.size);
    else facts.assumeDivides(test.divisor, test.size);
  }
}

function key({ text, test }: SizeRequirement): string {
  return `${text} ${test.kind} ${dims.key(test.size)} ${test.kind === "divides" ? dims.key(test.divisor) : ""}`;
}

interface Comparison {
  readonly tests: readonly SizeRequirement["test"][];
  readonly equal?: readonly [dims.Dim, dims.Dim];
}

/** Each comparison of sizes as differences that must not be negative; undefined for anything else. */
function comparisonsOf(node: Relation, ctx: Context): Comparison[] | undefined {
  const comparisons: Comparison[] = [];
  const operands = node.operands.map((operand) => evaluate(operand, ctx));
  for (const [k, { op }] of node.operators.entries()) {
    const [a, b] = [operands[k]!, operands[k + 1]!];
    if (a.kind !== "size" || b.kind !== "size") return undefined;
    const less = (x: Size, y: Size, by: number): SizeRequirement["test"] => ({ kind: "nonnegative", size: dims.subtract(dims.subtract(y.dim, x.dim), dims.constant(by)) });
    if (op === "<") comparisons.push({ tests: [less(a.size, b.size, 1)] });
    else if (op === "<=") comparisons.push({ tests: [less(a.size, b.size, 0)] });
    else if (op === ">") comparisons.push({ tests: [less(b.size, a.size, 1)] });
    else if (op === ">=") comparisons.push({ tests: [less(b.size, a.size, 0)] });
    else if (op === "==") comparisons.push({ tests: [less(a.size, b.size, 0), less(b.size, a.size, 0)], equal: [a.size.dim, b.size.dim] });
    else if (op === "divides") comparisons.push({ tests: [{ kind: "divides", divisor: a.size.dim, size: b.size.dim }] });
    else return undefined;
  }
  return comparisons;
}

/** Names and members in a condition that are sizes, for the message. */
function sizesIn(node: Node, ctx: Context): readonly { readonly text: string; readonly size: Size }[] {
  const found = new Map<string, Size>();
  const visit = (e: Node): void => {
    if (e.kind === "name" || e.kind === "member") {
      const value = ctx.world.quietly(() => evaluate(e, ctx));
      if (value.kind === "size") found.set(written(e.span), value.size);
    } else if (e.kind === "binary") [e.left, e.right].forEach(visit);
    else if (e.kind === "unary") visit(e.operand);
    else if (e.kind === "relation") e.operands.forEach(visit);
  };
  visit(node);
  return [...found].map(([text, size]) => ({ text, size }));
}
