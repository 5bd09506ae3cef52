/** What is handed to `load` beside the weights, checked before anything is made: callers may be JavaScript. */
import { unknownName } from "../errors.ts";
import { checkCount, sizesOfAll } from "../feed.ts";
import type { Entry } from "../program.ts";
import { optionValue } from "./errors.ts";
import type { LoadModelOptions } from "./load-model.ts";

const OPTIONS: readonly (keyof LoadModelOptions)[] = ["tokenizer", "device", "gpu", "bounds", "memoryBudget"];

/** Throws TfmError `option-value`, `unknown-option`, `unknown-size` or `size-not-a-count`. */
export function checkLoadOptions(options: LoadModelOptions, entries: readonly Entry[]): void {
  if (!isObject(options)) throw optionValue("load()", "options", "an object", options);
  for (const name of Object.keys(options)) if (!OPTIONS.some((known) => known === name)) throw unknownName("option", name, OPTIONS);
  const { device, gpu, bounds, memoryBudget } = options;
  // Not `instanceof`: it may come from another realm, and not every runtime has these classes.
  if (device !== undefined && !hasMethod(device, "createBuffer")) throw optionValue("load()", "device", "a GPUDevice", device);
  if (gpu !== undefined && !hasMethod(gpu, "requestAdapter")) throw optionValue("load()", "gpu", "a GPU, as `navigator.gpu` is", gpu);
  if (memoryBudget !== undefined && !(typeof memoryBudget === "number" && memoryBudget > 0)) throw optionValue("load()", "memoryBudget", "a number above 0", memoryBudget);
  if (bounds === undefined) return;
  if (!isObject(bounds)) throw optionValue("load()", "bounds", "an object", bounds);
  const sizes = sizesOfAll(entries);
  for (const [name, bound] of Object.entries(bounds)) {
    if (!sizes.includes(name)) throw unknownName("size", name, sizes);
    if ((bound as number | undefined) !== undefined) checkCount(name, bound);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function hasMethod(value: object | null, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null)?.[name] === "function";
}
