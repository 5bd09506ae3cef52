/** Questions about graphs and equations that several passes ask. */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { accessesIn, conjunction } from "./expr.ts";
import type { Equation, Expr, Graph, Reduction, StateRef, Value, ValueId } from "./graph.ts";

export function valuesById(graph: Pick<Graph, "values">): ReadonlyMap<ValueId, Value> {
  return new Map(graph.values.map((value) => [value.id, value]));
}

/** Above the ids of all its values. */
export function nextId(graph: Pick<Graph, "values">): ValueId {
  return graph.values.reduce((next, { id }) => Math.max(next, id + 1), 0);
}

/** Whether an expression of a value may be evaluated at every point of it: each access takes an index where the axis is as long. */
export function readsWithin(expr: Expr, value: Value, values: ReadonlyMap<ValueId, Value>): boolean {
  const sizes = indexSizes(value);
  return accessesIn(expr).every((access) =>
    access.slots.every((slot, axis) => slot.kind === "index" && dims.equal(sizes[slot.at]!, values.get(access.value)!.shape[axis]!)));
}

/** Whether some value follows from itself at another time. */
export function hasLoops(graph: Pick<Graph, "values">): boolean {
  return graph.values.some(({ kind }) => kind === "carry");
}

/** The expressions a value consists of: its body, then the predicate. */
export function expressionsOf(value: Value): readonly Expr[] {
  switch (value.kind) {
    case "input":
    case "state":
    case "carry":
      return [];
    case "host-scalar":
    case "host-table":
      return [value.body];
    case "equation":
      return value.reduce?.where ? [value.body, value.reduce.where] : [value.body];
    default:
      return value satisfies never;
  }
}

/** The same value over rewritten expressions; the value itself when nothing changes. */
export function mapExpressions<V extends Value>(value: V, rewrite: (expr: Expr) => Expr): V {
  if (value.kind === "input" || value.kind === "state" || value.kind === "carry") return value;
  const body = rewrite(value.body);
  const where = value.kind === "equation" ? value.reduce?.where : undefined;
  if (value.kind !== "equation" || !value.reduce || !where) return body === value.body ? value : { ...value, body };
  const condition = rewrite(where);
  if (body === value.body && condition === where) return value;
  return { ...value, body, reduce: { ...value.reduce, where: condition } };
}

/** Sizes of all indices of an equation or table: the result's axes, then the reduced ones. */
export function indexSizes(value: Value): readonly Dim[] {
  return value.kind === "equation" && value.reduce ? [...value.shape, ...value.reduce.sizes] : value.shape;
}

/** The values it reads, each once, in order of appearance; of a carry its first content and what follows. */
export function operandsOf(value: Value): ValueId[] {
  if (value.kind === "carry") return [value.init, value.next];
  return [...new Set(expressionsOf(value).flatMap(accessesIn).map((access) => access.value))];
}

/** What the given values consist of, themselves included, as far as it is among `values`. */
export function neededFor(wanted: readonly ValueId[], values: ReadonlyMap<ValueId, Value>): Set<ValueId> {
  const left = [...wanted];
  const needed = new Set<ValueId>();
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const value = values.get(id);
    if (!value || needed.has(id)) continue;
    needed.add(id);
    for (const operand of operandsOf(value)) left.push(operand);
  }
  return needed;
}

/** For each value, those that read it. */
export function readersOf(graph: Graph): ReadonlyMap<ValueId, readonly Value[]> {
  const readers = new Map<ValueId, Value[]>(graph.values.map((value) => [value.id, []]));
  for (const value of graph.values) for (const operand of operandsOf(value)) readers.get(operand)?.push(value);
  return readers;
}

/** Equations that must stay what they are, as something besides accesses names them: outputs, and what carries consist of. */
export function pinnedIn(graph: Graph): Set<ValueId> {
  const pinned = new Set(graph.outputs.map((output) => output.value));
  for (const value of graph.values) if (value.kind === "carry") pinned.add(value.init).add(value.next);
  return pinned;
}

/** One element per point, no reduction. */
export function isMap(value: Value): value is Equation {
  return value.kind === "equation" && !value.reduce;
}

/** The equation without its reduction, with another body. */
export function asMap({ reduce: _, ...rest }: Equation, body: Expr): Equation {
  return { ...rest, body };
}

/** The reduction over the points at which all of these conditions hold, and no others. */
export function reducedWhere({ where: _, ...rest }: Reduction, conditions: readonly Expr[]): Reduction {
  return conditions.length === 0 ? rest : { ...rest, where: conjunction(conditions) };
}

/** `parameter/encoder.0.attend.wq`: equal for equal states only. */
export function stateKey(state: StateRef): string {
  return `${state.kind}/${state.path}`;
}
