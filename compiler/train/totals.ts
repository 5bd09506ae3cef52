/** Counts of the whole batch in the place of a micro-batch's own: denominators such as the number of kept positions. */
import { named, type Dim } from "../dim.ts";
import { sizeNames } from "../../runtime/size.ts";
import { GraphBuilder } from "../ir/builder.ts";
import { access, apply, exprKey, isOp, mapExpr, visitExpr } from "../ir/expr.ts";
import type { ApplyExpr, Equation, Expr, Graph, StateLeaf, Value, ValueId } from "../ir/graph.ts";
import { expressionsOf, mapExpressions, operandsOf, valuesById } from "../ir/walk.ts";
import { countState } from "../plan/layout.ts";

/** The rows of a batch, which micro-batches divide among them. */
const ROWS = "B";

export const mentionsRows = (dim: Dim): boolean => sizeNames(dim).includes(ROWS);

/** The graph of a loss to which values are added that read totals; what it had stays. */
export class Totals {
  readonly graph: GraphBuilder;
  /** What is to be added up over the micro-batches, each for the state with its number. */
  readonly counted: Expr[] = [];
  private readonly leaves = new Map<string, StateLeaf>();
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly fed: ReadonlySet<ValueId>;
  /** What reads a count, directly or by way of others. */
  private readonly readers = new Set<ValueId>();
  private readonly copies = new Map<ValueId, ValueId>();

  constructor(loss: Graph) {
    this.graph = new GraphBuilder(loss.name, { values: loss.values, outputs: [] });
    this.values = valuesById(loss);
    this.fed = fedOnly(loss);
    for (const value of loss.values) if (value.kind === "equation" && expressionsOf(value).some((expr) => this.readsCount(expr))) this.readers.add(value.id);
  }

  /** The part of the batch's rows that a micro-batch has. */
  share(): Expr {
    const rows: Expr = apply("toReal", { kind: "size", dim: named(ROWS) });
    return apply("div", rows, this.total(rows));
  }

  /** The expression with the counts of the whole batch. */
  in(expr: Expr): Expr {
    return mapExpr(expr, (node) => {
      if (isMean(node)) return apply("div", node.args[0]!, this.total(node.args[1]!));
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
    let found = false;
    visitExpr(expr, (node) => {
      found ||= isMean(node) || (node.kind === "access" && (this.readers.has(node.value) || this.isCount(node.value)));
    });
    return found;
  }

  /** A sum over the rows of what is fed. */
  private isCount(id: ValueId): boolean {
    const value = this.values.get(id);
    return value?.kind === "equation" && value.shape.length === 0 && this.fed.has(id) && value.reduce?.monoid === "sum" && value.reduce.sizes.some(mentionsRows);
  }

  private totalOf({ id, type }: Value): Expr {
    return type === "i32" ? apply("toInt", this.total(apply("toReal", access(id)))) : this.total(access(id));
  }

  /** Whether it is a total. */
  isTotal(id: ValueId): boolean {
    return [...this.leaves.values()].some((leaf) => leaf.id === id);
  }

  private total(expr: Expr): Expr {
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

/** Divides by a product of sizes, the rows among them. Other sizes are the same in every micro-batch. */
function isMean(expr: Expr): expr is ApplyExpr {
  const [, count] = isOp(expr, "div") ? expr.args : [];
  return count !== undefined && isOp(count, "toReal") && count.args[0]?.kind === "size" && mentionsRows(count.args[0].dim);
}

/** Values that depend on the batch and its sizes alone: free of parameters and draws. */
function fedOnly(graph: Graph): ReadonlySet<ValueId> {
  const fed = new Set<ValueId>();
  for (const value of graph.values)
    if (value.kind === "input" || value.kind === "host-table" || (value.kind === "equation" && operandsOf(value).every((id) => fed.has(id)) && !draws(value))) fed.add(value.id);
  return fed;
}

function draws(value: Equation): boolean {
  let found = false;
  mapExpressions(value, (expr) => mapExpr(expr, (node) => ((found ||= node.kind === "draw"), node)));
  return found;
}
