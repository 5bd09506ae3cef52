import type { Graph, ValueId } from "../ir/graph.ts";
import { operandsOf } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";

export const prune: Pass = {
  name: "prune",
  doc: "Drops values that no output depends on.",
  run: prunedGraph,
};

/** Inputs and states stay only where they are read. */
export function prunedGraph(graph: Graph): Graph {
  const needed = new Set<ValueId>(graph.outputs.map((output) => output.value));
  for (const value of graph.values.toReversed()) {
    if (needed.has(value.id)) for (const operand of operandsOf(value)) needed.add(operand);
  }
  return { ...graph, values: graph.values.filter((value) => needed.has(value.id)) };
}
