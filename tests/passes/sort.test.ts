/** Gradients of tables looked up by a computed field: equal to what they were, in f64, with every point met once. */
import { describe, expect, it } from "vitest";
import type { Graph } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { scatterMatch } from "../../compiler/kernels/scatter.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { LOOKUPS, lookupBindings, lookupGraph } from "../support/lookups.ts";

const passed = (graph: Graph): Graph => GRAPH_PASSES.reduce((before, pass) => pass.run(before), graph);
const scattered = ({ values }: Graph): number => values.filter((value) => value.kind === "equation" && value.type === "f32" && scatterMatch(value) !== undefined).length;

describe("sort", () => {
  const graph = lookupGraph();
  const after = passed(graph);

  for (const [name, looked] of Object.entries(LOOKUPS))
    for (const [B, T] of [[0, 4], [1, 1], [1, 7], [3, 5], [4, 40]] as const)
      it(`equals the equations as written: ${B} × ${T}, ${name}`, () => {
        const bindings = lookupBindings(graph, { B, T }, looked);
        const [wanted, got] = [interpret(graph, bindings).outputs, interpret(after, bindings).outputs];
        for (const [output, { data }] of Object.entries(wanted))
          for (const [at, value] of data.entries()) expect(Math.abs(got[output]!.data[at]! - value), `${output}[${at}]`).toBeLessThan(1e-9);
      });

  it("leaves a graph that is sound, without a look at every point for every row", () => {
    expect(verify(after)).toEqual([]);
    expect([scattered(graph), scattered(after)]).toEqual([1, 0]);
  });

  it("leaves alone what is small", () => {
    expect(scattered(passed(lookupGraph(4)))).toBe(1);
  });
});
