/** The examples that begin with what another of their recipes has learnt: which of their parameters match. */
import path from "node:path";
import { expect, it } from "vitest";
import { matching } from "../../runtime/index.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { checkedModel, recipeOf } from "../../src/experiment/check.ts";
import { readModel } from "../../src/experiment/source.ts";
import { packageRoot } from "../../src/package-root.ts";
import { valueOf } from "../../src/failure.ts";

const sharedBy = (name: string, from: string, to: string) => {
  const source = valueOf(readModel(path.join(packageRoot, "examples", name, "model.tfm")));
  const [before, after] = [from, to].map((recipe) => checkedModel(source, { recipe, set: { layers: "1" } }));
  expect(recipeOf(after!).initFrom).toBe(from);
  expect(recipeOf(after!).tokenizer).toEqual(recipeOf(before!).tokenizer);
  const file = before!.parameters.map(({ path: parameter, shape }): Tensor => ({ name: parameter, shape, data: new Float32Array(0) }));
  return matching([...after!.parameters, ...after!.running], file);
};
const tops = (all: readonly { readonly path: string }[]): readonly string[] => [...new Set(all.map(({ path: parameter }) => parameter.split(".")[0]!))].sort();

it("bert: all that reads, and a head that is new", () => {
  const { matched, missing, differing, unused } = sharedBy("bert", "pretrain", "sentence");
  expect(tops(matched.map((parameter) => ({ path: parameter })))).toEqual(["encoder", "norm", "place", "pool", "segments", "words"]);
  expect(tops(missing)).toEqual(["judge"]);
  expect(differing).toEqual([]);
  expect(tops(unused)).toEqual(["bias", "follow", "norm2", "turn"]);
});

it("mae: the encoder, which the recipe for labels has at the same path", () => {
  const { matched, missing, differing, unused } = sharedBy("mae", "pretrain", "finetune");
  expect(tops(matched.map((parameter) => ({ path: parameter })))).toEqual(["encoder"]);
  expect(tops(missing)).toEqual(["head"]);
  expect(differing).toEqual([]);
  expect(tops(unused)).toEqual(["blank", "blocks", "bridge", "norm", "output", "place"]);
});
