/** Models that generate, each by another way of mixing the places of a row. */
import { check } from "../../compiler/check/check.ts";
import type { Entry } from "../../compiler/check/model.ts";
import { renderDiagnostic } from "../../grammar/diagnostic.ts";
import { sourceFile } from "../../grammar/source.ts";
import { library } from "./reference.ts";

const std = library();

/** A layer `Mix` between an embedding and the logits. */
function mixing(layer: string, { forward = "mix(embed(ids))", build = "mix = Mix(8)", generate = "generate = sample(model)" } = {}): string {
  return `${layer}
model Lm(vocab, length = 64) {
  embed = Embedding(vocab, 8)
  ${build}
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(${forward})
}
train plain {
  tokenizer = characters()
  data      = text("input.txt", tokenizer: tokenizer, length: 8)
  model     = Lm(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Adam(lr: 1e-3)
  batch = 4; steps = 10
  ${generate}
}
`;
}

/** Its function is that body, of `x: [B, T, 8]`. */
export function computing(body: string, members = ""): string {
  return mixing(`layer Mix(d) {\n${members}\n  forward(x: [B, T, d]) -> [B, T, d] {\n${body}\n    return y\n  }\n}`);
}

/** Of the library's layers. */
export function built(layer: string, more: Parameters<typeof mixing>[1] = {}): string {
  return mixing("", { build: `mix = ${layer}`, ...more });
}

/** Attention of one head, with what stands in its brackets, behind the scores, or afterwards. */
export function attending({ where = "", score = "", after = "", members = "" }): string {
  return computing(
    `    score[b,t,s] = ${score === "" ? "" : `${score} + `}(sum[i,j] x[b,t,i] * wq[i,j] * x[b,s,j])
    w[b,t,s]     = softmax[s${where === "" ? "" : ` where ${where}`}] score[b,t,s]
${after}
    y[b,t,i]     = x[b,t,i] + (sum[s] w[b,t,s] * x[b,s,i])`,
    `  param wq: [d, d] ~ xavier(d, d)\n${members}`,
  );
}

function translating(encoder: string, decoder: string, call = "decoder(embed(target), encoder(embed(source)))"): string {
  return `model Both(vocab) {
  embed   = Embedding(vocab, 8)
  encoder = ${encoder}
  decoder = ${decoder}
  forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab] = embed.logits(${call})
}
train translate {
  tokenizer = characters()
  data      = pairs("pairs.tsv", from: "fr", to: "en", tokenizer: tokenizer)
  model     = Both(vocab: tokenizer.size)
  loss(source, target, next) = cross_entropy(model(target, source), next)
  optimizer = Adam(lr: 1e-3)
  batch = 4; steps = 10
  generate  = greedy(model)
}
`;
}

const OWN_DECODER = (causal: string): string => `layer Decoder(d) {
  attend = Attention(d, 2${causal})
  cross  = Attention(d, 2)
  forward(x: [B, T, d], memory: [B, S, d]) -> [B, T, d] {
    x = x + attend(x)
    return x + cross(x, memory)
  }
}
`;

