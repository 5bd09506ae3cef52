/** Mistakes of every day: what is said of them, once, and that what is like them and right passes. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { checkedModel, library } from "../support/reference.ts";

const std = library();

const told = (text: string): string[] => check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ title }) => title);

describe("types", () => {
  test.each([
    ["fn f(x: float[B]) -> real = sum[b] x[b]", "there is no type `float`"],
    ["fn f(x: [B], keep: boolean[B]) -> real = sum[b] x[b]", "there is no type `boolean`"],
    ["fn f(x: [B]) -> flaot[B] = x", "there is no type `flaot`"],
    ["fn f(x: [B]) -> flaot = sum[b] x[b]", "there is no type `flaot`"],
    ["fn f(x: size[B]) -> real = 1", "a `size` is known when compiling and has no axes"],
    ["model M() { forward(x: f32[B]) -> [B] = x }", "there is no type `f32`"],
  ])("%s", (text, title) => expect(told(text)).toEqual([title]));

  test("a function is one of a parameter", () => {
    const text = `layer L(d, act: fn, gate: fn = relu) {
  forward(x: [d]) -> [d] = act(gate(x))
}
model M() {
  l = L(2, act: exp)
  forward(x: [2]) -> [2] = l(x)
}
`;
    const { outputs } = interpret(checkedModel("model.tfm", text).entries[0]!.graph, { sizes: {}, inputs: { x: [-1, 1] } });
    expect([...Object.values(outputs)[0]!.data]).toEqual([1, Math.E]);
  });

  test("a kind that follows from a default is told with the way to another", () => {
    const { diagnostics } = check(sourceFile("model.tfm", "layer L(d, p = 0) { param w: [d] ~ zeros }\nmodel M() { l = L(4, p: 0.5); forward(x: [B]) -> [B] = x }"), { std });
    expect(diagnostics.map(({ notes }) => notes)).toEqual([["for fractions declare it `p: number`, or with a default that is no whole number, such as `0.0`"]]);
  });
});

describe("nothing hides a built-in name or what its file declares", () => {
  test.each([
    ["fn f(sum: real) -> real = sum", "`sum` is a built-in name"],
    ["fn f(x: [N]) -> real = sum[pi] x[pi]", "`pi` is a built-in name"],
    ["layer L(none) { param w: [none] ~ zeros }", "`none` is a built-in name"],
    ["fn g(x: real) -> real = x\nfn f(g: real) -> real = g", "`g` is already a name of this file"],
    ["fn g(x: real) -> real = x\nfn f(x: [N]) -> real = sum[g] x[g]", "`g` is already a name of this file"],
  ])("%s", (text, title) => expect(told(text)).toEqual([title]));

  test("but recipes, and a library's names, are free", () => {
    expect(told("fn f(x: [N], correct: [N]) -> real = sum[t] x[t] * correct[t]\n")).toEqual([]);
  });
});

describe("one message for one mistake", () => {
  test.each([
    ["layer L(d) { forward(x: [d]) -> [d] { param w: [d] ~ zeros; return x + w } }", "`param` does not belong here"],
    ["layer L(d) { draw u: [d] ~ uniform; forward(x: [d]) -> [d] = x + u }", "`draw` does not belong here"],
    ["fn f(x: [N]) -> [N] { x += 1; return x }", "there is no `+=` in this language"],
    ["fn f(x: [N]) -> [N] { x -= 2 * x; return x }", "there is no `-=` in this language"],
    ["model M(n = 2) { for l < n { e = Linear(3, 3) }; forward(x: [B, 3]) -> [B, 3] = x }", "`e` is defined in each round of a loop"],
    ["model M(d = 3) { if training { param w: [d] ~ zeros }; forward(x: [d]) -> [d] = x + w }", "a layer is built once, for training and for use"],
    ["model M(d = 3) { l = Attention(d, 1, causal: training); forward(x: [B, T, d]) -> [B, T, d] = l(x) }", "a layer is built once, for training and for use"],
    ["model M(d = 3) { let n = if training then 2 else 3; param w: [n] ~ zeros; forward(x: [d]) -> [d] = x }", "a layer is built once, for training and for use"],
    ["model M() { e = Linear; forward(x: [B, 3]) -> [B, 3] = e(x) }", "`e` names `Linear`, of which no layer is built yet"],
    ["fn f(2x: [N]) -> [N] = 2x + 2x", "`2x` is no name"],
    ["model M(d = 3) { 2up = Linear(d, d); forward(x: [B, d]) -> [B, d] = 2up(x) }", "`2up` is no name"],
    ["fn f(x: [N]) -> [N] { y = 2x; return y }", "`2x` is no number"],
    ["fn f(x: [N]) -> [N] { y[i < N] = x[2i else 0]; return y }", "`2i` is no number"],
    ["fn f(x: [..., N, ...]) -> real = sum[...] x[...]", "`...` stands once in a type"],
    ["fn f(x: [...]) -> [..., ...] { y[...] = x[...]; return y }\nmodel M(d = 3) { forward(x: [B, d]) -> [B, d] = f(x) }", "`...` stands once in a type"],
    ["model M(d = 3) { forward(x: [B, d]) -> [B, d] = f(x) }\nfn f(x: [..., ...]) -> [...] = x", "`...` stands once in a type"],
    ["model M(d = 4) { forward(x: [B, d]) -> [B, d] { y[b,i] = x; return y } }", "an equation is of elements"],
    ["model M(d = 4) { forward(x: [B, d]) -> [B, d] { y[b,i] = 2 * x + 1; return y } }", "an equation is of elements"],
    ["model M(d = 4) { forward(x: [B, d]) -> [B, d] { y[b,i] = 0; return y } }", "how far do `b` and `i` go?"],
    ["fn f(x: [N]) -> [N] { for i < 4 { x = 2 * x } return x }", "two items on one line need a `;` between them"],
    ["fn even(x: real) -> real = odd(x - 1)\nfn odd(x: real) -> real = even(x - 1)", "`even` would contain itself"],
    ["fn fib(x: real) -> real = fib(x - 1) + fib(x - 2)", "`fib` would contain itself"],
    ["layer A(d) { b = B(d); forward(x: [d]) -> [d] = b(x) }\nlayer B(d) { a = A(d); forward(x: [d]) -> [d] = a(x) }", "`A` would contain itself"],
  ])("%s", (text, title) => expect(told(text)).toEqual([title]));

  test("a circle is told with what it goes through", () => {
    const { diagnostics } = check(sourceFile("model.tfm", "fn a(x: real) -> real = b(x)\nfn b(x: real) -> real = c(x)\nfn c(x: real) -> real = a(x)"), { std });
    expect(diagnostics.map(({ notes }) => notes[0])).toEqual(["by way of `b` and `c`"]);
  });

  test("a layer that is not built is told once, where it is given", () => {
    const argument = "rotate: Rotary";
    const text = `model M(d = 8) {\n  a = Attention(8, 2, ${argument})\n  forward(x: [B, T, d]) -> [B, T, d] = a(x)\n}\n`;
    const { diagnostics } = check(sourceFile("model.tfm", text), { std });
    expect(diagnostics.map(({ code, span, fix }) => [code, span.file.path, text.slice(span.start, span.end), fix?.text])).toEqual([["unnamed-layer", "model.tfm", argument, "build it: `rotate: Rotary(…)`"]]);
  });
});

describe("sizes that are none", () => {
  test.each([
    ["0.5 * n", "round it: `floor(0.5 * n)`"],
    ["2^n", "give the hyperparameters in it a default, which makes them numbers"],
  ])("%s", (size, fix) => {
    const { diagnostics } = check(sourceFile("model.tfm", `layer L(n) { param w: [${size}] ~ zeros }`), { std });
    expect(diagnostics.map((diagnostic) => diagnostic.fix?.text)).toEqual([fix]);
  });

  test.each(["n = 3", "n"])("are some where they can be known: %s", (n) => {
    const size = n === "n" ? "floor(0.5 * n) + 1" : "2^n";
    expect(told(`layer L(${n}) { param w: [${size}] ~ zeros }`)).toEqual([]);
  });
});

describe("what the library is given", () => {
  test.each([
    ["fn f(x: [N], p: real) -> [N] = dropout(x, p)", "`p` is a rate, not a real"],
    ["model M() { forward(x: [N], p: real) -> [N] = dropout(x, p) }", "`p` is a rate, not a real"],
    ["model M() { l = Attention(8, 2, window: -1); forward(x: [B, T, 8]) -> [B, T, 8] = l(x) }", "a requirement does not hold"],
    ["layer L(d) { l = Linear(d, d, init: zeros) }", "`init` is a function, not an initialiser"],
    ["layer L(d) { l = Linear(d, d, init: normal(0.02)) }", "`init` is a function, not an initialiser"],
    ["fn mine(inputs: size, outputs: size, gain = 1.0) -> init = zeros\nlayer L(d) { l = Linear(d, d, init: mine) }", undefined],
    ["layer L(d) { param w: [d] ~ 0 }", "an initialiser is wanted here: zeros, ones, constant(c), uniform(low, high), normal(std)"],
  ])("%s", (text, title) => expect(told(text)).toEqual(title === undefined ? [] : [title]));

  test("may depend on hyperparameters that are not known yet", () => {
    expect(told("layer L(d, l) { forward(x: [d]) -> [d] = dropout(x, 1 / (l + 1)) }")).toEqual([]);
  });
});

describe("positions in what may be empty", () => {
  test.each([
    ["fn f(x: [B, N], w: [N]) -> [B] { y[b] = w[argmax[i] x[b,i]]; return y }", "of nothing it is outside, so require it: `require N > 0`; or fill what is outside: `w[argmax[i] x[b,i] else 0]`"],
    ["fn f(x: [B, N], w: [N]) -> [B] { at[b] = argmin[i] x[b,i]; y[b] = w[at[b]]; return y }", "of nothing it is outside, so require it: `require N > 0`; or fill what is outside: `w[at[b] else 0]`"],
    ["fn f(x: [B, N]) -> index(N)[B] { y[b] = argmax[i] x[b,i]; return y }", "of nothing it is outside, so require it: `require N > 0`"],
    ["fn row(w: [M], at: index(M)[B]) -> [B] { y[b] = w[at[b]]; return y }\nfn f(x: [B, N], w: [N]) -> [B] { at[b] = argmax[i] x[b,i]; return row(w, at) }", "of nothing it is outside, so require it: `require N > 0`"],
  ])("%s", (text, fix) => {
    const wrong = check(sourceFile("model.tfm", text), { std }).diagnostics;
    expect(wrong.map((diagnostic) => diagnostic.fix?.text)).toEqual([fix]);
    // What it says helps.
    expect(told(text.replace(/\{(?=[^{]*$)/, "{ require N > 0;"))).toEqual([]);
  });
});

describe("a comparison in a binder", () => {
  test.each([
    ["any[i] x[b,i] > 0", "a comparison stands in parentheses: `any[i] (x[b,i] > …)`"],
    ["all[i where i > 0] x[b,i]==0", "a comparison stands in parentheses: `all[i where i > 0] (x[b,i] == …)`"],
    ["not any[i] x[b,i]", "a comparison stands in parentheses: `any[i] (x[b,i] > …)`"],
  ])("%s", (value, fix) => {
    const { diagnostics } = check(sourceFile("model.tfm", `fn f(x: [B, N]) -> bool[B] { y[b] = ${value}; return y }`), { std });
    expect(diagnostics.map(({ code, fix: found }) => [code, found?.text])).toEqual([["wrong-kind", fix]]);
  });
});

describe("a recipe's setting without its `=`", () => {
  const recipe = [`tokenizer = characters()`, `data = text("a.txt", tokenizer: tokenizer)`, "model = M(vocab: tokenizer.size)", "optimizer = Sgd(lr: 0.1)", "batch = 4", "steps = 10"];
  test.each(recipe)("%s", (setting) => {
    const settings = recipe.map((one) => (one === setting ? one.replace(" =", "") : one));
    const text = `model M(vocab, d = 8) {\n  e = Embedding(vocab, d)\n  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = e.logits(e(ids))\n}\ntrain t {\n  ${settings.join("\n  ")}\n  loss(ids, next) = cross_entropy(model(ids), next)\n}\n`;
    expect(told(text)).toEqual([`\`=\` is missing after \`${setting.split(" ")[0]!}\``]);
  });
});

describe("ids that are too large for a table", () => {
  const fixes = (model: string, embedding: string): (string | undefined)[] => {
    const text = `model Net(d = 8, vocab = 50) {
  embed = Embedding(${embedding}, d)
  forward(ids: index(vocab)[B, T]) -> [B, T, ${embedding}] = embed.logits(embed(ids))
}
train t {
  tokenizer = bpe(400); data = text("a.txt", tokenizer: tokenizer); model = ${model}
  loss(ids) = mean[b,t] model(ids)[b,t,0]
  optimizer = Sgd(lr: 0.1); batch = 4; steps = 10
}
`;
    return check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code, fix }) => (code === "index-range" ? fix?.text : code));
  };

  test("are the tokenizer's, whose size the model is given", () => {
    expect(fixes("Net()", "vocab")).toEqual(["these are the tokenizer's ids: build `Net` with `vocab: tokenizer.size`"]);
    expect(fixes("Net(vocab: 60)", "vocab")).toEqual(["these are the tokenizer's ids: build `Net` with `vocab: tokenizer.size`"]);
    expect(fixes("Net(vocab: tokenizer.size)", "vocab")).toEqual([]);
  });

  test("need a larger one within the model", () => {
    expect(fixes("Net(vocab: tokenizer.size)", "30")).toEqual(["build `Embedding` with a `vocab` of at least 400"]);
  });
});

describe("windows of a text that the model can never take", () => {
  const found = (length: string, phases = "", set: Readonly<Record<string, string>> = {}): (string | undefined)[][] => {
    const text = `model Net(vocab, d = 8, most = 6) {
  embed = Embedding(vocab, d); place = Learned(most, d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(place(embed(ids)))
}
train t {
  tokenizer = bpe(400); data = text("a.txt", tokenizer: tokenizer${length}); model = Net(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Sgd(lr: 0.1); batch = 4; steps = 10${phases}
}
`;
    return check(sourceFile("model.tfm", text), { std, set }).diagnostics.map(({ title, fix }) => [title, fix?.text]);
  };

  test.each([
    [", length: 8", "", "the data give windows of 8 tokens, and the model takes 6", "write `length: 6`, or let the model take more"],
    ["", "", "the data give windows of 256 tokens, and the model takes 6", "add `length: 6`, or let the model take more"],
    [", length: 6", "; phases = until(0.5, length: 7)", "the data give windows of 7 tokens, and the model takes 6", "write `length: 6`, or let the model take more"],
  ])("text(…%s)%s", (length, phases, title, fix) => expect(found(length, phases)).toEqual([[title, fix]]));

  test("but not of a model at other sizes than the file's, which may only be looked at", () => expect(found(", length: 6", "", { most: "4" })).toEqual([]));

  test("and those that it takes", () => expect(found(", length: 6", "; phases = until(0.5, length: 5)")).toEqual([]));
});
