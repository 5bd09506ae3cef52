import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { sourceFile } from "../../grammar/source.ts";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import { trainBpe } from "../../runtime/text/index.ts";
import { emitModule } from "../../src/embed/module.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { program, SOURCE, tokenizer, weightsFile } from "./tiny.ts";

type Options = Parameters<typeof checkedModel>[2];

const example = (name: string): string => readFileSync(path.join(packageRoot, "examples", name, "model.tfm"), "utf8");

/** What a module of the model says of its vocabulary. */
function told(text: string, options: Options): string | undefined {
  const model = checkedModel("model.tfm", text, { use: (used) => sourceFile(used, example(path.basename(path.dirname(used)))), ...options });
  const files = emitModule(model, compile(model, { profile: { kind: "any" }, training: false }).program);
  const [js = ""] = [...files].flatMap(([name, content]) => (name.endsWith(".js") ? [content] : []));
  return /return loadModel\(\{ program,.*? vocabulary: (\d+).* \}, weights, options\);/.exec(js)?.[1];
}

it.each<readonly [string, string, Options, string | undefined]>([
  ["that generates, for a trained tokenizer", SOURCE, { tokenizer: { size: 53 } }, "53"],
  ["that generates, for the size that it declares", SOURCE, {}, "60"],
  ["of sentences", example("bert"), { recipe: "sentence", set: { layers: "1", d: "16", heads: "2" }, tokenizer: { size: 70 } }, "70"],
  ["of pictures and captions", example("clip"), { tokenizer: { size: 91 }, set: { layers: "1", d: "16", heads: "2" } }, "91"],
  ["with a vocabulary of its own", SOURCE.replace("vocab: tokenizer.size", "vocab: 90"), {}, undefined],
  ["without a tokenizer", SOURCE.slice(0, SOURCE.indexOf("train tiny")), { vocab: 60 }, undefined],
])("a module of a model %s knows how many tokens it takes", (_, text, options, vocabulary) => {
  expect(told(text, options)).toBe(vocabulary);
});

const other = trainBpe(["anything else"], 30);

it("a tokenizer of another model is refused, whether the model generates or not", async () => {
  const definition = { program: program("any"), vocabulary: tokenizer.size };
  await expect(loadModel(definition, weightsFile(), { tokenizer: other.toJSON() })).rejects.toMatchObject({
    code: "tokenizer-of-another-model",
    message: `The tokenizer has ${other.size} tokens; the model was compiled for ${tokenizer.size}.`,
  });
});

describeGpu("a tokenizer", () => {
  it("of the model's size is taken, and of any size where the model has none", async () => {
    const device = await gpuDevice();
    for (const [vocabulary, given] of [[tokenizer.size, tokenizer], [undefined, other]] as const) {
      const model = await loadModel({ program: program("any"), ...(vocabulary !== undefined && { vocabulary }) }, weightsFile(), { device, tokenizer: given.toJSON() });
      expect((model["tokenizer"] as { readonly size: number }).size).toBe(given.size);
      model.dispose();
    }
  });
});
