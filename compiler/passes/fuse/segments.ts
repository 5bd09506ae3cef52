/**
 * Fuses a graph with loops piece by piece: what stands before, between and behind them each by itself, and of a loop its equations at
 * one time, from which the time has disappeared:
 *
 *     a[s, b, j] = sum[k] h[s, b, k] * w[k, j]       →       a[b, j] = sum[k] h[@iter, b, k] * w[k, j]
 *
 * What another piece reads is stored. So no group reaches across the border of a loop, and a kernel within one computes one time.
 */
import { named } from "../../dim.ts";
import type { FusedGraph, FusedLoop } from "../../ir/fused.ts";
import { children, index, size, withChildren } from "../../ir/expr.ts";
import type { Equation, Expr, Graph, StateLeaf, Value, ValueId } from "../../ir/graph.ts";
import { inParts, partsOf, type Recurrence, withoutFalseCarries } from "../../ir/recurrence.ts";
import { hasLoops, mapExpressions, operandsOf, pinnedIn, valuesById } from "../../ir/walk.ts";
import { TIME } from "../../kernels/emit/dim-text.ts";

export function inSegments(given: Graph, form: (graph: Graph) => FusedGraph): FusedGraph {
  if (!hasLoops(given)) return form(given);
  const graph = inParts(withoutFalseCarries(given));
  const values = valuesById(graph);
  const segments = segmentsOf(graph);
  const home = new Map(segments.flatMap((segment) => segment.values.map(({ id }) => [id, segment] as const)));
  const exported = pinnedIn(graph);
  for (const { values: own } of segments)
    for (const value of own) for (const operand of operandsOf(value)) if (home.get(operand) !== home.get(value.id)) exported.add(operand);

  const fused = segments.map((segment) => form(alone(segment, graph, values, exported)));
  const loops = segments.flatMap(({ loop }) => loop ?? []);
  return {
    graph,
    packs: fused.flatMap(({ packs }) => packs),
    groups: fused.flatMap(({ groups }, at) => {
      const { loop } = segments[at]!;
      return loop ? groups.map((group) => ({ ...group, loop: loops.indexOf(loop) })) : groups;
    }),
    loops,
  };
}

interface Segment {
  /** Equations, of a loop at one time. */
  readonly values: Equation[];
  readonly loop?: FusedLoop;
}

function segmentsOf(graph: Graph): readonly Segment[] {
  const segments: Segment[] = [];
  for (const part of partsOf(graph)) {
    if ("members" in part) {
      const values = sliced(part);
      segments.push({ values, loop: { extent: part.extent, reverse: part.reverse, carries: part.carries, values: new Map(values.map((value) => [value.id, value])) } });
    } else if (part.kind === "equation") {
      const last = segments.at(-1);
      if (last && !last.loop) last.values.push(part);
      else segments.push({ values: [part] });
    }
  }
  return segments;
}

/** The loop's equations at the time that the uniform block tells. */
function sliced({ members }: Recurrence): Equation[] {
  const together = new Set(members.map(({ id }) => id));
  const now = size(named(TIME));
  const slice = (expr: Expr): Expr => {
    if (expr.kind === "index") return expr.at === 0 ? now : index(expr.at - 1);
    const parts = children(expr).map(slice);
    return expr.kind === "access" && together.has(expr.value) ? { ...expr, slots: parts.slice(1) } : withChildren(expr, parts);
  };
  return members.map((member) => ({ ...mapExpressions(member, slice), shape: member.shape.slice(1) }));
}

/** The segment as a graph of its own: what it reads of others stands there as if it were a state. */
function alone({ values: own }: Segment, graph: Graph, values: ReadonlyMap<ValueId, Value>, exported: ReadonlySet<ValueId>): Graph {
  const ids = new Set(own.map(({ id }) => id));
  const read = new Set(own.flatMap(operandsOf).filter((id) => !ids.has(id)));
  const leaves = graph.values.filter(({ id }) => read.has(id)).map((value) => (value.kind === "equation" || value.kind === "carry" ? standIn(value) : value));
  const named = graph.outputs.filter(({ value }) => ids.has(value));
  const outputs = new Set(named.map(({ value }) => value));
  const others = own.filter(({ id }) => exported.has(id) && !outputs.has(id)).map(({ id }) => ({ name: `%${id}`, value: id }));
  return { name: graph.name, values: [...leaves, ...own], outputs: [...named, ...others] };
}

function standIn({ id, name, type, shape }: Value): StateLeaf {
  return { kind: "state", id, name, type, shape, state: { kind: "running", path: `%${id}` } };
}
