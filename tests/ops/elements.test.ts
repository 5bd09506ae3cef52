/** Elements computed when they are asked for are those of the whole graph interpreted. */
import { expect, test } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { elementsOf } from "../support/elements.ts";
import { bindingsFor, SAMPLES } from "../support/graphs.ts";

test.each(SAMPLES)("$name and its gradients", ({ graph, sizes }) => {
  const gradient = differentiate(graph);
  const bindings = bindingsFor(gradient, sizes.at(-1)!);
  const { values } = interpret(gradient, bindings);
  const elements = elementsOf(gradient, bindings);
  for (const { value, name } of gradient.outputs) {
    const { data } = values.get(value)!;
    expect(elements.count(value)).toBe(data.length);
    for (const [at, wanted] of data.entries()) expect(Math.abs(elements.at(value, at) - wanted), `${name}[${at}]`).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(wanted)));
  }
});
