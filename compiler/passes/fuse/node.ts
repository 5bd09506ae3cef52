/** A group in the making, and what two groups must have in common to become one. */
import { asNumber, type Dim, equal, key, multiply } from "../../dim.ts";
import type { GroupKind } from "../../ir/fused.ts";
import type { Equation, Value, ValueId } from "../../ir/graph.ts";

/** Rows whose results have more inner elements than this would not fit an invocation's registers. */
export const MOST_INNER = 64;

export interface Node {
  readonly number: number;
  kind: GroupKind;
  rows: readonly Dim[];
  /** The values that its loops compute: for each row index, the axis of the value that it is. */
  readonly roots: Map<ValueId, readonly number[]>;
}

/** Whether `value`, aligned with the group's rows, can be computed in the group's loops. */
export function fitsKind(into: Node, node: Node, value: Equation, axes: readonly number[], values: ReadonlyMap<ValueId, Value>): boolean {
  const inner = value.shape.filter((_, axis) => !axes.includes(axis));
  const identical = inner.length === 0 && axes.every((axis, row) => axis === row);
  switch (into.kind) {
    case "map":
    case "contract":
    case "scatter":
    case "columns":
    case "naive":
      return node.kind === "map" && identical;
    case "prefix":
    case "search":
      return false;
    case "row":
      // Walking a whole vector in the few invocations of a short row space would be ruinous.
      if (node.kind === "map") return inner.length === 0 || (inner.length === 1 && isMany(into.rows));
      return node.kind === "row" && identical;
    case "stream":
      if (node.kind === "map") return inner.length === 0;
      return node.kind === "stream" && (asNumber(multiply(...inner)) ?? MOST_INNER + 1) <= MOST_INNER && [...into.roots.keys()].every((id) => values.get(id)!.shape.length >= axes.length);
    default:
      return into.kind satisfies never;
  }
}

export function sizesKey({ shape, reduce }: Equation): string {
  return `${shape.map(key).join()}|${reduce?.sizes.map(key).join() ?? ""}`;
}

function isMany(rows: readonly Dim[]): boolean {
  const count = asNumber(multiply(...rows));
  return count === undefined || count >= 64;
}

export function sameSizes(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, at) => equal(size, b[at]!));
}

export function sameAxes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, at) => axis === b[at]);
}
