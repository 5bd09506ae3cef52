/** What people write who know PyTorch: what the message says of it, and what it says to write. */
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { FOREIGN_MEMBERS, FOREIGN_NAMES, FOREIGN_TYPES } from "../../compiler/check/foreign-names.ts";
import { BUILTINS } from "../../compiler/check/scope.ts";
import { COMPILE_KINDS, RUN_KINDS } from "../../compiler/check/kinds.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { parse, sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();
const MODEL = `model M(vocab, d = 8, deep = false) {
  embed = Embedding(vocab, d); up = Linear(d, 2 * d); down = Linear(2 * d, d)
  if deep { more = Linear(d, d) }
  param w: [d, d] ~ normal(0.02)

  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    x = down(gelu(up(embed(ids))))
    x[b,t,i] = sum[j] x[b,t,j] * w[j,i]
    return embed.logits(x)
  }
}
train base {
  tokenizer = bytes(); data = text("input.txt", tokenizer: tokenizer); model = M(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  optimizer = Adam(lr: 1e-3); batch = 8; steps = 30
}
`;
const FORWARD = "x = down(gelu(up(embed(ids))))";

function told(right: string, wrong: string): readonly Diagnostic[] {
  expect(MODEL).toContain(right);
  return check(sourceFile("model.tfm", MODEL.replace(right, wrong)), { std }).diagnostics;
}

test("what nothing here has is the name of nothing here", () => {
  const here = new Set([...std.flatMap((file) => parse(file).ast.tops.flatMap((top) => (top.kind === "use" ? [] : [top.name.text]))), ...BUILTINS]);
  expect([...FOREIGN_NAMES.keys()].filter((name) => here.has(name))).toEqual([]);
  expect([...FOREIGN_TYPES.keys()].filter((name) => [...COMPILE_KINDS, ...RUN_KINDS].includes(name))).toEqual([]);
});

test.each([
  [FORWARD, "x = matmul(embed(ids), w)", FOREIGN_NAMES.get("matmul")],
  [FORWARD, "x = embed(ids); y = rsqrt(x)", "write `1 / sqrt(x)`, or `x^-0.5`"],
  [FORWARD, "x = embed(ids).transpose(1, 2)", FOREIGN_MEMBERS.get("transpose")],
  ["down = Linear(2 * d, d)", "down = Linear(2 * d, d); drop = Dropout(0.1)", FOREIGN_NAMES.get("Dropout")],
  ["d = 8", "d = 8, p: float = 0.1", FOREIGN_TYPES.get("float")],
  ["d = 8", "d: int = 8", "write `size`"],
  [FORWARD, "x = down(GELU(up(embed(ids))))", FOREIGN_NAMES.get("GELU")],
  ["gelu(up", "GeLu(up", "did you mean `gelu`?"],
  ["vocab: tokenizer.size", "vocab: tokenizer.size, d: 16.0", "write `16`"],
  ["return embed.logits(x)", "y = embed.logits(x)", "end it with `return y`"],
  [FORWARD, "B = 2; x = down(gelu(up(embed(ids))))", "leave it out: the size is known by this name; a value of its own has a name in lower case"],
  ["return embed.logits(x)", "return embed.logits(x)[b,t,v]", "a whole tensor stands without brackets: `return y`; its elements in an equation: `z[b] = …`"],
  ["loss(ids, next)", "loss(ids)", "put it among the arguments: `loss(…, next)`"],
])("%s: %s", (right, wrong, fix) => {
  expect(told(right, wrong)[0]?.fix?.text).toBe(fix);
});

test.each([
  ["more.weight", "`more` has no value here"],
  ["late", "`late` has no value here"],
  ["never", "nothing is called `never`"],
])("a name that the layer or the function has elsewhere is not unknown: %s", (name, title) => {
  expect(told(FORWARD, `${FORWARD}; y = ${name}; late = y`).map((diagnostic) => diagnostic.title)).toEqual([title]);
});

test.each([
  ["x[b,t,i] = sum[j] x[b,t,j] * w[j,i]", "x[b,t,i] = x[b,t,j] * w[j,i]", ["the index `j` is not bound"]],
  ["forward(ids: index(vocab)[B, T])", "forward(ids)", ["`ids` must be below vocab", "`ids` is a size, as it is declared without a type"]],
])("%s: %s is told once", (right, wrong, titles) => {
  expect(told(right, wrong).map(({ title }) => title)).toEqual(titles);
});

