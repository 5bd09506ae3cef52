import { expect, it } from "vitest";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import type { LoadModelOptions } from "../../runtime/embedded/load-model.ts";
import { checkLoadOptions } from "../../runtime/embedded/load-options.ts";
import { tinyProgram } from "../support/tiny-program.ts";

it.each<readonly [unknown, string]>([
  [null, "load(): `options` must be an object; it is null."],
  ["cuda", 'load(): `options` must be an object; it is "cuda".'],
  [{ device: null }, "load(): `device` must be a GPUDevice; it is null."],
  [{ device: {} }, "load(): `device` must be a GPUDevice; it is {}."],
  [{ device: "cuda:0" }, 'load(): `device` must be a GPUDevice; it is "cuda:0".'],
  [{ device: Promise.resolve() }, "load(): `device` must be a GPUDevice; it is a Promise."],
  [{ gpu: null }, "load(): `gpu` must be a GPU, as `navigator.gpu` is; it is null."],
  [{ tokeniser: "tokenizer.json" }, "There is no option tokeniser; there are tokenizer, device, gpu, bounds, memoryBudget."],
  [{ bounds: 4 }, "load(): `bounds` must be an object; it is 4."],
  [{ bounds: { b: 4 } }, "There is no size b; there are B, T."],
  [{ bounds: { B: "4" } }, 'The size B must be a whole number of at least 0; it is "4".'],
  [{ bounds: { B: 2, T: -1 } }, "The size T must be a whole number of at least 0; it is -1."],
  [{ memoryBudget: Number.NaN }, "load(): `memoryBudget` must be a number above 0; it is NaN."],
  [{ memoryBudget: -1 }, "load(): `memoryBudget` must be a number above 0; it is -1."],
  [{ memoryBudget: "1e9" }, 'load(): `memoryBudget` must be a number above 0; it is "1e9".'],
  [{ gpu: {} }, "load(): `gpu` must be a GPU, as `navigator.gpu` is; it is {}."],
])("load(weights, %o) is refused before anything is fetched or made", async (options, message) => {
  const weights = new Promise<never>(() => undefined);
  await expect(loadModel({ program: tinyProgram }, weights, options as LoadModelOptions)).rejects.toMatchObject({ name: "TfmError", code: expect.stringMatching(/^(option-value|unknown-option|unknown-size|size-not-a-count)$/), message });
});

it("options that are undefined are not given", () => {
  expect(() => checkLoadOptions({ device: undefined, gpu: undefined, bounds: { B: undefined }, memoryBudget: undefined, tokenizer: undefined } as unknown as LoadModelOptions, tinyProgram.entries)).not.toThrow();
  expect(() => checkLoadOptions({ bounds: { B: 0, T: 3 }, memoryBudget: Infinity }, tinyProgram.entries)).not.toThrow();
});
