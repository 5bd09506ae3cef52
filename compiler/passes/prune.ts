import type { Graph, ValueId } from "../ir/graph.ts";
import { operandsOf, valuesById } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";

export const prune: Pass = {
  name: "prune",
  doc: "Drops values that no output depends on.",
  run: prunedGraph,
};

/** Inputs and states stay only where they are read. */
export function prunedGraph(graph: Graph): Graph {
  const values = valuesById(graph);
  const left = graph.outputs.map((output) => output.value);
  const needed = new Set<ValueId>();
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    left.push(...operandsOf(values.get(id)!));
  }
  return { ...graph, values: graph.values.filter((value) => needed.has(value.id)) };
}
