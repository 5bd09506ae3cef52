/**
 * Gradient accumulation: k micro-batches give the gradient of one batch of all their rows, where that can be had from their sums.
 *
 * A mean over the kept positions divides by a count that depends on the batch alone. Such counts are summed over all micro-batches first,
 * by an entry of their own; `grad` then divides by the totals, so losses and gradients of the micro-batches simply add up:
 *
 *     loss = Σ x / n        count:  n' = n (+ n' of the micro-batches before)        grad:  loss' = Σ x / n' (+ loss' before)
 *
 * What does not depend on the batch, such as a penalty of the weights, is added by the first alone. Any other term, such as a root of a
 * mean or a mean over places that are drawn, counts by the micro-batch's share of the rows: what is trained on is the mean of the
 * micro-batches' terms.
 */
import { GraphBuilder } from "../ir/builder.ts";
import { access, apply, identityAccess, int, isOp, MICRO, real, select, someNode } from "../ir/expr.ts";
import type { Equation, Expr, Graph, GraphOutput, ValueId } from "../ir/graph.ts";
import { ENTRIES } from "../../runtime/training/report.ts";
import { countState, LOSS } from "../plan/layout.ts";
import { batchFree, isBatchFree } from "./batch-free.ts";
import { isMean, mentionsRows } from "./rows.ts";
import { Totals } from "./totals.ts";

export interface Accumulated {
  /** The loss graph, dividing by states. */
  readonly loss: Graph;
  /** Computes those states; no outputs where the loss has no denominators. */
  readonly count: Graph;
  readonly counts: number;
}

/** `loss`: as the checker made it, before differentiation. */
export function withCountsAsStates(loss: Graph): Accumulated {
  const terms = new Terms(loss);
  const outputs = loss.outputs.map((output) => ({ ...output, value: output.state ? terms.shared(output.value) : terms.summed(output.value) }));
  const { graph, counted } = terms.totals;
  return { loss: { ...loss, values: graph.values, outputs }, count: countGraph(loss, counted), counts: counted.length };
}

/** Adds every state output of `grad` to what the micro-batches before left; the first overwrites. */
export function addedUp(grad: Graph): Graph {
  const b = new GraphBuilder(grad.name, { values: grad.values, outputs: [] });
  for (const output of grad.outputs) addUp(b, output);
  return b.build();
}

function addUp(b: GraphBuilder, output: GraphOutput): void {
  const state = output.state ?? LOSS;
  const value = b.value(output.value) as Equation;
  const old = b.state(state, value.shape);
  const sum = select(apply("ieq", MICRO, int(0)), identityAccess(value), apply("add", identityAccess(old), identityAccess(value)));
  b.output(output.name, b.map(`${value.name}.sum`, value.shape, sum), state);
}

function countGraph(loss: Graph, counted: readonly Expr[]): Graph {
  const b = new GraphBuilder(ENTRIES.count, { values: loss.values, outputs: [] });
  for (const [at, expr] of counted.entries()) b.output(`count.${at}`, b.map(`count.${at}`, [], expr), countState(at));
  return addedUp(b.build());
}

/** A loss, term by term, as something that adds up over the micro-batches. */
class Terms {
  readonly totals: Totals;
  private readonly free: ReadonlySet<ValueId>;
  private readonly constants = new Map<ValueId, boolean>();
  private readonly parts = new Map<ValueId, ValueId>();
  private readonly wholes = new Map<ValueId, Equation | "none">();

  constructor(loss: Graph) {
    this.totals = new Totals(loss);
    this.free = batchFree(loss);
  }

  summed(loss: ValueId): ValueId {
    const { graph } = this.totals;
    return graph.map(graph.value(loss).name, [], this.split(access(loss))).id;
  }

  /** What a layer keeps: the mean of what the micro-batches leave, by their rows. */
  shared(kept: ValueId): ValueId {
    const { graph } = this.totals;
    const value = graph.value(kept);
    return graph.map(value.name, value.shape, apply("mul", this.totals.share(), identityAccess(value))).id;
  }

