/** The numbers from PyTorch and the model they belong to (see tests/reference/README.md). */
import { readFileSync } from "node:fs";
import { check } from "../../compiler/check/check.ts";
import type { Model } from "../../compiler/check/model.ts";
import { renderDiagnostic } from "../../grammar/diagnostic.ts";
import { sourceFile } from "../../grammar/source.ts";
import { decodeSafetensors, type Tensor } from "../../runtime/training/safetensors.ts";
import { standardLibrary } from "../../src/std.ts";

export function referenceTensors(name: string): ReadonlyMap<string, Tensor> {
  const bytes = readFileSync(new URL(`../reference/${name}.safetensors`, import.meta.url));
  return new Map(decodeSafetensors(new Uint8Array(bytes), "if present").tensors.map((tensor) => [tensor.name, tensor]));
}

export function library(): ReturnType<typeof sourceFile>[] {
  return [...standardLibrary()].map(([name, text]) => sourceFile(`std/${name}`, text));
}

/** Fails with the messages when the source is not accepted. */
export function checkedModel(path: string, text: string, options: Partial<Parameters<typeof check>[1]> = {}): Model {
  const { model, diagnostics } = check(sourceFile(path, text), { std: library(), ...options });
  if (!model) throw new Error(diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join("\n") || "no model");
  return model;
}

/** The small encoder-decoder of the reference, with the norms before or after the branches. */
export function referenceModel(recipe: string, pre: boolean, set: Readonly<Record<string, string>> = {}): Model {
  const text = readFileSync(new URL("../reference/translation.tfm", import.meta.url), "utf8");
  const tokenizer = { size: 37, pad: 0, start: 1, end: 2, unk: 3 };
  return checkedModel("translation.tfm", text, { recipe, tokenizer, set: { pre: String(pre), ...set } });
}

/** max|a − b| / max(max|b|, floor). */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>, floor: number): number {
  let [worst, largest] = [0, floor];
  for (let at = 0; at < b.length; at++) {
    worst = Math.max(worst, Math.abs(a[at]! - b[at]!));
    largest = Math.max(largest, Math.abs(b[at]!));
  }
  return a.length === b.length ? worst / largest : Number.POSITIVE_INFINITY;
}
