import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { positionAt } from "../../grammar/source.ts";
import { library } from "../support/reference.ts";

const std = library();
const MODEL = `model M(vocab, d = 8) {
  embed = Embedding(vocab, d); norm = LayerNorm(d); many = stack(2) Broken(d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    x = embed(ids)
    for one in many { x = one(x) }
    return embed.logits(half(norm(x)))
  }
}
train base {
  tokenizer = characters(); data = text("input.txt", tokenizer: tokenizer); model = M(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Mine(lr: 1e-3); batch = 8; steps = 30
}
train tuned like short { steps = 7 }
`;
/** Each with one mistake, which costs the declaration; `LayerNorm` is one of the library as well. */
const LOST = `layer Broken(d {
}
fn half(x: real) -> = x / 2
layer LayerNorm(d,) {
}
optimizer Mine(lr: number {
}
train short like base, {
}
`;

function told(text: string, recipe?: string): string[] {
  const use = (path: string): ReturnType<typeof sourceFile> => sourceFile(path, LOST);
  return check(sourceFile("model.tfm", text), { std, use, recipe }).diagnostics.map(({ code, span }) => `${span.file.path}:${positionAt(span.file, span.start).line} ${code}`);
}

test.each([undefined, "tuned", "short"])("a declaration that could not be read is told once, and nobody is blamed for using it (recipe %s)", (recipe) => {
  const once = ["1 missing-bracket", "3 missing-type", "4 empty-place", "6 missing-bracket", "8 missing-block"];
  expect(told(LOST + MODEL, recipe)).toEqual(once.map((line) => `model.tfm:${line}`));
  expect(told(`use "lost.tfm"\n${MODEL}`, recipe)).toEqual(once.map((line) => `lost.tfm:${line}`));
});

test("what is nowhere is still unknown", () => {
  expect(told(LOST + MODEL.replace("Broken", "Brokn"))).toContain("model.tfm:11 name-unknown");
  expect(told(LOST + MODEL.replace("like short", "like shorter"), "tuned")).toContain("model.tfm:23 value-unknown");
});
