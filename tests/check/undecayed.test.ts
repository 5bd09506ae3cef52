import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();
const MODEL = `model Tiny(vocab, d = 8) {
  embed = Embedding(vocab, d); norm = LayerNorm(d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(norm(embed(ids)))
}
train base {
  tokenizer = characters(); data = text("input.txt", tokenizer: tokenizer); model = Tiny(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = AdamW(lr: 1e-3); undecayed = "*.gain", "*.biass"; batch = 8; steps = 100
}
train other like base { steps = 10 }
`;

function told(recipe: string, set: Readonly<Record<string, string>> = {}): readonly string[] {
  const { model, diagnostics } = check(sourceFile("model.tfm", MODEL), { std, recipe, set });
  expect(model?.recipe?.name).toBe(recipe);
  return diagnostics.map(({ severity, title, fix }) => `${severity}: ${title}; ${fix?.text}`);
}

test("a pattern of `undecayed` that names nothing is a warning, where the recipe itself has it", () => {
  expect(told("base")).toEqual(['warning: no parameter is named by "*.biass" of `undecayed`; did you mean `*.bias`?']);
  expect(told("other")).toEqual([]);
  expect(told("other", { "recipe.undecayed": "*.gain, *.gian" })).toEqual(['warning: no parameter is named by "*.gian" of `undecayed`; did you mean `*.gain`?']);
  expect(told("base", { "recipe.undecayed": "none" })).toEqual([]);
});
