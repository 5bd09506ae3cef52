/** Sorting by counting, against JavaScript's stable sort. */
import { expect, test } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { draws } from "../../runtime/random/philox.ts";
import { checkedModel } from "../support/reference.ts";

const TEXT = `model Sorted() {
  ascending(x: [B, N]) -> index(N)[B, N] = argsort(x)
  best(x: [B, 6]) -> [B, 3], index(6)[B, 3] = topk(x, 3)
}
`;

const model = checkedModel("sorted.tfm", TEXT);
const graphOf = (name: string) => model.entries.find((entry) => entry.name === name)!.graph;

for (const [B, N] of [[1, 1], [3, 5], [2, 17]] as const)
  test(`argsort of ${B} rows of ${N}, with ties`, () => {
    const random = draws(7);
    const rows = Array.from({ length: B }, () => Array.from({ length: N }, () => random.below(6) / 2));
    const { outputs } = interpret(graphOf("ascending"), { sizes: { B, N }, inputs: { x: rows.flat() } });
    const wanted = rows.flatMap((row) => row.map((_, at) => at).sort((a, b) => row[a]! - row[b]!));
    expect([...Object.values(outputs)[0]!.data]).toEqual(wanted);
  });

test("topk is the first of the descending order", () => {
  const rows = [[3, 1, 3, 0, 2, 2], [0, 0, 0, 0, 0, 0]];
  const { outputs } = interpret(graphOf("best"), { sizes: { B: 2 }, inputs: { x: rows.flat() } });
  const [best, choice] = Object.values(outputs);
  expect([...best!.data]).toEqual([3, 3, 2, 0, 0, 0]);
  expect([...choice!.data]).toEqual([0, 2, 4, 0, 1, 2]);
});
