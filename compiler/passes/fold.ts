import * as dims from "../dim.ts";
import type { AccessExpr, Equation, Expr, Value, ValueId } from "../ir/graph.ts";
import { replaceAccesses, substituteIndices } from "../ir/expr.ts";
import { isMap, mapExpressions, pinnedIn } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";

export const fold: Pass = {
  name: "fold",
  doc: "Lets readers of a copy, a transposed or repeated copy, or a constant read the original.",
  run(graph) {
    const copies = new Map<ValueId, Equation>();
    const values: Value[] = [];
    for (const original of graph.values) {
      const value = mapExpressions(original, (expr) => replaceAccesses(expr, (access) => readOf(access, copies)));
      if (isMap(value) && isCopy(value.body)) copies.set(value.id, value);
      values.push(value);
    }
    const byId = new Map(values.map((value) => [value.id, value]));
    const taken = pinnedIn(graph);
    const original = (id: ValueId): ValueId => {
      const source = wholeCopyOf(copies.get(id), byId);
      if (source === undefined || taken.has(source)) return id;
      taken.add(source);
      return source;
    };
    return {
      ...graph,
      values: values.map((value) => (value.kind === "carry" ? { ...value, next: original(value.next) } : value)),
      outputs: graph.outputs.map((output) => ({ ...output, value: original(output.value) })),
    };
  },
};

/** y[slots] where y[i] = x[…i…]: x at those slots. */
function readOf(access: AccessExpr, copies: ReadonlyMap<ValueId, Equation>): Expr | undefined {
  const copy = copies.get(access.value);
  return copy && substituteIndices(copy.body, (at) => access.slots[at]);
}

/** The equation that this one repeats element by element; a leaf stays apart from an output. */
function wholeCopyOf(copy: Equation | undefined, byId: ReadonlyMap<ValueId, Value>): ValueId | undefined {
  if (copy?.body.kind !== "access") return undefined;
  const source = byId.get(copy.body.value);
  if (source?.kind !== "equation" || source.shape.length !== copy.shape.length) return undefined;
  const whole = copy.body.slots.every((slot, axis) => slot.kind === "index" && slot.at === axis && dims.equal(source.shape[axis]!, copy.shape[axis]!));
  return whole ? source.id : undefined;
}

/** Bare indices, each once: composite slots would only be computed again by every reader. */
function isCopy(body: Expr): boolean {
  if (body.kind === "const") return true;
  if (body.kind !== "access") return false;
  const seen = new Set<number>();
  return body.slots.every((slot) => slot.kind === "index" && !seen.has(slot.at) && seen.add(slot.at));
}