/** Whose logits of a place tell of the places behind it. */
export const AHEAD: Readonly<Record<string, string>> = {
  "attention without `causal`": built("Attention(8, 2)"),
  "a block without `causal`": built("EncoderLayer(8, 2, 16)"),
  "a stack of blocks": built("stack(3) EncoderLayer(8, 2, 16)"),
  "one of two blocks": built("EncoderLayer(8, 2, 16, causal: true)\n  other = EncoderLayer(8, 2, 16)", { forward: "other(mix(embed(ids)))" }),
  "attention of one's own": attending({}),
  "padding left out, later places not": mixing("", { build: "mix = Attention(8, 2)", forward: "mix(embed(ids), keep: ids != 0)" }),
  "a window to both sides": built("Attention(8, 2, window: 2)"),
  "a bias that is no mask, ALiBi": built("Attention(8, 2, bias: far)\n  far = Alibi(2)").replace(/(.*mix = .*)\n(.*far = .*)/, "$2\n$1"),
  "relative positions": mixing("", { build: "near = RelativeBias(2)\n  mix = Attention(8, 2, bias: near)" }),
  "turned queries": mixing("", { build: "turn = Rotary(4)\n  mix = Attention(8, 2, rotate: turn)" }),
  "one place too many": attending({ where: "s <= t + 1" }),
  "the wrong half": attending({ where: "s >= t" }),
  "a mask that is added, of the wrong half": attending({ score: "(if s < t then -1e9 else 0.0)" }),
  "whole chunks": attending({ where: "floor(s / 2) <= floor(t / 2)" }),
  "the next place": computing("    y[b, t < T, i] = x[b,t,i] + x[b, t + 1, i else 0]"),
  "a convolution to both sides": computing("    y[b, t < T, j] = sum[k,i] x[b, t + k - 1, i else 0] * w[k,i,j]", "  param w: [3, d, d] ~ xavier(d, d)"),
  "an LSTM both ways": mixing("", { build: "mix = Bidirectional(8, 4)", forward: "both(embed(ids))" }).replace("  forward(ids", "  both(x: [B, T, 8]) -> [B, T, 8] {\n    y, h, c = mix(x)\n    return y\n  }\n  forward(ids"),
  "a loop from the end": computing("    turned[b, s < T, i] = x[b, T - 1 - s, i]\n    empty[b < B, i < d] = 0.0\n    scan s < T with h = empty {\n      h[b,i] = 0.5 * h[b,i] + turned[b,s,i]\n      seen[b,s,i] = h[b,i]\n    }\n    y[b, t < T, i] = x[b,t,i] + seen[b, T - 1 - t, i]"),
  "the mean of a row": computing("    m[b,i] = mean[s] x[b,s,i]\n    y[b,t,i] = x[b,t,i] + m[b,i]"),
  "the largest of a row": computing("    m[b,i] = max[s] x[b,s,i]\n    y[b,t,i] = x[b,t,i] + m[b,i]"),
  "normed over the places": computing("    m[b,i] = mean[s] x[b,s,i]\n    v[b,i] = mean[s] (x[b,s,i] - m[b,i])^2\n    y[b,t,i] = (x[b,t,i] - m[b,i]) / sqrt(v[b,i] + 1e-5)"),
  "learned weights of places": computing("    require T <= 64\n    y[b, t < T, i] = x[b,t,i] + sum[s < T] mix[t,s] * x[b,s,i]", "  param mix: [64, 64] ~ xavier(64, 64)"),
  "linear attention": computing("    kv[b,i,j] = sum[s] exp(x[b,s,i]) * x[b,s,j]\n    y[b,t,j] = sum[i] exp(x[b,t,i]) * kv[b,i,j]"),
  "a loop of many times": computing("    h0[b,t,i] = x[b,t,i]\n    scan k < 100 with h = h0 {\n      m[b,i] = mean[s] h[b,s,i]\n      h[b,t,i] = 0.9 * h[b,t,i] + 0.1 * m[b,i]\n    }\n    y = h"),
  "a prefix sum from the end": computing("    y[b, t < T, i] = sum[s where s >= t] x[b,s,i]"),
  "a decoder of one's own": OWN_DECODER("") + translating("EncoderLayer(8, 2, 16)", "Decoder(8)"),
};

