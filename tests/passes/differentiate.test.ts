import { describe, expect, test } from "vitest";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { SAMPLES, bindingsFor } from "../support/graphs.ts";

/** ∂loss/∂state[at] by central differences. */
function difference(graph: Graph, bindings: Bindings, key: string, at: number, h = 1e-5): number {
  const lossAt = (offset: number): number => {
    const moved = Float64Array.from(bindings.states![key]!);
    moved[at]! += offset;
    return interpret(graph, { ...bindings, states: { ...bindings.states, [key]: moved } }).outputs.loss!.data[0]!;
  };
  return (lossAt(h) - lossAt(-h)) / (2 * h);
}

describe.each(SAMPLES)("the gradient of $name", ({ graph, sizes }) => {
  const gradient = differentiate(graph);
  test("is a valid graph", () => {
    expect(verify(graph)).toEqual([]);
    expect(verify(gradient), printGraph(gradient)).toEqual([]);
  });
  test.each(sizes)("equals central differences for %o", (at) => {
    const bindings = bindingsFor(graph, at);
    const { outputs } = interpret(gradient, bindings);
    expect(outputs.loss).toEqual(interpret(graph, bindings).outputs.loss);
    const gradients = gradient.outputs.filter((output) => output.state?.kind === "gradient");
    expect(gradients.length).toBe(graph.values.filter((value) => value.kind === "state").length);
    for (const output of gradients) {
      const key = stateKey({ kind: "parameter", path: output.state!.path });
      const found = outputs[output.name]!;
      expect(found.data.length).toBe(bindings.states[key]!.length);
      for (let k = 0; k < found.data.length; k++) {
        const wanted = difference(graph, bindings, key, k);
        expect(Math.abs(found.data[k]! - wanted), `${output.name}[${k}] = ${found.data[k]}, not ${wanted}\n${printGraph(gradient)}`)
          .toBeLessThanOrEqual(1e-7 + 1e-6 * Math.abs(wanted));
      }
    }
  });
});
