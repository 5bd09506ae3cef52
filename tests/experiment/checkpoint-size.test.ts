import { constants } from "node:buffer";
import { expect, it } from "vitest";
import { checkCheckpointSize } from "../../src/experiment/checkpoint-size.ts";
import { checkedModel } from "../support/reference.ts";
import { compile } from "../../compiler/compile.ts";

const MODEL = `model Net(d = 64) {
  w = Linear(d, d, biased: false)
  forward(x: [B, d]) -> [B, d] = w(x)
}
train plain {
  data = images("a", side: 8, classes: 2); model = Net(); batch = 1; steps = 1
  loss(image: [B, 8, 8, 1]) { x[b,i < 64] = image[b,i/8,i%8,0]; y[b] = mean[i] model(x)[b,i]; return mean[b] y[b] }
  optimizer = AdamW(lr: 1e-3)
}
train averaged like plain { average = 0.9 }
train little like plain { optimizer = Sgd(lr: 1e-3) }`;

const program = (recipe: string, d: string) => compile(checkedModel("net.tfm", MODEL, { recipe, set: { d } }), { profile: { kind: "gpu" }, training: true, entries: [] }).program;

/** Bytes of the parameters of 64 x 64. */
const BYTES = 4 * 64 * 64;

it.each([
  // AdamW has two states; the parameters go with them where the model has their average.
  ["plain", 2 * BYTES],
  ["averaged", 3 * BYTES],
  ["little", BYTES],
])("the largest file of a checkpoint of %s has %i bytes", (recipe, bytes) => {
  expect(() => checkCheckpointSize(program(recipe, "64"), bytes)).not.toThrow();
  expect(() => checkCheckpointSize(program(recipe, "64"), bytes - 1)).toThrow(expect.objectContaining({ failure: expect.objectContaining({ code: "checkpoint-too-large" }) as object }));
  expect(() => checkCheckpointSize(program(recipe, "64"), constants.MAX_LENGTH)).not.toThrow();
});
