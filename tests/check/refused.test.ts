/** Mistakes of which a message is all that tells them: without it the function would be left out. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();

test.each([
  ["y[b,t] = sum[i] -x[b,t,i] * 2", "binder-misused"],
  ["y[b,t] = sum[i]", "binder-misused"],
  ["y[b,t] = (sum[i]) * x[b,t,0]", "binder-misused"],
  ["y[b,t] = max[i] + x[b,t,0]", "binder-misused"],
  ["y[b,t] = softmax[t] - x[b,t,0]", "binder-misused"],
  ["y[b,t] = sum[i] l[b,t,i]", "index-is-no-tensor"],
  ["y[b,t] = sum[i] x[b,i]", "rank-mismatch"],
  ["y[b,t] = sum[i] x[b,t,i,0] * w[i]", "rank-mismatch"],
])("%s", (equation, code) => {
  const text = `model M(d = 4) {\n  param w: [d] ~ zeros\n  l = Linear(d, d)\n  forward(x: [B, T, d]) -> [B, T] {\n    ${equation}\n    return y\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
});

test.each([
  ["y = Linear(d, d)(x)", "a function cannot build `Linear`"],
  ["y[b,i] = x[b,i] % 2", "`%` takes integers"],
  ["y[b,i] = if 2 divides n[b] then x[b,i] else 0", "`divides` takes sizes"],
])("%s: %s", (item, title) => {
  const text = `model M(d = 4) {\n  forward(x: [B, d], n: int[B]) -> [B, d] {\n    ${item}\n    return y\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => diagnostic.title)).toEqual([title]);
});

test.each(["T >= 2, 2 divides T", "2 divides T, T >= 2", "T >= 2 and 2 divides T"])("`require %s` makes room, in any order", (conditions) => {
  const text = `fn f(x: [B, T]) -> [B] {\n  require ${conditions}\n  y[b] = x[b,0] + x[b,1]\n  return y\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics).toEqual([]);
});

test("an input is not of a negative size", () => {
  expect(check(sourceFile("model.tfm", "model M(d = 4) {\n  forward(x: [B, d - 6]) -> [B, d - 6] = x\n}\n"), { std }).diagnostics.map(({ title }) => title)).toEqual(["`d - 6` is negative"]);
});

test.each([
  [2_000, []],
  [20_000, ["the file takes too much work to expand"]],
])("a chain of %i layers: %s", (layers, titles) => {
  const text = `model M(d = 8) {\n  l = Linear(d, d)\n  forward(x: [B, d]) -> [B, d] {\n    for i < ${layers} { x = tanh(l(x)) }\n    return x\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ title }) => title)).toEqual(titles);
});

test.each([
  ["y[b,i] = x[b,-1,i]", "positions count from 0 on; the last is `T - 1`"],
  ["y[b,i] = x[b,T - 1,i]", "require it: `require 1 <= T`; or fill what is outside: `x[b,T - 1,i else 0]`"],
  ["y[b,i] = x[b,0,i]", "require it: `require 1 <= T`; or fill what is outside: `x[b,0,i else 0]`"],
  ["y[b,i] = sum[t] x[b,t + 1,i]", "declare its range: `t < T`"],
  ["y[b,i] = sum[t < T] x[b,t + 1,i]", "fill what is outside: `x[b,t + 1,i else 0]`, or guard it with `if` or `where`, or `require` what makes it fit"],
  ["y[b,i] = x[b,0,i else 0]; for t < T { y = y + 1 }", "along an axis of what is fed go with a scan: `scan t < T with h = … { … }`"],
  ["y[b,i] = x[b,0,i else 0]; for i < layers { y = blocks[i](y) }", "write `for layer in blocks { x = layer(x) }`, or `blocks(x)` for all of them; one of them is given a name first: `first = blocks[0]`"],
  ["y[b,i] = if False then x[b,0,i else 0] else 0.0", "did you mean `false`?"],
])("%s: the fix", (item, fix) => {
  const text = `model M(d = 4, layers = 2) {\n  blocks = stack(layers) Linear(d, d)\n  forward(x: [B, T, d]) -> [B, d] {\n    ${item}\n    return y\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => diagnostic.fix?.text)).toEqual([fix]);
});

test.each([
  ["let half = d // heads", 1],
  ["let half = d //heads", 1],
  ["let half = (d + 1)// 2", 1],
  ["let half = d  // heads", 0],
  ["let half = d // of all heads", 0],
  ["let half = d // halves", 0],
  ["let half = 2 *\n  // heads\n  d", 0],
])("%s: warned of as a division %i times", (item, count) => {
  const text = `layer A(d, heads) {\n  ${item}\n  param w: [half, heads] ~ zeros\n  forward(x: [B, half]) -> [B, heads] {\n    y[b,j] = sum[i] x[b,i] * w[i,j]\n    return y\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code }) => code)).toEqual(Array.from({ length: count }, () => "comment-divides"));
});

test.each([
  ["lr = 3e-4", "the rate stands in `optimizer`"],
  ["batch_size = 8", "the examples of a step are `batch`"],
  ["epochs = 3", "how long is said in `steps`"],
])("a recipe's %s: the fix", (setting, fix) => {
  const { diagnostics } = check(sourceFile("model.tfm", `train t { ${setting} }\n`), { std });
  expect(diagnostics.find(({ code }) => code === "setting-unknown")?.fix?.text).toContain(fix);
});

describe("what a layer requires of its hyperparameters holds in all of its body", () => {
  const text = (body: string): string => `layer Split(d, heads, wide = false) {\n  ${body}\n  forward(x: [B, head]) -> [B, head] = x\n}\n`;
  const titles = (body: string): readonly string[] => check(sourceFile("model.tfm", text(body)), { std }).diagnostics.map(({ title }) => title);

  test.each([
    ["require heads divides d; let head = d / heads", []],
    ["let head = d / heads; require heads divides d", []],
    ["let head = d / heads", ["a size must divide exactly"]],
    // Of what is made below it stands where it stands.
    ["let half = d / heads; let head = half; require half <= 4", ["a size must divide exactly"]],
    ["if wide { let parts = heads } else { let parts = heads }; let head = d / heads; require parts divides d", ["a size must divide exactly"]],
  ])("%s", (body, expected) => {
    expect(titles(body)).toEqual(expected);
  });
});

describe("a position of no terms is none", () => {
  const codes = (body: string): readonly string[] => check(sourceFile("model.tfm", `model M(d = 4) {\n  forward(x: [B, T], id: index(d)[B, T], w: [d]) -> [B] {\n    ${body}\n    return y\n  }\n}\n`), { std }).diagnostics.map(({ code }) => code);

  test.each([
    ["best[b] = argmax[t] x[b,t]; y[b] = x[b,best[b]]", ["out-of-bounds"]],
    ["require T > 0; best[b] = argmax[t] x[b,t]; y[b] = x[b,best[b]]", []],
    ["best[b] = argmax[t] x[b,t]; y[b] = x[b,best[b] else 0]", []],
    ["best[b,s < T] = argmax[t] x[b,t]; y[b] = sum[s] x[b,best[b,s]]", []],
    ["most[b] = max[t] id[b,t]; y[b] = w[most[b]]", ["out-of-bounds"]],
    ["require T > 0; most[b] = max[t] id[b,t]; y[b] = w[most[b]]", []],
    ["require T > 0; most[b] = max[t where x[b,t] > 0] id[b,t]; y[b] = w[most[b]]", ["out-of-bounds"]],
  ])("%s", (body, expected) => {
    expect(codes(body)).toEqual(expected);
  });
});

test.each([
  ["length: 0", "length = 0, from `length: 0` (model.tfm:7)"],
  ["length: -1", "length = -1, from `length: -1` (model.tfm:7)"],
])("what a source of data requires is asked of the recipe: %s", (argument, note) => {
  const text = `model Lm(vocab, d = 8) {\n  embed = Embedding(vocab, d)\n  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))\n}\ntrain s {\n  tokenizer = characters()\n  data = text("a.txt", tokenizer: tokenizer, ${argument}); model = Lm(vocab: tokenizer.size)\n  loss(ids, next) = cross_entropy(model(ids), next)\n  optimizer = Adam(lr: 1e-2); batch = 4; steps = 10\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code, notes }) => [code, ...notes])).toEqual([["require-fails", note]]);
});

describe("an index is guarded by a comparison with a number that is known when compiling", () => {
  const codes = (condition: string, hyperparameter = "n = 5"): readonly string[] =>
    check(sourceFile("model.tfm", `layer M(${hyperparameter}) {\n  forward(low: [B, floor(n / 2)], high: [B, ceil(n / 2)]) -> [B, n] {\n    y[b,j < n] = if ${condition} then low[b,j] else high[b,n - 1 - j]\n    return y\n  }\n}\n`), { std }).diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);

  test.each([
    // Of five the first two are low: j <= 1.
    ["j < n / 2 - 0.5", []],
    ["j <= n / 2 - 1", []],
    ["j + 0.5 < n / 2", ["range-too-short", "out-of-bounds"]],
    ["j < 2", []],
    ["j < 2.5", ["range-too-short"]],
    ["j <= 1.5", []],
    ["j < n / 2", ["range-too-short"]],
    ["not (j >= n / 2 - 0.5)", []],
    ["n / 2 - 0.5 > j", []],
    ["j < 1", ["out-of-bounds"]],
  ])("%s", (condition, expected) => {
    expect(codes(condition)).toEqual(expected);
  });

  test("also of a hyperparameter that has no number yet, and of a size of the batch", () => {
    const half = (params: string, n: string): readonly string[] =>
      check(sourceFile("model.tfm", `layer M(${params}) {\n  forward(x: [B, ${n}], low: [B, ceil(${n} / 2)]) -> [B, ${n}] {\n    y[b,j < ${n}] = if j < ${n} / 2 then low[b,j] else x[b,j]\n    return y\n  }\n}\n`), { std }).diagnostics.map(({ code }) => code);
    expect(half("n", "n")).toEqual([]);
    expect(half("n = 4", "n")).toEqual([]);
    expect(half("d = 1", "T")).toEqual([]);
  });

  test.each([
    ["t < T / 2", "2*t", []],
    ["t < T / 2", "t*2", []],
    ["2*t < T", "t*2", []],
    ["T / 2 > t", "2*t", []],
    ["not (t >= T / 2)", "2*t", []],
    ["t >= T / 2", "2*t - T", []],
    ["t > T / 2", "T - t", []],
    ["t < (T - 1) / 2", "2*t + 1", []],
    ["3*t + 1 < T", "3*t + 1", []],
    // Of T = 1 the first is 0 < 0.5; of T = 2 the second is 1 <= 1.
    ["t < T / 2", "2*t + 1", ["out-of-bounds"]],
    ["t <= T / 2", "2*t", ["out-of-bounds"]],
    ["t < T / 3", "3*t + 1", ["out-of-bounds"]],
  ])("of half a batch's size: if %s then x[b, %s]", (condition, slot, expected) => {
    const text = `layer M(d = 1) {\n  forward(x: [B, T]) -> [B, T] {\n    y[b,t < T] = if ${condition} then x[b, ${slot}] else 0\n    return y\n  }\n}\n`;
    expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code }) => code)).toEqual(expected);
  });
});

// By itself a layer with a hyperparameter that has no default is checked once for all sizes.
test.each([[5, []], [4, ["result-size"]]])("layers of which each leaves out a place are all followed: T - %i", (less, codes) => {
  const text = `layer Cut(d) {
  inner = Linear(d, d)
  forward(x: [B, T, d]) -> [B, T - 1, d] {
    require T > 1
    y[b, t < T - 1, i] = inner(x)[b, t, i] + x[b, t + 1, i]
    return y
  }
}
layer Five(d) {
  cuts = stack(5) Cut(d)
  forward(x: [B, T, d]) -> [B, T - ${less}, d] {
    require T > 5
    for cut in cuts { x = cut(x) }
    return x
  }
}
`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code }) => code)).toEqual(codes);
});

test.each([
  ["a file", (block: string) => `${block}\nmodel M(d = 4) {\n  forward(x: [B, d]) -> [B, d] = x\n}\n`],
  ["a layer", (block: string) => `layer L(d) {\n  ${block}\n  forward(x: [B, d]) -> [B, d] = x\n}\nmodel M(d = 4) {\n  l = L(d)\n  forward(x: [B, d]) -> [B, d] = l(x)\n}\n`],
])("a `weights` block in %s is told, as nobody would follow it", (_, text) => {
  const { diagnostics } = check(sourceFile("model.tfm", text(`weights others { up.bias = "fc.bias" }`)), { std });
  expect(diagnostics.map(({ title, fix, notes }) => [title, fix, notes])).toEqual([["`weights` does not belong here", undefined, []]]);
});

test("a declaration in a recipe is told by its own word", () => {
  const text = "model M(d = 4) {\n  forward(x: [B, d]) -> [B, d] = x\n}\ntrain t {\n  weights others { up.bias = \"fc.bias\" }\n}\n";
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ title }) => title)).toContain("`weights` does not belong here");
});
