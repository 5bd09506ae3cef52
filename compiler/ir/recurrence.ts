/**
 * The loops of a graph. The equations between a carry and what follows it form a cycle, a strongly connected component of the graph;
 * everything else, such as a product with weights that does not read the carry, stands outside of the loop by itself.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { access, apply, index, int, isub, select, size } from "./expr.ts";
import type { Carry, Equation, Expr, Graph, Value, ValueId } from "./graph.ts";
import { hasLoops, operandsOf, valuesById } from "./walk.ts";

export interface Recurrence {
  readonly extent: Dim;
  readonly reverse: boolean;
  readonly carries: readonly Carry[];
  /** In an order in which each reads the others at the same time only after they are computed. */
  readonly members: readonly Equation[];
}

/** A value outside of all loops, or a loop. */
export type Part = Exclude<Value, Carry> | Recurrence;

/** The parts in an order in which each depends on earlier ones only; that of the graph where it has no loop. */
export function partsOf(graph: Graph): readonly Part[] {
  if (!hasLoops(graph)) return graph.values as readonly Exclude<Value, Carry>[];
  const places = new Map(graph.values.map(({ id }, at) => [id, at]));
  return components(graph).map((values): Part => {
    const ordered = values.sort((a, b) => places.get(a.id)! - places.get(b.id)!);
    const carries = ordered.filter((value) => value.kind === "carry");
    const first = carries[0];
    if (!first) return ordered[0] as Exclude<Value, Carry>;
    return { extent: first.extent, reverse: first.reverse, carries, members: ordered.filter((value) => value.kind === "equation") };
  });
}

/** The same graph, each loop in one piece: carries, then equations. */
export function inParts(graph: Graph): Graph {
  if (!hasLoops(graph)) return graph;
  return { ...graph, values: partsOf(graph).flatMap((part): readonly Value[] => ("members" in part ? [...part.carries, ...part.members] : [part])) };
}

/**
 * Carries that nothing of what follows them depends on are no loop, only what follows one time later:
 *
 *     h[t, …] = if t == 0 then init[…] else next[t - 1, …]
 */
export function withoutFalseCarries(graph: Graph): Graph {
  if (!hasLoops(graph)) return graph;
  const values = partsOf(graph).flatMap((part): readonly Value[] => {
    if (!("members" in part)) return [part];
    return part.members.length === 0 ? part.carries.map(shifted) : [...part.carries, ...part.members];
  });
  return { ...graph, values };
}

function shifted({ kind: _, extent, init, next, reverse, ...base }: Carry): Equation {
  const rest = base.shape.slice(1).map((__, at) => index(at + 1));
  const start = access(init, ...rest);
  const after = access(next, reverse ? index(0) : isub(index(0), int(1)), ...rest);
  const body: Expr = select(apply("ieq", index(0), reverse ? size(extent) : int(0)), start, after);
  return { ...base, kind: "equation", body: dims.asNumber(extent) === 0 ? start : body };
}

/** Strongly connected components, each behind what it depends on (Tarjan 1972). */
function components(graph: Graph): Value[][] {
  const values = valuesById(graph);
  const numbers = new Map<ValueId, number>();
  const lowest = new Map<ValueId, number>();
  const open: Value[] = [];
  const isOpen = new Set<ValueId>();
  const found: Value[][] = [];
  const visit = (value: Value): void => {
    const { id } = value;
    numbers.set(id, numbers.size);
    lowest.set(id, numbers.get(id)!);
    open.push(value);
    isOpen.add(id);
    for (const operand of operandsOf(value)) {
      if (!numbers.has(operand)) {
        visit(values.get(operand)!);
        lowest.set(id, Math.min(lowest.get(id)!, lowest.get(operand)!));
      } else if (isOpen.has(operand)) lowest.set(id, Math.min(lowest.get(id)!, numbers.get(operand)!));
    }
    if (lowest.get(id) !== numbers.get(id)) return;
    const component = open.splice(open.indexOf(value));
    for (const member of component) isOpen.delete(member.id);
    found.push(component);
  };
  for (const value of graph.values) if (!numbers.has(value.id)) visit(value);
  return found;
}
