/**
 * What a loss adds that does not depend on the batch, such as a penalty of the weights, belongs to a step once, however many
 * micro-batches it has:
 *
 *     loss = Σ x / n + 0.01 · Σ w²     →     loss = Σ x / n + (0.01 · Σ w² if micro = 0 else 0)
 */
import { apply, int, isOp, MICRO, real, select, visitExpr } from "../ir/expr.ts";
import type { Equation, Expr, Graph, Value, ValueId } from "../ir/graph.ts";
import { expressionsOf, indexSizes, readersOf, valuesById } from "../ir/walk.ts";
import { asNumber } from "../dim.ts";

export function withPenaltiesOnce(loss: Graph): Graph {
  const values = valuesById(loss);
  const readers = readersOf(loss);
  const constant = batchFree(loss);
  const rewritten = new Map<ValueId, Equation>();
  const isFree = (expr: Expr): boolean => isBatchFree(expr, constant);

  /** `expr`, one of the loss's terms, with what is free of the batch counted once. */
  const once = (expr: Expr): Expr => {
    if (isFree(expr)) return select(apply("ieq", MICRO, int(0)), expr, real(0));
    if (isOp(expr, "add") || isOp(expr, "sub") || isOp(expr, "neg")) return apply(expr.op, ...expr.args.map(once));
    if (isOp(expr, "mul") || (isOp(expr, "div") && isFree(expr.args[1]!))) {
      const terms = expr.args.filter((arg) => !isFree(arg));
      return terms.length === 1 ? apply(expr.op, ...expr.args.map((arg) => (arg === terms[0] ? once(arg) : arg))) : expr;
    }
    if (expr.kind === "access") visit(expr.value);
    return expr;
  };
  const visit = (id: ValueId): void => {
    const value = values.get(id)!;
    const isOutput = loss.outputs.some((output) => output.value === id);
    if (value.kind !== "equation" || value.reduce || value.shape.length > 0 || value.type !== "f32" || rewritten.has(id)) return;
    if (isOutput ? readers.get(id)!.length > 0 : readers.get(id)!.length !== 1) return;
    rewritten.set(id, { ...value, body: once(value.body) });
  };
  for (const { value } of loss.outputs) visit(value);
  return { ...loss, values: loss.values.map((value) => rewritten.get(value.id) ?? value) };
}

/** Values that are the same for every batch. */
function batchFree(graph: Graph): ReadonlySet<ValueId> {
  const free = new Set<ValueId>();
  for (const value of graph.values) if (isSame(value, free)) free.add(value.id);
  return free;
}

function isSame(value: Value, free: ReadonlySet<ValueId>): boolean {
  if (value.kind === "input") return false;
  return indexSizes(value).every((size) => asNumber(size) !== undefined) && expressionsOf(value).every((expr) => isBatchFree(expr, free));
}

function isBatchFree(expr: Expr, free: ReadonlySet<ValueId>): boolean {
  let found = true;
  visitExpr(expr, (node) => {
    if (node.kind === "draw" || node.kind === "micro") found = false;
    if (node.kind === "size" && asNumber(node.dim) === undefined) found = false;
    if (node.kind === "access" && !free.has(node.value)) found = false;
  });
  return found;
}
