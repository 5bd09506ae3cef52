/** Binders that ended before an operand: `sum[i] a[i] - b[i]` is (Σ a[i]) - b[i], so `i` means nothing in `b[i]`. */
import type { Apply, Expr as Node } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { isWithin } from "../../grammar/source.ts";
import { asNewIndex } from "./range.ts";
import type { Context } from "./world.ts";

/** An operand that binders stand before. */
export interface Ended {
  readonly applies: readonly Apply[];
  readonly operator: string;
  readonly operand: Span;
  readonly next: Ended | undefined;
}

/** The context of an operand behind the operator. */
export function behind(left: Node, operator: string, right: Node, ctx: Context): Context {
  const applies = appliesIn(left);
  return applies.length === 0 ? ctx : { ...ctx, ended: { applies, operator, operand: right.span, next: ctx.ended } };
}

/** The outermost binder that has the name as an index and ended before the place; `operator` stands behind it. */
export function endedBinder(name: string, place: Span, ctx: Context): { readonly apply: Apply; readonly operator: string } | undefined {
  for (let ended = ctx.ended; ended; ended = ended.next) {
    const { operand, applies, operator } = ended;
    const apply = isWithin(place, operand) ? applies.find((one) => binds(one, name)) : undefined;
    if (apply) return { apply, operator };
  }
  return undefined;
}

/** Those whose operands end where another operand could have gone on. */
function appliesIn(node: Node): readonly Apply[] {
  if (node.parenthesized) return [];
  if (node.kind === "apply") return [node];
  if (node.kind === "binary") return [...appliesIn(node.left), ...appliesIn(node.right)];
  if (node.kind === "relation") return node.operands.flatMap(appliesIn);
  return node.kind === "unary" ? appliesIn(node.operand) : [];
}

function binds({ head, operand }: Apply, name: string): boolean {
  if (head.kind === "access" && head.slots.items.some((item) => item.kind !== "ellipsis" && asNewIndex(item)?.name === name)) return true;
  return operand.kind === "apply" && !operand.parenthesized && binds(operand, name);
}
