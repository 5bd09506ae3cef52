/** The share of the right guesses, counted by hand. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { checkedModel } from "../support/reference.ts";

const { graph } = checkedModel("m.tfm", `model M() {
  forward(logits: [B, T, 4], label: index(4)[B, T], keep: bool[B, T]) -> real = mean_correct(logits, label, keep)
}`).entries[0]!;

const LOGITS = [
  [[1, 3, 2, 0], [-1, -2, -3, -4], [0, 0, 0, 9]],
  [[5, 1, 5.5, 2], [0, 0.1, 0, 0], [7, 8, 6, 5]],
];
const LABEL = [1, 0, 2, 2, 0, 1];  // right, right, wrong, right, wrong, right

it.each([
  ["all", [1, 1, 1, 1, 1, 1], 4 / 6],
  ["some", [1, 0, 1, 0, 1, 1], 2 / 4],
  ["a right one", [0, 0, 0, 1, 0, 0], 1],
  ["a wrong one", [0, 0, 1, 0, 0, 0], 0],
  ["none", [0, 0, 0, 0, 0, 0], 0],
])("of %s", (_, keep, share) => {
  const { outputs } = interpret(graph, { sizes: { B: 2, T: 3 }, inputs: { logits: LOGITS.flat(2), label: LABEL, keep } });
  expect(Object.values(outputs)[0]!.data[0]).toBeCloseTo(share, 12);
});
