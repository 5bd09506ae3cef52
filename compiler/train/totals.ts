/** Counts of the whole batch in the place of a micro-batch's own: denominators such as the number of kept positions. */
import { GraphBuilder } from "../ir/builder.ts";
import { access, apply, exprKey, mapExpr, someNode } from "../ir/expr.ts";
import type { Equation, Expr, Graph, StateLeaf, Value, ValueId } from "../ir/graph.ts";
import { expressionsOf, mapExpressions, operandsOf, valuesById } from "../ir/walk.ts";
import { countState } from "../plan/layout.ts";
import { isMean, mentionsRows, ROWS } from "./rows.ts";
import { RowWise } from "./row-wise.ts";

/** The graph of a loss to which values are added that read totals; what it had stays. */
export class Totals {
  readonly graph: GraphBuilder;
  /** What is to be added up over the micro-batches, each for the state with its number. */
  readonly counted: Expr[] = [];
  private readonly leaves = new Map<string, StateLeaf>();
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly fed: ReadonlySet<ValueId>;
  private readonly alone: RowWise;
  private readonly withTotals: RowWise;
  /** What reads a count, directly or by way of others. */
  private readonly readers = new Set<ValueId>();
  private readonly copies = new Map<ValueId, ValueId>();

  constructor(loss: Graph) {
    this.graph = new GraphBuilder(loss.name, { values: loss.values, outputs: [] });
    this.values = valuesById(loss);
    this.fed = fedOnly(loss);
    this.alone = new RowWise(this.values);
    this.withTotals = new RowWise(this.values, (id) => this.isCount(id));
    for (const value of loss.values) if (value.kind === "equation" && expressionsOf(value).some((expr) => this.readsCount(expr))) this.readers.add(value.id);
  }

  /** The part of the batch's rows that a micro-batch has. */
  share(): Expr {
    const rows: Expr = apply("toReal", { kind: "size", dim: ROWS });
    return apply("div", rows, this.of(rows));
  }

  /** The expression with the counts of the whole batch. */
  in(expr: Expr): Expr {
    return mapExpr(expr, (node) => {
      if (isMean(node)) return apply("div", node.args[0]!, this.of(node.args[1]!));
      if (node.kind !== "access") return node;
      if (this.isCount(node.value)) return this.totalOf(this.graph.value(node.value));
      return this.readers.has(node.value) ? { ...node, value: this.copyOf(node.value) } : node;
    });
  }

  private copyOf(id: ValueId): ValueId {
    const known = this.copies.get(id);
    if (known !== undefined) return known;
    const value = this.graph.value(id);
    const moved = mapExpressions(value, (expr) => this.in(expr));
    const copy = this.graph.push({ ...moved, id: this.graph.fresh(), name: `${value.name}.whole` });
    this.copies.set(id, copy.id);
    return copy.id;
  }

  private readsCount(expr: Expr): boolean {
    return someNode(expr, (node) => isMean(node) || (node.kind === "access" && (this.readers.has(node.value) || this.isCount(node.value))));
  }

  /** Whether what the rows add to this sum is, with the counts of the whole batch, what they add there. */
  addsUp(id: ValueId): boolean {
    return this.withTotals.adds(id);
  }

  /** A sum over the rows of what is fed, each row by itself: counts are added up at once, so none can read another. */
  private isCount(id: ValueId): boolean {
    const value = this.values.get(id);
    return value?.kind === "equation" && value.shape.length === 0 && this.fed.has(id) && value.reduce?.monoid === "sum" && value.reduce.sizes.some(mentionsRows) && this.alone.adds(id);
  }

  private totalOf({ id, type }: Value): Expr {
    return type === "i32" ? apply("toInt", this.of(apply("toReal", access(id)))) : this.of(access(id));
  }

  /** Whether it is a total. */
  isTotal(id: ValueId): boolean {
    return [...this.leaves.values()].some((leaf) => leaf.id === id);
  }

  /** Over the micro-batches. */
  of(expr: Expr): Expr {
    const key = exprKey(expr);
    let leaf = this.leaves.get(key);
    if (leaf === undefined) {
      leaf = this.graph.state(countState(this.counted.length), []);
      this.leaves.set(key, leaf);
      this.counted.push(expr);
    }
    return access(leaf);
  }
}

/** Values that depend on the batch and its sizes alone: free of parameters and draws. */
function fedOnly(graph: Graph): ReadonlySet<ValueId> {
  const fed = new Set<ValueId>();
  for (const value of graph.values)
    if (value.kind === "input" || value.kind === "host-table" || (value.kind === "equation" && operandsOf(value).every((id) => fed.has(id)) && !draws(value))) fed.add(value.id);
  return fed;
}

function draws(value: Equation): boolean {
  return expressionsOf(value).some((expr) => someNode(expr, ({ kind }) => kind === "draw"));
}
