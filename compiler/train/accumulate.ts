/**
 * Gradient accumulation that is exact: k micro-batches give the gradient of one batch k times as large, padding included.
 *
 * A mean over the kept positions divides by a count that depends on the batch alone. Those denominators are summed over
 * all micro-batches first, by an entry of their own; `grad` then divides by the totals, so losses and gradients of the
 * micro-batches simply add up:
 *
 *     loss = Σ x / n        count:  n' = n (+ n' of the micro-batches before)        grad:  loss' = Σ x / n' (+ loss' before)
 *
 * What does not depend on the batch is added once (see `once.ts`).
 */
import { GraphBuilder } from "../ir/builder.ts";
import { access, apply, exprKey, identityAccess, int, mapExpr, MICRO, select } from "../ir/expr.ts";
import type { Equation, Expr, Graph, GraphOutput, StateLeaf, Value, ValueId } from "../ir/graph.ts";
import { mapExpressions, operandsOf, valuesById } from "../ir/walk.ts";
import { countState, LOSS } from "../plan/layout.ts";
import { withPenaltiesOnce } from "./once.ts";

export interface Accumulated {
  /** The loss graph, dividing by states. */
  readonly loss: Graph;
  /** Computes those states; no outputs where the loss has no denominators. */
  readonly count: Graph;
  readonly counts: number;
}

/** `loss`: as the checker made it, before differentiation. */
export function withCountsAsStates(original: Graph): Accumulated {
  const loss = withPenaltiesOnce(original);
  const values = valuesById(loss);
  const fed = fedOnly(loss);
  const counts = new Map<string, { expr: Expr; leaf: StateLeaf }>();
  const states = new GraphBuilder(loss.name, { values: loss.values, outputs: [] });
  const total = (expr: Expr): Expr => {
    const key = exprKey(expr);
    const known = counts.get(key) ?? { expr, leaf: states.state(countState(counts.size), []) };
    counts.set(key, known);
    return access(known.leaf);
  };
  const isCount = (expr: Expr): boolean => expr.kind === "access" && expr.slots.length === 0 && fed.has(expr.value) && values.get(expr.value)!.kind === "equation";
  const rewritten = loss.values.map((value): Value => {
    if (value.kind !== "equation" || value.shape.length > 0 || fed.has(value.id) || value.type !== "f32") return value;
    return mapExpressions(value, (body) =>
      mapExpr(body, (node) => {
        if (isCount(node)) return total(node);
        if (node.kind === "apply" && node.op === "div" && dependsOnSizesOnly(node.args[1]!)) return apply("div", node.args[0]!, total(node.args[1]!));
        return node;
      }),
    );
  });
  const leaves = [...counts.values()].map(({ leaf }) => leaf);
  return {
    loss: { ...loss, values: [...leaves, ...rewritten] },
    count: countGraph(loss, [...counts.values()]),
    counts: counts.size,
  };
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

function countGraph(loss: Graph, counts: readonly { readonly expr: Expr }[]): Graph {
  const b = new GraphBuilder("count", { values: loss.values, outputs: [] });
  for (const [at, { expr }] of counts.entries()) b.output(`count.${at}`, b.map(`count.${at}`, [], expr), countState(at));
  return addedUp(b.build());
}

/** Values that depend on the batch and its sizes alone: the same for all micro-batch orders, free of parameters and draws. */
function fedOnly(graph: Graph): Set<ValueId> {
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

function dependsOnSizesOnly(expr: Expr): boolean {
  if (expr.kind === "size") return true;
  return expr.kind === "apply" && expr.op === "toReal" && dependsOnSizesOnly(expr.args[0]!);
}
