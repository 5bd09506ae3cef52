/** Whether each row goes through a graph by itself, so that what it comes to is the same in any batch. */
import { children } from "../ir/expr.ts";
import type { Expr, Value, ValueId } from "../ir/graph.ts";
import { expressionsOf, indexSizes, operandsOf } from "../ir/walk.ts";
import { isMean, mentionsRows } from "./rows.ts";

export class RowWise {
  private readonly values: ReadonlyMap<ValueId, Value>;
  /** What rows of a batch make together: a mean of them, a place among them, a comparison of two. */
  private readonly mixed = new Set<ValueId>();
  /** What is taken from the whole batch instead; none where that is not known yet. */
  private readonly isCount: (id: ValueId) => boolean;
  private readonly means: boolean;

  constructor(values: ReadonlyMap<ValueId, Value>, isCount?: (id: ValueId) => boolean) {
    this.values = values;
    this.means = isCount !== undefined;
    this.isCount = isCount ?? (() => false);
    // What a recurrence carries depends on what stands later.
    for (let before = -1; before < this.mixed.size; ) {
      before = this.mixed.size;
      for (const value of values.values()) if (this.mixes(value)) this.mixed.add(value.id);
    }
  }

  /** Of a sum over the rows: whether what each row adds is its own. */
  adds(id: ValueId): boolean {
    const value = this.values.get(id);
    if (value?.kind !== "equation" || indexSizes(value).filter(mentionsRows).length !== 1) return false;
    return !operandsOf(value).some((operand) => this.isMixed(operand)) && expressionsOf(value).every((expr) => this.keepsApart(expr, value));
  }

  private isMixed(id: ValueId): boolean {
    return this.mixed.has(id) && !this.isCount(id);
  }

  private mixes(value: Value): boolean {
    if (operandsOf(value).some((operand) => this.isMixed(operand))) return true;
    if (value.kind === "host-table") return value.shape.some(mentionsRows);
    if (value.kind === "equation" && value.reduce?.sizes.some(mentionsRows)) return true;
    return !expressionsOf(value).every((expr) => this.keepsApart(expr, value));
  }

  /** Whether the number of rows and a row's place matter nowhere but where rows are read. */
  private keepsApart(expr: Expr, value: Value): boolean {
    const sizes = indexSizes(value);
    const isRow = (node: Expr): boolean => node.kind === "index" && mentionsRows(sizes[node.at]!);
    const apart = (node: Expr): boolean => {
      if (isRow(node) || (node.kind === "size" && mentionsRows(node.dim))) return false;
      if (node.kind === "draw") return true;
      if (this.means && isMean(node)) return apart(node.args[0]!);
      if (node.kind !== "access") return children(node).every(apart);
      const { shape } = this.values.get(node.value)!;
      return node.slots.every((slot, axis) => (mentionsRows(shape[axis]!) ? isRow(slot) : apart(slot)));
    };
    return apart(expr);
  }
}
