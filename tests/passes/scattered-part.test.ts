/** Gradients of tables looked up by a part of a field, whose lists of points by row have all of it: as in f64, for every length of a batch. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { relativeError } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

const FIELDS = { "a field of the batch": "ids[b,t]", "a computed field": "(if hidden[b,t] > 0.5 then rows - 1 else ids[b,t])" };

const PARTS = {
  "all but the last": { shape: "[B, T - 1, d]", body: "y[b, t < T - 1, i] = table[id[b,t],i] * (t + 1)" },
  "the first row": { shape: "[1, T, d]", body: "y[b < 1, t < T, i] = table[id[b,t],i] * (t + 1)" },
  "two parts": {
    shape: "[B, T - 2, d]",
    body: "x[b, t < T - 2, i] = table[id[b,t],i]; z[b, t < T - 1, i] = table[id[b,t],i]; y[b, t < T - 2, i] = x[b,t,i] * z[b, t + 1, i]",
  },
};

const graphOf = (field: string, { shape, body }: (typeof PARTS)["two parts"]): ReturnType<typeof withGradients> =>
  withGradients(`model Case(rows = 50, d = 32) {
  param table: [rows, d] ~ normal(1)
  forward(ids: index(rows)[B, T], hidden: [B, T]) -> ${shape} {
    require T > 2, B > 0
    id[b,t] = ${field}
    ${body}
    return y
  }
}`);

describeGpu("the gradient of a table looked up by a part", () => {
  for (const [name, field] of Object.entries(FIELDS))
    for (const [where, part] of Object.entries(PARTS))
      it(`of ${name}: ${where}`, async () => {
        const graph = graphOf(field, part);
        const after = GRAPH_PASSES.reduce((before, pass) => pass.run(before), graph);
        const opened = await openGraph(await gpuDevice(), compiledGraph(graph, { B: 3, T: 9 }), graph, { B: 3, T: 9 });
        try {
          for (const sizes of [{ B: 3, T: 9 }, { B: 2, T: 3 }]) {
            const bindings = bindingsFor(graph, sizes);
            const got = await opened.run(bindings);
            const passed = interpret(after, bindings).outputs;
            for (const [output, { data }] of Object.entries(interpret(graph, bindings).outputs)) {
              expect(relativeError(passed[output]!.data, data, 1e-6), `${output} behind the passes`).toBeLessThan(1e-12);
              // What is added up to the loss is of both signs.
              expect(relativeError(got[output]!, data, 1), output).toBeLessThan(1e-4);
            }
          }
        } finally {
          opened.dispose();
        }
      });
});
