import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { checkedModel } from "../support/reference.ts";

it("an optimizer whose state does not matter compiles: descent without momentum", () => {
  const model = checkedModel(
    "linear.tfm",
    `model Line(vocab) {
  embed = Embedding(vocab, 4)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))
}
train line {
  tokenizer = characters()
  data      = text("text.txt", tokenizer: tokenizer)
  model     = Line(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Sgd(lr: 0.1)
  batch = 2; steps = 3; seed = 0
}
`,
  );
  const { program } = compile(model, { profile: { kind: "cpu" }, training: true });
  expect(program.entries.map(({ name }) => name).toSorted()).toEqual(["forward", "grad", "update"]);
});
