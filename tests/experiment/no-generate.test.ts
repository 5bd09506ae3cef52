/** What is said to somebody who lets a model write whose recipe does not say how. */
import { expect, it } from "vitest";
import { generateOf } from "../../src/experiment/decoding.ts";
import { checkedModel } from "../support/reference.ts";

const model = (functions: string) => checkedModel("model.tfm", `model M(vocab = 5, d = 4) {
  embed = Embedding(vocab, d)
  ${functions}
}
train words {
  tokenizer = characters()
  data  = text("a.txt", tokenizer: tokenizer, length: 8)
  model = M()
  loss(ids, next) = cross_entropy(model.embed.logits(model.embed(ids)), next)
  optimizer = AdamW(lr: 1e-3); steps = 10; batch = 2
}`, { tokenizer: { size: 5 } });

it.each([
  ["forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))", "the recipe words does not say how text is generated", "add `generate = greedy(model)` to it"],
  ["answer(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))", "the recipe words does not say how text is generated", "add `generate = greedy(model.answer)` to it"],
  [
    "judge(ids: index(vocab)[B, T]) -> [B, d] { y[b,i] = mean[t] embed(ids)[b,t,i]; return y }",
    "the recipe words does not say how text is generated, and no function of the model gives logits [B, T, vocab] of ids [B, T]",
    "what `judge` gives is shown by `tfmc inspect RUN --at judge --input …`; `tfmc eval RUN` measures",
  ],
])("%s", (functions, message, remedy) => {
  expect(() => generateOf(model(functions))).toThrow(expect.objectContaining({ failure: { code: "no-generate", exit: 1, message, remedy } }) as Error);
});
