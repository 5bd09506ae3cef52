import { expect, it } from "vitest";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { averaged } from "../../src/experiment/averaged.ts";
import type { InitialWeights } from "../../src/experiment/initial.ts";

const tensor = (name: string, ...values: readonly number[]): Tensor => ({ name, shape: [values.length], data: Float32Array.from(values) });
const run = (from: string, tensors: readonly Tensor[], tokenizer = "{}"): InitialWeights => ({ from, tensors, tokenizer, trained: { recipe: "tune", step: 4 } });

it("takes the mean of each element, summed in f64", () => {
  const tiny = 2 ** -24;
  const soup = averaged([run("a", [tensor("w", 1, -3), tensor("b", 1)]), run("b", [tensor("w", 2, 0), tensor("b", tiny)]), run("c", [tensor("w", 6, 3), tensor("b", -1)])]);
  expect(soup).toEqual({ from: "a", others: ["b", "c"], tokenizer: "{}", tensors: [tensor("w", 3, 0), tensor("b", tiny / 3)] });
});

it("goes by the names, not by their order, and keeps what the recipe reads with", () => {
  const soup = averaged([{ ...run("a", [tensor("w", 1), tensor("b", 2)]), otherTokens: true }, run("b", [tensor("b", 4), tensor("w", 5)])]);
  expect(soup).toEqual({ from: "a", others: ["b"], tokenizer: "{}", otherTokens: true, tensors: [tensor("w", 3), tensor("b", 3)] });
});

it("leaves one alone as it is", () => {
  const alone = run("a", [tensor("w", 0.1)]);
  expect(averaged([alone])).toBe(alone);
});

it.each([
  ["another shape", [tensor("w", 1, 2)], "{}", "w is [2] in the one and [1] in the other"],
  ["another name", [tensor("v", 1)], "{}", "only a has w"],
  ["one more", [tensor("w", 1), tensor("x", 1)], "{}", "only b has x"],
  ["another tokenizer", [tensor("w", 1)], "[]", "they read with different tokenizers"],
  ["no tokenizer", [tensor("w", 1)], "", "b has no tokenizer.json beside it"],
])("refuses %s", (_, tensors, tokenizer, difference) => {
  expect(() => averaged([run("a", [tensor("w", 1)]), tokenizer === "" ? { from: "b", tensors } : run("b", tensors, tokenizer)])).toThrow(`b and a have no average: ${difference}`);
});
