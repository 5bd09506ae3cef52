import { expect, it } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add } from "../../compiler/ir/expr.ts";
import type { Graph, Value } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

/** As losses of many layers are added: `total = total + loss` for each. */
function sumOf(terms: number): Graph {
  const b = new GraphBuilder("sum");
  const inputs = Array.from({ length: terms }, (_, at): Value => b.input(`x${at}`, "f32", []));
  b.output("y", inputs.reduce((total, term, at) => b.map(`total${at}`, [], add(access(total), access(term)))));
  return b.build();
}

describeGpu("a sum of more terms than a kernel can bind", () => {
  it("is computed in as few parts as there must be", async () => {
    const graph = sumOf(40);
    const compiled = compiledGraph(graph, {});
    // Eight bindings: seven terms and what comes of them, then that and six more.
    expect(compiled.program.entries[0]!.steps.length).toBe(1 + Math.ceil((40 - 7) / 6));
    const bindings = bindingsFor(graph, {});
    const { y } = await runGraph(await gpuDevice(), compiled, graph, bindings);
    const wanted = interpret(graph, bindings).outputs["y"]!.data;
    expect(Math.max(...Array.from(wanted, (value, at) => Math.abs(value - y![at]!)))).toBeLessThan(1e-5);
  });
});
