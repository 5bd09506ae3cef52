import { expect, it } from "vitest";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import type { LoadModelOptions } from "../../runtime/embedded/load-model.ts";
import { tinyProgram } from "../support/tiny-program.ts";

it.each<readonly [unknown, string]>([
  [null, "load(): `options` must be an object; it is null."],
  ["cuda", 'load(): `options` must be an object; it is "cuda".'],
  [{ device: null }, "load(): `device` must be a GPUDevice; it is null."],
  [{ device: {} }, "load(): `device` must be a GPUDevice; it is {}."],
  [{ device: "cuda:0" }, 'load(): `device` must be a GPUDevice; it is "cuda:0".'],
  [{ device: Promise.resolve() }, "load(): `device` must be a GPUDevice; it is a Promise."],
  [{ gpu: null }, "load(): `gpu` must be a GPU, as `navigator.gpu` is; it is null."],
  [{ gpu: {} }, "load(): `gpu` must be a GPU, as `navigator.gpu` is; it is {}."],
])("load(weights, %o) is refused before anything is fetched or made", async (options, message) => {
  const weights = new Promise<never>(() => undefined);
  await expect(loadModel({ program: tinyProgram }, weights, options as LoadModelOptions)).rejects.toMatchObject({ name: "TfmError", code: expect.stringMatching(/^(option-value|unknown-)/), message });
});
