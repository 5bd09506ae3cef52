/**
 * The fused graph without any fusion: every equation is a group of its own, stored and computed by nested loops. It is what
 * every other form falls back on, so it must run whatever the checker accepts; tests hold the recognisers against it.
 */
import type { FusedGraph, Group } from "../../ir/fused.ts";
import type { Equation, Graph } from "../../ir/graph.ts";

export function apart(graph: Graph): FusedGraph {
  const equations = graph.values.filter((value): value is Equation => value.kind === "equation");
  return { graph, groups: equations.map(alone), packs: [] };
}

function alone({ id, shape }: Equation): Group {
  return { kind: "naive", members: [id], stored: [id], rows: shape, roots: new Map([[id, shape.map((_, axis) => axis)]]) };
}
