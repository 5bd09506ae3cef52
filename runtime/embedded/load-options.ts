/** What is handed to `load` beside the weights, checked before anything is made: callers may be JavaScript. */
import { optionValue } from "./errors.ts";
import type { LoadModelOptions } from "./load-model.ts";

/** Throws TfmError `option-value`. */
export function checkLoadOptions(options: LoadModelOptions): void {
  if (typeof options !== "object" || (options as unknown) === null) throw optionValue("load()", "options", "an object", options);
  // Not `instanceof`: it may come from another realm, and not every runtime has these classes.
  if (options.device !== undefined && !hasMethod(options.device, "createBuffer")) throw optionValue("load()", "device", "a GPUDevice", options.device);
  if (options.gpu !== undefined && !hasMethod(options.gpu, "requestAdapter")) throw optionValue("load()", "gpu", "a GPU, as `navigator.gpu` is", options.gpu);
}

function hasMethod(value: object | null, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null)?.[name] === "function";
}
