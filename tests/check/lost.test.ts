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

test("an item that could not be read is told once: what it names is not unknown, and what it returns not missing", () => {
  expect(told(`layer A(d) {
  param w: [d, d] = xavier(d, d)
  l = Linear(d, d, biased=false)
  forward(x: [B, T, d]) -> [B, d] {
    y[b,i] = x[b,0:,i]
    z, q[b,i] = f(y,, x)
    v[b,j] = sum[i] l(z)[b,i] * w[i,j]
    return v[:, 0]
  }
  other(x: [B, d]) -> [B, d] = forward(x)[0 1]
}
model M(vocab, d = 4) {
  a = A(d); embed = Embedding(vocab, d)
  forward(ids: index(vocab)[B, T]) -> [B, d] = a(embed(ids)) + a.other(embed(ids))
}
train t {
  tokenizer = characters(); data = text("input.txt", tokenizer: tokenizer)
  model = M(vocab: tokenizer.size); loss(ids, next) { return mean[b] log p[b,0] }
  optimizer = Adam(lr = 1e-3); batch = 8; steps = = 3
}
`)).toEqual([
    "model.tfm:2 missing-initialiser",
    "model.tfm:3 named-argument",
    "model.tfm:5 slice",
    "model.tfm:6 empty-place",
    "model.tfm:8 slice",
    "model.tfm:10 missing-operator",
    "model.tfm:18 missing-operator",
    "model.tfm:19 named-argument",
    "model.tfm:19 single-equals",
  ]);
});

const RECIPE = (body: string): string => `model M(vocab, d = 8) {
  embed = Embedding(vocab, d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))
}
train t {
  tokenizer = bytes(); data = text("input.txt", tokenizer: tokenizer); model = M(vocab: tokenizer.size)
  optimizer = Adam(lr: 1e-3 * linear(step, steps)); generate = greedy(model)
  ${body}
}
`;

test.each([
  ["loss(ids, next) = cross_entropy(model(ids), next); batch = 8", ["5 missing-setting"]],
  ["loss(ids, next) = cross_entropy(model(ids), next); batch = 8, steps = 30", ["8 comma-between-items"]],
  ["loss(ids, next) = cross_entropy(model(ids), next); batch: 8; steps: 30", ["8 unexpected", "8 unexpected"]],
  ["loss = cross_entropy(model(ids), next); batch = 8; steps = 30", ["8 setting-unknown"]],
  ["loss(ids, next) = if sharp then cross_entropy(model(ids), next) else 0; sharp = true; batch = 8; steps = 30", ["8 setting-unknown"]],
])("a setting that is missing or not read is told once, not wherever it is asked for: %s", (body, lines) => {
  expect(told(RECIPE(body))).toEqual(lines.map((line) => `model.tfm:${line}`));
});

test.each([
  ["forward(ids", "def forward(ids", ["3 foreign-word"]],
  ["forward(ids", "fn forward(ids", ["3 item-misplaced"]],
  ["-> [B, T, vocab] = embed.logits(embed(ids))", "-> [B, T, vocab] { embed.logits(embed(ids)) }", ["3 no-item"]],
  ["embed = Embedding(vocab, d)", "embed: Embedding(vocab)", ["2 misplaced-item"]],
  ["M(vocab, d = 8)", "M(vocab, d = 8", ["1 missing-bracket"]],
])("a function that could not be read is not missing: %s", (right, wrong, lines) => {
  const text = RECIPE("loss(ids, next) = cross_entropy(model(ids), next); batch = 8; steps = 30");
  expect(told(text.replace(right, wrong))).toEqual(lines.map((line) => `model.tfm:${line}`));
});
