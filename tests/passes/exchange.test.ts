/** The row term of attention's gradient, read from the sum over values that is there already. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { exchange } from "../../compiler/passes/exchange.ts";
import { canonical } from "../../compiler/passes/canonical.ts";
import { indexSizes } from "../../compiler/ir/walk.ts";
import { evaluate } from "../../compiler/dim.ts";
import { bindingsFor, SAMPLES } from "../support/graphs.ts";

it("takes the walk over the keys out of softmax's gradient, and keeps its value", () => {
  const { graph } = SAMPLES.find(({ name }) => name === "attention")!;
  const before = canonical.run(differentiate(graph));
  const after = exchange.run(before);
  const sizes = { B: 2, T: 5 };
  const termsOf = (of: typeof before): number => {
    const value = of.values.find(({ name }) => name === "drowsum.terms")!;
    return indexSizes(value).reduce((total, size) => total * evaluate(size, sizes), 1);
  };
  expect(termsOf(before)).toBe(2 * 4 * 5 * 5); // [B, heads, T] over T keys
  expect(termsOf(after)).toBe(2 * 4 * 5 * 3); // [B, heads, T] over the 3 elements of a head
  const bindings = bindingsFor(before, sizes);
  const [wanted, got] = [interpret(before, bindings).outputs, interpret(after, bindings).outputs];
  for (const [name, { data }] of Object.entries(wanted)) for (const [at, value] of data.entries()) expect(got[name]!.data[at]).toBeCloseTo(value, 10);
});
