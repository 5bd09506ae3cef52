/** Models that write, and whether they are told to look ahead: beside what the interpreter finds when the last token is another. */
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { sourceFile, spanText } from "../../grammar/source.ts";
import { draws } from "../../runtime/random/philox.ts";
import { library } from "../support/reference.ts";

const std = library();

/** `layers` are declared before the model, `members` within it; `body` makes x [B, T, d] of x. */
interface Case {
  readonly layers?: string;
  readonly members?: string;
  readonly body: string;
  /** `told`: it looks ahead and is told to; `missed`: it does and is not, as what it does is not understood; `right`: it does not. */
  readonly verdict: "told" | "missed" | "right";
}

const CASES: Readonly<Record<string, Case>> = {
  "attention to all": { members: "attend = Attention(d, 2)", body: "y = x + attend(x)", verdict: "told" },
  "causal attention": { members: "attend = Attention(d, 2, causal: true)", body: "y = x + attend(x)", verdict: "right" },
  "blocks of which one is open": { members: "one = EncoderLayer(d, 2, 8, causal: true); two = EncoderLayer(d, 2, 8)", body: "y = two(one(x))", verdict: "told" },
  "causal blocks": { members: "blocks = stack(2) EncoderLayer(d, 2, 8, causal: true)", body: "y = blocks(x)", verdict: "right" },
  "an open stack": { members: "blocks = stack(2) EncoderLayer(d, 2, 8)", body: "y = blocks(x)", verdict: "told" },
  "a causal window": { members: "attend = Attention(d, 2, causal: true, window: 2)", body: "y = attend(x)", verdict: "right" },
  "a window to both sides": { members: "attend = Attention(d, 2, window: 2)", body: "y = attend(x)", verdict: "missed" },
  "attention to all with slopes": { layers: "layer Slope { forward(h: index(2), t: int, s: int) -> real = -0.5 * (1 + h) * abs(t - s) }", members: "slope = Slope(); attend = Attention(d, 2, bias: slope)", body: "y = attend(x)", verdict: "told" },
  "attention where there is text": { members: "attend = Attention(d, 2)", body: "y = attend(x, keep: ids != 0)", verdict: "told" },
  "a mask of one's own": { body: "w[b,t,s] = softmax[s where s <= t] sum[i] x[b,t,i] * x[b,s,i]\n y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]", verdict: "right" },
  "a mask as a value": { body: "mask[t < T, s < T] = s <= t\n w[b,t,s] = softmax[s where mask[t,s]] sum[i] x[b,t,i] * x[b,s,i]\n y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]", verdict: "right" },
  "a mask by large numbers": { body: "score[b,t,s] = (sum[i] x[b,t,i] * x[b,s,i]) + (if s <= t then 0.0 else -1e9)\n w[b,t,s] = softmax[s] score[b,t,s]\n y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]", verdict: "right" },
  "a mask by zeros": { body: "y[b, t < T, i] = sum[s] (if s <= t then 1.0 else 0.0) * x[b,s,i]", verdict: "right" },
  "a mask of segments": { body: "y[b,t,i] = sum[s where ids[b,s] == ids[b,t]] x[b,s,i]", verdict: "told" },
  "the mean of all": { body: "m[b,i] = mean[t] x[b,t,i]\n y[b,t,i] = x[b,t,i] - m[b,i]", verdict: "told" },
  "the mean of those before": { body: "y[b, t < T, i] = mean[s where s <= t] x[b,s,i]", verdict: "right" },
  "the mean of one place": { members: "norm = LayerNorm(d)", body: "y = norm(x)", verdict: "right" },
  "the largest of all": { body: "m[b,i] = max[t] x[b,t,i]\n y[b,t,i] = x[b,t,i] * m[b,i]", verdict: "told" },
  "linear attention": { body: "kv[b,i,j] = sum[t] x[b,t,i] * x[b,t,j]\n y[b,t,j] = sum[i] x[b,t,i] * kv[b,i,j]", verdict: "told" },
  "the place before": { body: "y[b, t < T, i] = x[b, t - 1, i else 0] + x[b,t,i]", verdict: "right" },
  "the place after": { body: "y[b, t < T, i] = x[b, t + 1, i else 0] + x[b,t,i]", verdict: "told" },
  "there and back": { body: "z[b, t < T, i] = x[b, t - 1, i else 0]\n y[b, t < T, i] = z[b, t + 1, i else 0] + x[b,t,i]", verdict: "right" },
  "a convolution to both sides": { members: "param w: [3, d] ~ normal(1)", body: "y[b, t < T, i] = sum[k] x[b, t + k - 1, i else 0] * w[k,i]", verdict: "told" },
  "a causal convolution": { members: "param w: [3, d] ~ normal(1)", body: "y[b, t < T, i] = sum[k] x[b, t - k, i else 0] * w[k,i]", verdict: "right" },
  "a running state": { body: "start[b < B, i < d] = 0.0\n scan t < T with h = start {\n now[b,i] = x[b,t,i]\n h[b,i] = tanh(h[b,i] + now[b,i])\n y[b,t,i] = h[b,i]\n }", verdict: "right" },
  "the count of what is text": { body: "n[b] = sum[t where ids[b,t] != 0] 1.0\n y[b,t,i] = if 5.0 <= n[b] then x[b,t,i] else 0.0", verdict: "missed" },
  "what is read at a place that is counted": { body: "n[b, t < T] = ids[b,t] % T\n y[b,t,i] = x[b,n[b,t],i] + x[b,t,i]", verdict: "missed" },
  "a table by words": { members: "other = Embedding(vocab, d)", body: "y = x + other(ids)", verdict: "right" },
  "a mixture of experts": { members: "feed = MoE(d, ff: 8, experts: 3, k: 2)", body: "y, balance = feed(x)", verdict: "right" },
};

