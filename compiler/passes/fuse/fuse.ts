/**
 * Merges equations into groups, each of which becomes one kernel. Every value that is not recomputed in place starts as a
 * group of its own; then groups merge wherever one loop structure serves both, the order stays acyclic and the storage
 * bindings of one kernel suffice. Decided by index maps alone.
 */
import type { FusedGraph } from "../../ir/fused.ts";
import type { Equation, Graph, ValueId } from "../../ir/graph.ts";
import { valuesById } from "../../ir/walk.ts";
import { type Sets, singleton } from "./classify.ts";
import { Merging } from "./merging.ts";
import { readsOf } from "./reads.ts";
import { recomputed } from "./virtual.ts";

export function fuse(graph: Graph): FusedGraph {
  // What is recomputed in place brings its operands along: where they are too many for one kernel, some of it is stored after all.
  const stored = new Set<ValueId>();
  for (;;) {
    const plan = merged(graph, stored);
    const excess = plan.excess();
    if (excess.size === 0) return { graph, groups: plan.groups(), packs: plan.packs() };
    for (const id of excess) stored.add(id);
  }
}

/** `kept`: values that are not to be recomputed. */
function merged(graph: Graph, kept: ReadonlySet<ValueId>): Merging {
  const values = valuesById(graph);
  const { virtual, streamed } = recomputed(graph, kept);
  const sets: Sets = { virtual, streamed, unstreamed: new Set([...virtual].filter((id) => !streamed.has(id))) };
  const rooted = graph.values.filter((value): value is Equation => value.kind === "equation" && !virtual.has(value.id));
  const reads = new Map(rooted.map((value) => [value.id, readsOf(value, values, virtual)]));
  const plan = new Merging(graph, values, sets, reads);
  for (const value of rooted) plan.start(value, singleton(value, values, sets));
  for (const value of rooted) plan.joinProducers(value);
  for (const value of rooted) plan.joinSiblings(value);
  return plan;
}
