/**
 * Values of which one place along an axis is read, and the same one by all that read it, lose the axis:
 *
 *     h[b, t, i] = x[b, t, i] + y[b, t, i]      →      h[b, i] = x[b, T - 1, i] + y[b, T - 1, i]
 *     z[b, i]    = 2 * h[b, T - 1, i]                  z[b, i] = 2 * h[b, i]
 *
 * And so on with what h is computed from, up to what is read at other places too, such as the keys that a place looks at.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { accessesIn, index, mapExpr, size, substituteIndices } from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Graph, ValueId } from "../ir/graph.ts";
import { partsOf } from "../ir/recurrence.ts";
import { expressionsOf, mapExpressions, pinnedIn } from "../ir/walk.ts";
import type { Requirement } from "../../runtime/program.ts";
import { sizeNames } from "../../runtime/size.ts";
import { prunedGraph } from "./prune.ts";

/** `requires`: what is asked of sizes, as places are there only where there are any. */
export function atOnePlace(whole: Graph, requires: readonly Requirement[]): Graph {
  // What nothing needs reads at places of its own.
  const graph = prunedGraph(whole);
  const present = presentSizes(requires);
  const kept = new Set([...pinnedIn(graph), ...membersOfLoops(graph)]);
  const readers = new Map<ValueId, AccessExpr[]>(graph.values.map(({ id }) => [id, []]));
  const lost = new Map<ValueId, readonly number[]>();
  // From the last on: how a value is read is known when what reads it has lost its axes.
  const values = graph.values.toReversed().map((value) => {
    const reads = readers.get(value.id)!;
    const places = value.kind === "equation" && !kept.has(value.id) && reads.length > 0 ? value.shape.map((extent, axis) => placeOf(reads.map(({ slots }) => slots[axis]!), extent, present)) : [];
    const axes = places.flatMap((place, axis) => (place === undefined ? [] : [axis]));
    if (axes.length > 0) lost.set(value.id, axes);
    const now = axes.length > 0 ? placed(value as Equation, places) : value;
    for (const read of expressionsOf(now).flatMap(accessesIn)) readers.get(read.value)!.push(read);
    return now;
  });
  const withoutSlots = (node: Expr): Expr => {
    const axes = node.kind === "access" ? lost.get(node.value) : undefined;
    return node.kind === "access" && axes !== undefined ? { ...node, slots: node.slots.filter((_, axis) => !axes.includes(axis)) } : node;
  };
  return prunedGraph({ ...graph, values: values.toReversed().map((value) => mapExpressions(value, (expr) => mapExpr(expr, withoutSlots))) });
}

/** Those of which `T > 0` or more is required. */
function presentSizes(requires: readonly Requirement[]): readonly string[] {
  return requires.flatMap(({ test }) => (test.kind === "nonnegative" ? sizeNames(test.size).filter((name) => dims.isNonNegative(dims.subtract(dims.subtract(dims.named(name), dims.ONE), test.size))) : []));
}

/** They have a value for each time, which the carries ask for. */
function membersOfLoops(graph: Graph): readonly ValueId[] {
  return partsOf(graph).flatMap((part) => ("members" in part ? part.members.map(({ id }) => id) : []));
}

/** The one place along an axis of that extent at which all look, where it does not depend on who looks and is there. */
function placeOf(slots: readonly Expr[], extent: Dim, present: readonly string[]): Expr | undefined {
  const [first, ...others] = slots.map(knownPlace);
  if (first === undefined || !others.every((other) => other !== undefined && dims.equal(other, first))) return undefined;
  const more = new Map(present.map((name) => [name, dims.add(dims.named(name), dims.ONE)]));
  const isThere = [first, dims.subtract(dims.subtract(extent, dims.ONE), first)].every((dim) => dims.isNonNegative(dims.substitute(dim, more)));
  return isThere ? size(first) : undefined;
}

function knownPlace(slot: Expr): Dim | undefined {
  if (slot.kind === "size") return slot.dim;
  return slot.kind === "const" ? dims.constant(slot.value) : undefined;
}

/** At these places, and over the axes for which there is none. */
function placed(value: Equation, places: readonly (Expr | undefined)[]): Equation {
  const rank = value.shape.length;
  let left = 0;
  const moved = places.map((place) => place ?? index(left++));
  return {
    ...mapExpressions(value, (expr) => substituteIndices(expr, (at) => (at < rank ? moved[at] : index(at - rank + left)))),
    shape: value.shape.filter((_, axis) => places[axis] === undefined),
  };
}
