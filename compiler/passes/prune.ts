import type { Graph } from "../ir/graph.ts";
import { neededFor, valuesById } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";

export const prune: Pass = {
  name: "prune",
  doc: "Drops values that no output depends on.",
  run: prunedGraph,
};

/** Inputs and states stay only where they are read. */
export function prunedGraph(graph: Graph): Graph {
  const needed = neededFor(graph.outputs.map((output) => output.value), valuesById(graph));
  return { ...graph, values: graph.values.filter((value) => needed.has(value.id)) };
}