  /** Sums and multiples of terms, each by itself. */
  private split(expr: Expr): Expr {
    if (isBatchFree(expr, this.free)) return once(expr);
    if (isOp(expr, "add") || isOp(expr, "sub") || isOp(expr, "neg")) return apply(expr.op, ...expr.args.map((arg) => this.split(arg)));
    if (isOp(expr, "mul") || isOp(expr, "div")) {
      const [a, b] = expr.args as [Expr, Expr];
      if (isBatchFree(b, this.free)) return apply(expr.op, this.split(a), b);
      if (expr.op === "mul" && isBatchFree(a, this.free)) return apply("mul", a, this.split(b));
    }
    const value = expr.kind === "access" ? this.totals.graph.value(expr.value) : undefined;
    if (value?.kind === "equation" && !value.reduce && value.shape.length === 0) return access(this.splitOf(value));
    return this.exact(expr) ?? apply("mul", this.totals.share(), expr);
  }

  private splitOf(value: Equation): ValueId {
    let parts = this.parts.get(value.id);
    if (parts === undefined) this.parts.set(value.id, (parts = this.totals.graph.map(`${value.name}.part`, [], this.split(value.body)).id));
    return parts;
  }

  /** With totals, the expression whose sum over the micro-batches is that of the whole batch; undefined where none is known. */
  private exact(expr: Expr): Expr | undefined {
    const whole = this.constant(expr);
    if (whole) return once(whole);
    if (expr.kind === "access") return this.exactAccess(expr.value, expr.slots);
    if (expr.kind !== "apply") return undefined;
    const [a, b, c] = expr.args as [Expr, Expr, Expr];
    switch (expr.op) {
      case "add":
      case "sub":
      case "neg":
        return applied(expr.op, ...expr.args.map((arg) => this.exact(arg)));
      case "mul":
        return this.constant(a) ? applied("mul", this.constant(a), this.exact(b)) : applied("mul", this.exact(a), this.constant(b));
      case "div":
        return applied("div", this.exact(a), isMean(expr) ? this.totals.of(b) : this.constant(b));
      case "select":
        return applied("select", this.constant(a), this.exact(b), this.exact(c));
      default:
        return undefined;
    }
  }

  private exactAccess(id: ValueId, slots: readonly Expr[]): Expr | undefined {
    const value = this.totals.graph.value(id);
    if (value.kind !== "equation" || value.shape.some(mentionsRows)) return undefined;
    // What each row adds, as it does in the whole batch.
    if (value.reduce?.sizes.some(mentionsRows)) return value.reduce.monoid === "sum" && this.totals.addsUp(id) ? this.totals.in(access(id, ...slots)) : undefined;
    let whole = this.wholes.get(id);
    if (whole === undefined) this.wholes.set(id, (whole = this.wholeOf(value)));
    return whole === "none" ? undefined : access(whole, ...slots);
  }

  private wholeOf(value: Equation): Equation | "none" {
    const adds = !value.reduce || (value.reduce.monoid === "sum" && !value.reduce.where);
    const body = adds ? this.exact(value.body) : undefined;
    if (!body) return "none";
    const { graph } = this.totals;
    return graph.push({ ...value, id: graph.fresh(), name: `${value.name}.whole`, body });
  }

  /** With totals, where it is then the same in every micro-batch. */
  private constant(expr: Expr): Expr | undefined {
    const whole = this.totals.in(expr);
    return this.isConstant(whole) ? whole : undefined;
  }

  private isConstant(expr: Expr): boolean {
    return !someNode(expr, (node) => {
      if (node.kind === "size") return mentionsRows(node.dim);
      return node.kind === "draw" || node.kind === "micro" || (node.kind === "access" && !this.isConstantValue(node.value));
    });
  }

  private isConstantValue(id: ValueId): boolean {
    let known = this.constants.get(id);
    if (known === undefined) {
      const value = this.totals.graph.value(id);
      known = this.free.has(id) || this.totals.isTotal(id) || (value.kind === "equation" && !value.reduce && !value.shape.some(mentionsRows) && this.isConstant(value.body));
      this.constants.set(id, known);
    }
    return known;
  }
}

/** In the first micro-batch alone. */
function once(expr: Expr): Expr {
  return select(apply("ieq", MICRO, int(0)), expr, real(0));
}

function applied(op: "add" | "sub" | "neg" | "mul" | "div" | "select", ...args: readonly (Expr | undefined)[]): Expr | undefined {
  return args.every((arg) => arg !== undefined) ? apply(op, ...args) : undefined;
}
