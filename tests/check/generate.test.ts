import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { decodingOf } from "../../runtime/decode/decode.ts";
import { library } from "../support/reference.ts";

const std = library();

function checked(generate: string): ReturnType<typeof check> {
  const text = `model Tiny(vocab, d = 8) {
  embed = Embedding(vocab, d)

  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))
  states(ids: index(vocab)[B, T]) -> [B, T, d] = embed(ids)
  weighed(ids: index(vocab)[B, T], weight: [B, T]) -> [B, T, vocab] {
    y[b,t,v] = weight[b,t] * forward(ids)[b,t,v]
    return y
  }
  several(ids: index(vocab)[B, T]) -> [B, T, vocab], [B, T, d] = forward(ids), embed(ids)
  pooled(ids: index(vocab)[B, T]) -> [B, vocab] {
    y[b,v] = mean[t] forward(ids)[b,t,v]
    return y
  }
  paired(ids: index(vocab)[B, T], other: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids) + embed(other))
  fixed(ids: index(vocab)[B, 12]) -> [B, 12, vocab] = embed.logits(embed(ids))
  decide(ids: index(vocab)[B, T]) -> [B, T, vocab] = forward(ids)
}
train small {
  tokenizer = characters()
  data  = text("input.txt", tokenizer: tokenizer)
  model = Tiny(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Adam(lr: 1e-3)
  batch = 2; steps = 100
  generate = ${generate}
}
`;
  return check(sourceFile("model.tfm", text), { std });
}

describe("a recipe's way to generate", () => {
  it.each([
    ["greedy(model)", { method: "greedy", entry: "forward", options: {} }],
    ["greedy(model.decide, max_length: 2 * 8)", { method: "greedy", entry: "decide", options: { max_length: 16 } }],
    ["beam(model, width: 5, length_penalty: 0.6)", { method: "beam", entry: "forward", options: { width: 5, length_penalty: 0.6 } }],
    ["sample(model, temperature: 0.8, top_k: 40, top_p: 0.95, seed: 7)", { method: "sample", entry: "forward", options: { temperature: 0.8, top_k: 40, top_p: 0.95, seed: 7 } }],
  ])("%s", (text, wanted) => {
    const { model, diagnostics } = checked(text);
    expect(diagnostics).toEqual([]);
    expect(model?.recipe?.generate).toEqual(wanted);
  });

  it.each([
    ["sample(model, temprature: 0.8)", "argument-unknown", "did you mean `temperature`?"],
    ["greedy(model, width: 4)", "argument-unknown", "`greedy` has no parameter `width`"],
    ["beam(model, width: 0)", "setting-value", "`width` is an integer of at least 1"],
    ["beam(model, width: 2.5)", "setting-value", "`width` is an integer of at least 1"],
    ["sample(model, top_p: 1.5)", "setting-value", "`top_p` is a number above 0 and at most 1"],
    ["sample(model, temperature: 0 - 1)", "setting-value", "`temperature` is a number of at least 0"],
    ["sample(model, 0.8)", "setting-value", "named numbers after the model"],
    ["nucleus(model)", "value-unknown", "greedy"],
  ])("refuses %s", (text, code, message) => {
    const { diagnostics } = checked(text);
    expect(diagnostics.map((one) => one.code)).toEqual([code]);
    expect(diagnostics.map((one) => renderDiagnostic(one)).join()).toContain(message);
  });

  it.each([
    ["greedy(model.states)", "`states` cannot write text"],
    ["greedy(model.weighed)", "`weighed` cannot write text"],
    ["greedy(model.several)", "`several` cannot write text"],
    ["greedy(model.pooled)", "`pooled` cannot write text"],
    ["greedy(model.paired)", "`paired` cannot write text"],
    ["greedy(model.fixed)", "`fixed` cannot write text"],
  ])("refuses %s, whose function gives no logits of ids that grow", (text, title) => {
    expect(checked(text).diagnostics.map((one) => one.title)).toEqual([title]);
  });

  it("is what decoding is told", () => {
    expect(decodingOf("beam", { width: 5, max_length: 3 })).toEqual({ method: "beam", width: 5, lengthPenalty: 0.6 });
    expect(decodingOf("beam", {})).toEqual({ method: "beam", width: 4, lengthPenalty: 0.6 });
    expect(decodingOf("sample", { temperature: 0.8, top_k: 40 })).toEqual({ method: "sample", temperature: 0.8, topK: 40 });
    expect(decodingOf("greedy", { seed: 3 })).toEqual({ method: "greedy" });
  });
});
