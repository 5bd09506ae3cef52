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

/** What `record` of families.py writes of a model: its weights, a batch, and what PyTorch makes of them. */
export interface ReferenceCase {
  readonly loss: ArrayLike<number>;
  readonly weights: ReadonlyMap<string, ArrayLike<number>>;
  /** Of the loss, by the path of the parameter. */
  readonly gradients: ReadonlyMap<string, ArrayLike<number>>;
  readonly batch: ReadonlyMap<string, ArrayLike<number>>;
  /** What else is compared: a function's result under the function's name. */
  readonly out: ReadonlyMap<string, Tensor>;
}

export function referenceCase(name: string): ReferenceCase {
  const all = referenceTensors(name);
  const under = (kind: string): [string, Tensor][] => [...all].flatMap(([path, tensor]) => (path.startsWith(`${kind}.`) ? [[path.slice(kind.length + 1), tensor]] : []));
  const numbers = (kind: string): Map<string, ArrayLike<number>> => new Map(under(kind).map(([path, { data }]) => [path, data]));
  return { loss: all.get("loss")!.data, weights: numbers("weight"), gradients: numbers("grad"), batch: numbers("batch"), out: new Map(under("out")) };
}

/** The sizes that the numbers of translation.py were made with. */
export const SMALL_TRANSLATION = { d: "16", heads: "2", ff: "24", layers: "2", p: "0" };
export const SMALL_TOKENIZER = { size: 37, pad: 0, start: 1, end: 2 };

/** The optimizers of translation.py. */
const TRAINING = `
train plain like translate { optimizer = Adam(lr: 1e-3, beta2: 0.98, eps: 1e-9) }
train linear like plain { optimizer = Adam(lr: 2e-3 * (1 - step / 12), beta2: 0.98, eps: 1e-9) }
train warm like plain { optimizer = Adam(lr: 0.05 * noam(step, 16, 4), beta2: 0.98, eps: 1e-9) }
train sgd like plain { optimizer = Sgd(lr: 0.05, momentum: 0.9) }
`;

/** The encoder-decoder of examples/, small, with one table, the norms before or after the branches. */
export function referenceModel(recipe: string, pre: boolean): Model {
  const text = readFileSync(new URL("../../examples/translation/model.tfm", import.meta.url), "utf8");
  return checkedModel("translation/model.tfm", `${text}${TRAINING}`, { recipe, tokenizer: SMALL_TOKENIZER, set: { ...SMALL_TRANSLATION, pre: String(pre), tied: "true" } });
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
