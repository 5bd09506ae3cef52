/** Every sample graph and its gradient, compiled to kernels, against the interpreter in f64. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { bindingsFor, SAMPLES } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

describeGpu("kernels equal the interpreter", () => {
  for (const { name, graph, sizes } of SAMPLES)
    for (const size of sizes)
      it(`${name} at ${JSON.stringify(size)}`, async () => {
        const device = await gpuDevice();
        const grad = differentiate(graph);
        const bindings = bindingsFor(grad, size);
        const wanted = interpret(grad, bindings).outputs;
        const got = await runGraph(device, compiledGraph(grad, size), grad, bindings);
        for (const [output, tensor] of Object.entries(wanted)) expectClose(output, got[output]!, tensor.data);
      });
});

function expectClose(name: string, got: ArrayLike<number>, wanted: Float64Array): void {
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
  const worst = wanted.reduce((most, value, at) => Math.max(most, Math.abs(value - got[at]!)), 0);
  expect(got.length, name).toBe(wanted.length);
  expect(worst / scale, `${name}: got ${Array.from(got).slice(0, 6)}, wanted ${wanted.slice(0, 6)}`).toBeLessThan(2e-5);
}
