/** Which loop structure computes a value by itself, found from the index maps of what it reads. */
import { asNumber, multiply } from "../../dim.ts";
import type { GroupKind } from "../../ir/fused.ts";
import { indicesIn } from "../../ir/expr.ts";
import type { Equation, Value, ValueId } from "../../ir/graph.ts";
import { prefix } from "../../kernels/prefix.ts";
import { isOverAll, scatterMatch } from "../../kernels/scatter.ts";
import { searched } from "../../kernels/search.ts";
import { contraction } from "./contraction.ts";
import { MOST_INNER, type Node } from "./node.ts";
import { INNER, passedThrough, readsOf } from "./reads.ts";
import type { Recomputed } from "./virtual.ts";

export interface Sets extends Recomputed {
  /** Recomputed, but not streamed. */
  readonly unstreamed: ReadonlySet<ValueId>;
}

/** The group of one value. */
export function singleton(value: Equation, values: ReadonlyMap<ValueId, Value>, sets: Sets): Node {
  const all = value.shape.map((_, axis) => axis);
  const node = (kind: GroupKind, axes: readonly number[] = all): Node => ({ number: value.id, kind, rows: axes.map((axis) => value.shape[axis]!), roots: new Map([[value.id, axes]]) });
  if (!value.reduce) return node("map");
  const match = scatterMatch(value);
  const field = match && values.get(match.input)!;
  if (field?.kind === "input" && isOverAll(value, field.shape)) return node("scatter");
  const axes = streamRows(value, values, sets);
  if (axes) return node("stream", axes);
  const walk = prefix(value);
  if (walk) return node("prefix", all.filter((axis) => axis !== walk.axis));
  if (searched(value, values)) return node("search");
  if (contraction(value)) return node("contract");
  return node(walksAlongRows(value, values, sets.virtual) ? "row" : value.shape.length > 0 ? "columns" : "naive");
}

/** The result's axes that are axes of the streamed value it reduces; the others are inner. */
function streamRows(value: Equation, values: ReadonlyMap<ValueId, Value>, { virtual, streamed, unstreamed }: Sets): number[] | undefined {
  const through = [...passedThrough(value, values, virtual)].filter((id) => streamed.has(id));
  if (through.length === 0) return undefined;
  const rows = new Set<number>();
  const found = readsOf(value, values, unstreamed);
  for (const { value: id, slots } of found) if (streamed.has(id)) for (const index of slots.flatMap(indicesIn)) if (index < value.shape.length) rows.add(index);
  const inner = value.shape.filter((_, axis) => !rows.has(axis));
  const size = asNumber(multiply(...inner));
  return size !== undefined && size <= MOST_INNER ? value.shape.map((_, axis) => axis).filter((axis) => rows.has(axis)) : value.shape.map((_, axis) => axis);
}

/** Whether the widest operands that it reduces are contiguous along the last reduced index, not along the result's last axis. */
function walksAlongRows(value: Equation, values: ReadonlyMap<ValueId, Value>, virtual: ReadonlySet<ValueId>): boolean {
  const rank = value.shape.length;
  const reduced = readsOf(value, values, virtual).filter(({ slots }) => slots.flatMap(indicesIn).some((index) => index >= rank && index < INNER));
  const widest = Math.max(...reduced.map(({ slots }) => slots.length));
  const last = reduced.filter(({ slots }) => slots.length === widest).map(({ slots }) => indicesIn(slots.at(-1)!));
  return last.some((indices) => indices.includes(rank + value.reduce!.sizes.length - 1));
}

