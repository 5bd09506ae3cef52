/** Where gradients flow: from a value back to what it is computed of, as the op table's derivatives have it. */
import type { ScalarOpName } from "../ops/scalar.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import { real } from "./expr.ts";
import type { Expr, Graph, Value, ValueId } from "./graph.ts";

/** The values through which a gradient reaches a parameter. */
export function learnable(graph: Graph): ReadonlySet<ValueId> {
  const found = new Set<ValueId>();
  // Of a loop's values the first may depend on the last, which is one step older.
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const value of graph.values) if (isLearnable(value, found)) found.add(value.id);
  }
  return found;
}

function isLearnable(value: Value, found: ReadonlySet<ValueId>): boolean {
  if (value.type !== "f32") return false;
  if (value.kind === "state") return value.state.kind === "parameter";
  if (value.kind === "carry") return found.has(value.init) || found.has(value.next);
  return value.kind === "equation" && passes(value.body, found);
}

function passes(expr: Expr, found: ReadonlySet<ValueId>): boolean {
  if (expr.kind === "access") return found.has(expr.value);
  if (expr.kind !== "apply") return false;
  const given = derivatives(expr.op, expr.args);
  return expr.args.some((arg, at) => given[at] === true && passes(arg, found));
}

/** For each argument whether it has a derivative. */
function derivatives(op: ScalarOpName, args: readonly Expr[]): readonly boolean[] {
  return SCALAR_OPS[op].grad?.(real(1), args, real(1)).map((grad) => grad !== undefined) ?? [];
}