test("a whole tensor in an equation is underlined itself", () => {
  const [first] = told("* w[j,i]", "* w[j,i] + w");
  expect(first?.title).toBe("an equation is of elements");
  expect(first && first.span.file.text.slice(first.span.start, first.span.end)).toBe("w");
});

test("where the layer was built whose argument does not fit", () => {
  const [first] = told("down = Linear(2 * d, d)", "down = Linear(d, 2 * d)");
  expect(first?.code).toBe("argument-size");
  expect(first?.notes[0]).toBe("`Linear(n: 8, m: 16)` was built at model.tfm:2:62");
});

test("members are listed where none is near", () => {
  expect(told("tokenizer.size", "tokenizer.vocabulary")[0]?.notes).toEqual(["there is `pad`, `start`, `end`, `unk`, `mask`, `specials` and `size`"]);
});

test.each([
  ["tokenizer = bytes()", "tokenizer = bytes", "it is called: `bytes(…)`"],
  ["optimizer = Adam(lr: 1e-3)", 'optimizer = "adam"', "it is called: `Adam(…)`"],
  ["batch = 8", 'batch = 8; metrics = "perplexity"', "it is named: `perplexity`"],
  ["batch = 8", "batch = 8; metrics = perplexity()", "it is named: `perplexity`"],
  ["batch = 8", "batch = 8; generate = greedy", "it is called: `greedy(model)`"],
  ["batch = 8", "batch = 8; generate = sample(temperature: 0.8)", "write `sample(model, …)`"],
  ["batch = 8", 'batch = 8; init_from = "runs/m"', "a run or a file is named on the command line: `--init-from runs/m`"],
  ["steps = 30", "steps = 3e1", "write `30`"],
  ["tokenizer = bytes(); ", "", "set it: `tokenizer = bpe(4000)`"],
  ["embed = Embedding(vocab, d)", "embed = Embedding(vocab, d); batch = 8", "`batch` is a setting of a recipe: it stands in `train`"],
  ["embed = Embedding(vocab, d)", "embed = Embedding(vocab, d); all2 = stack(2, Linear(d, d))", "write `stack(n) Block(d)`"],
  ["~ normal(0.02)", "~ normal(0, 0.02)", "the mean is 0: write the standard deviation alone"],
  ["~ normal(0.02)", "~ 0.02", "write `constant(0.02)`, or `normal(0.02)` for random ones"],
  ["~ normal(0.02)", "~ xavier", "call it: `xavier(…)`"],
  [FORWARD, `${FORWARD}; x[b,t,0] = 1`, "a single place is set by a condition: `y[b,i] = if i == 0 then … else …`"],
  [FORWARD, `${FORWARD}; u = uniform()`, "to draw write `draw u: [B, d] ~ uniform`"],
  [FORWARD, `${FORWARD}; z = zeros(B, d)`, "the axes are those of the `param` that begins so; as a value write an equation: `z[b < B, i < d] = 0.0`"],
  [FORWARD, `${FORWARD}; z[b,t,i] = x[b,t,i] * (x[b,t,i] > 0)`, "write `if … then 1 else 0`"],
  [FORWARD, `${FORWARD}; z[b,t,i] = x[b,t,i] * exp(x[b,t,i]) w[i,i]`, "for a product write `*`"],
])("%s: %s", (right, wrong, fix) => {
  expect(told(right, wrong)[0]?.fix?.text).toBe(fix);
});

test("an order of three axes in which each has one size is found", () => {
  const text = "fn f(x: [B, T, 4, 8], w: [4, 8, 5]) -> [B, T, 5] {\n  y[b,t,i] = sum[h,e] x[b,t,h,e] * w[i,h,e]\n  return y\n}\n";
  const { diagnostics } = check(sourceFile("model.tfm", text), { std });
  expect(diagnostics.map(({ fix }) => fix?.edit?.replacement)).toEqual(["w[h,e,i]"]);
});

test("names that a file declares which is not there are not unknown as well", () => {
  const text = 'use "block.tfm"\nmodel M(d = 8) {\n  blocks = stack(2) Block(d)\n  forward(x: [B, d]) -> [B, d] = blocks(x)\n}\n';
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code }) => code)).toEqual(["use-failed"]);
});