/** Whose logits of a place keep to it and those before. */
export const PAST: Readonly<Record<string, string>> = {
  "causal attention": built("Attention(8, 2, causal: true)"),
  "causal blocks": built("stack(3) EncoderLayer(8, 2, 16, causal: true)"),
  "causal attention of one's own": attending({ where: "s <= t" }),
  "and without padding": mixing("", { build: "mix = Attention(8, 2, causal: true)", forward: "mix(embed(ids), keep: ids != 0)" }),
  "a mask that is added": attending({ score: "(if s <= t then 0.0 else -1e9)" }),
  "a mask that is added as a table": computing("    mask[t < T, s < T] = if s > t then -10000.0 else 0.0\n    w[b,t,s] = softmax[s] (mask[t,s] + sum[i] x[b,t,i] * x[b,s,i])\n    y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]"),
  "a mask of bools": computing("    keep[t < T, s < T] = s <= t\n    w[b,t,s] = softmax[s where keep[t,s]] sum[i] x[b,t,i] * x[b,s,i]\n    y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]"),
  "a mask behind the softmax, and a new sum": attending({ after: "    w[b,t,s] = if s <= t then w[b,t,s] else 0.0\n    w[b,t,s] = w[b,t,s] / (sum[u] w[b,t,u])" }),
  "a mask that is multiplied": computing("    lower[t < T, s < T] = if s <= t then 1.0 else 0.0\n    e[b,t,s] = lower[t,s] * exp(sum[i] x[b,t,i] * x[b,s,i])\n    y[b,t,i] = (sum[s] e[b,t,s] * x[b,s,i]) / (sum[s] e[b,t,s])"),
  "the largest of all scores, which cancels": computing("    score[b,t,s] = sum[i] x[b,t,i] * x[b,s,i]\n    top[b,t] = max[s] score[b,t,s]\n    e[b,t,s] = if s <= t then exp(score[b,t,s] - top[b,t]) else 0.0\n    y[b,t,i] = (sum[s] e[b,t,s] * x[b,s,i]) / (sum[s] e[b,t,s])"),
  "the mean of all scores, which cancels": computing("    score[b,t,s] = sum[i] x[b,t,i] * x[b,s,i]\n    centre[b,t] = mean[s] score[b,t,s]\n    w[b,t,s] = softmax[s where s <= t] (score[b,t,s] - centre[b,t])\n    y[b,t,i] = sum[s] w[b,t,s] * x[b,s,i]"),
  "all less what is later": computing("    all_[b,i] = sum[s] x[b,s,i]\n    later[b, t < T, i] = sum[s where s > t] x[b,s,i]\n    y[b,t,i] = all_[b,i] - later[b,t,i]"),
  "a window of the past": built("Attention(8, 2, causal: true, window: 2)"),
  "ALiBi, causal": mixing("", { build: "far = Alibi(2)\n  mix = Attention(8, 2, causal: true, bias: far)" }),
  "relative positions, causal": mixing("", { build: "past = RelativeBias(2, both: false)\n  mix = Attention(8, 2, causal: true, bias: past)" }),
  "turned queries, causal": mixing("", { build: "turn = Rotary(4)\n  mix = Attention(8, 2, causal: true, rotate: turn)" }),
  "places of a chunk before, and of its own the past": attending({ where: "floor(s / 2) < floor(t / 2) or (floor(s / 2) == floor(t / 2) and s <= t)" }),
  "a prefix sum": computing("    turned[b,i, t < T] = x[b,t,i]\n    total = cumsum(turned)\n    y[b,t,i] = total[b,i,t]"),
  "a causal convolution": computing("    y[b, t < T, j] = sum[k,i] x[b, t - k, i else 0] * w[k,i,j]", "  param w: [3, d, d] ~ xavier(d, d)"),
  "an LSTM": mixing("", { build: "mix = Recurrent(8, 8)", forward: "there(embed(ids))" }).replace("  forward(ids", "  there(x: [B, T, 8]) -> [B, T, 8] {\n    y, h, c = mix(x)\n    return y\n  }\n  forward(ids"),
  "linear attention of the past": computing("    kv[b, t < T, i,j] = sum[s where s <= t] exp(x[b,s,i]) * x[b,s,j]\n    y[b,t,j] = sum[i] exp(x[b,t,i]) * kv[b,t,i,j]"),
  "learned weights of places, the past": computing("    require T <= 64\n    y[b, t < T, i] = x[b,t,i] + sum[s < T where s <= t] mix[t,s] * x[b,s,i]", "  param mix: [64, 64] ~ xavier(64, 64)"),
  "running statistics": mixing("", { build: "mix = BatchNorm(8)" }),
  "what does not reach the logits": computing("    m[b,i] = mean[s] x[b,s,i]\n    y[b,t,i] = x[b,t,i] + 0.0 * m[b,i]"),
  "a mixture of experts and its balance": mixing("", { build: "mix = MoE(8, 16, 4, 2)", forward: "routed(embed(ids))" }).replace("  forward(ids", "  routed(x: [B, T, 8]) -> [B, T, 8] {\n    y, balance = mix(x)\n    return y\n  }\n  forward(ids"),
  "the best two of the past": attending({ where: "s <= t and rank[b,t,s] < 2" }).replace("    w[b,t,s]  ", "    rank[b,t,s] = sum[u where u <= t and score[b,t,u] > score[b,t,s]] 1\n    w[b,t,s]  "),
  "the place to copy from": computing("    place[b, t < T] = argmax[s] (if s <= t then x[b,s,0] else -1e9)\n    y[b,t,i] = x[b,place[b,t],i]"),
  "an encoder, which may": translating("EncoderLayer(8, 2, 16)", "DecoderLayer(8, 2, 16)"),
  "a decoder of one's own, causal": OWN_DECODER(", causal: true") + translating("EncoderLayer(8, 2, 16)", "Decoder(8)"),
};

/** What `generate` names, as it is called from outside. */
export function generatingEntry(text: string): { readonly codes: readonly string[]; readonly entry: Entry } {
  const { model, diagnostics } = check(sourceFile("model.tfm", text), { std, vocab: 16 });
  const entry = model?.entries.find(({ name }) => name === model.recipe?.generate?.entry);
  if (!entry) throw new Error(`${text}\n${diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join("\n")}`);
  return { codes: diagnostics.map(({ code }) => code), entry };
}