const sourceOf = ({ layers = "", members = "", body }: Omit<Case, "verdict">): string => `${layers}
model Writer(vocab, d = 8) {
  embed = Embedding(vocab, d); output = Linear(d, vocab)
  ${members}
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    x = embed(ids)
    ${body}
    return output(y)
  }
}
train write {
  tokenizer = characters(); data = text("input.txt", tokenizer: tokenizer, length: 8); model = Writer(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = AdamW(lr: 1e-3); batch = 2; steps = 2
  generate = greedy(model)
}
`;

const T = 5, VOCAB = 11;

describe.each(Object.entries(CASES))("%s", (_, one) => {
  const { model, diagnostics } = check(sourceFile("model.tfm", sourceOf(one)), { std, tokenizer: { size: VOCAB } });

  it(`is ${one.verdict}`, () => {
    expect(diagnostics.filter(({ severity }) => severity === "error").map(({ title }) => title)).toEqual([]);
    expect(diagnostics.map(({ code }) => code).filter((code) => code === "looks-ahead")).toEqual(one.verdict === "told" ? ["looks-ahead"] : []);
  });

  it(`${one.verdict === "right" ? "says the same" : "says something other"} of a place when a later token is another`, () => {
    const random = draws(9);
    const { graph } = model!.entries.find(({ name }) => name === "forward")!;
    const states = Object.fromEntries(model!.parameters.map(({ path, shape }) => [`parameter/${path}`, Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.4 * random.normal())]));
    const before = (last: number): readonly number[] => {
      const { outputs } = interpret(graph, { sizes: { B: 1, T }, inputs: { ids: [3, 9, 2, 3, last] }, states });
      return Array.from(Object.values(outputs)[0]!.data).slice(0, (T - 1) * VOCAB);
    };
    const [some, other] = [before(2), before(0)];
    const difference = Math.max(...some.map((value, at) => Math.abs(value - other[at]!)));
    if (one.verdict === "right") expect(difference).toBe(0);
    else expect(difference).toBeGreaterThan(1e-9);
  });
});

it("is told of the function that `generate` names, and of no other", () => {
  const of = (generate: string, functions: string): readonly string[] =>
    check(sourceFile("model.tfm", sourceOf({ body: "y = x" }).replace("generate = greedy(model)", generate).replace("forward(ids", `${functions}\n forward(ids`)), { std, tokenizer: { size: VOCAB } }).diagnostics.map(({ code }) => code);
  const open = "open(ids: index(vocab)[B, T]) -> [B, T, vocab] { x = embed(ids); m[b,i] = mean[t] x[b,t,i]; y[b,t,i] = x[b,t,i] + m[b,i]; return output(y) }";
  expect(of("generate = greedy(model)", open)).toEqual([]);
  expect(of("generate = greedy(model.open)", open)).toEqual(["looks-ahead"]);
  expect(of("", open)).toEqual([]);
});

it("is told with the line of the model's own function that does it", () => {
  const told = (body: string): readonly unknown[] => check(sourceFile("model.tfm", sourceOf({ body })), { std, tokenizer: { size: VOCAB } }).diagnostics.map(({ labels }) => labels[1] && [spanText(labels[1].span), labels[1].text]);
  expect(told(CASES["the place after"]!.body)).toEqual([["y[b, t < T, i] = x[b, t + 1, i else 0] + x[b,t,i]", "this takes later places"]]);
  expect(told(CASES["the mean of all"]!.body)).toEqual([["m[b,i] = mean[t] x[b,t,i]", "this takes later places"]]);
});

it("is told once the edit that it offers is made no more", () => {
  const text = sourceOf(CASES["an open stack"]!);
  const [warning] = check(sourceFile("model.tfm", text), { std, tokenizer: { size: VOCAB } }).diagnostics;
  const { span, replacement } = warning!.fix!.edit!;
  const mended = text.slice(0, span.start) + replacement + text.slice(span.end);
  expect(mended).toContain("EncoderLayer(d, 2, 8, causal: true)");
  expect(check(sourceFile("model.tfm", mended), { std, tokenizer: { size: VOCAB } }).diagnostics).toEqual([]);
});
