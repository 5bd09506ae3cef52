import { expect, test } from "vitest";
import * as dims from "../../compiler/dim.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { checkedModel } from "../support/reference.ts";

const LINEAR = `model Line(d = 3, m = 2) {
  param w: [d, m] ~ uniform(-0.5, 0.5)
  param bias: [m] ~ zeros

  forward(x: [B, d]) -> [B, m] {
    y[b,o] = bias[o] + sum[i] x[b,i] * w[i,o]
    return y
  }
}
`;

/** Without the alignment of columns: what the graph says. */
function graphLines(text: string, entry = "forward", options = {}): string[] {
  const model = checkedModel("model.tfm", text, options);
  const graph = entry === "loss" ? model.recipe!.loss.graph : model.entries.find((candidate) => candidate.name === entry)!.graph;
  return printGraph(graph).trim().split("\n").map((line) => line.trim().replace(/\s+/g, " ").replace(/%\d+ /, ""));
}

test("a linear layer is a product and a map", () => {
  expect(graphLines(LINEAR)).toEqual([
    "graph forward {",
    "input x: f32[B, 3]",
    "parameter bias: f32[2]",
    "parameter w: f32[3, 2]",
    "y.sum[i0: B, i1: 2] = sum[i2: 3] x[i0, i2] * w[i2, i1]",
    "y[i0: B, i1: 2] = bias[i1] + y.sum[i0, i1]",
    "-> forward = y",
    "}",
  ]);
});

test("parameters have paths, numeric shapes and initialisers", () => {
  const { parameters } = checkedModel("model.tfm", LINEAR, { set: { d: "5" } });
  expect(parameters.map(({ path, shape, init }) => ({ path, shape, init }))).toEqual([
    { path: "w", shape: [5, 2], init: { kind: "uniform", low: -0.5, high: 0.5 } },
    { path: "bias", shape: [2], init: { kind: "constant", value: 0 } },
  ]);
});

test("entries say their inputs, sizes and what they require of a batch", () => {
  const model = checkedModel("model.tfm", `model Words(vocab = 7, length = 16) {
  param table: [length, vocab] ~ zeros

  forward(ids: index(vocab)[B, T], keep: bool[B, T]) -> [B, T] {
    require T <= length, T > 0
    y[b, t < T] = if keep[b,t] then table[t, ids[b,t]] else 0.0
    return y
  }
}
`);
  const [entry] = model.entries;
  expect(entry!.sizes).toEqual(["B", "T"]);
  expect(entry!.inputs.map(({ name, type, shape, range }) => [name, type, shape.map(dims.print).join(","), range && dims.print(range)])).toEqual([
    ["ids", "i32", "B,T", "7"],
    ["keep", "bool", "B,T", undefined],
  ]);
  expect(entry!.requires.map(({ text, test }) => [text, test.kind, dims.print(test.size)])).toEqual([
    ["T <= length", "nonnegative", "-T + 16"],
    ["T > 0", "nonnegative", "T - 1"],
  ]);
});

const RECIPE = `model Tiny(vocab, d = 4, p: rate = 0.5) {
  embed = Embedding(vocab, d)

  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(dropout(embed(ids), p))
}

train small {
  tokenizer = bpe(50)
  data  = text("input.txt", tokenizer: tokenizer, length: 9)
  model = Tiny(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next, keep: next != tokenizer.pad)
  optimizer = AdamW(lr: 2 * warmup(step, 10), decay: 0.1)
  undecayed = "*.table"
  batch = 8; steps = 100; clip = 1.0
}

train other like small {
  batch = 4; model.d = 6
}
`;

test("a recipe has its data, its settings and what the step alone decides", () => {
  const { recipe, parameters } = checkedModel("model.tfm", RECIPE, { set: { "recipe.steps": "7", p: "0.25" } });
  const { batch, steps, clip, seed, accumulate, tokenizer, data, optimizer } = recipe!;
  expect({ batch, steps, clip, seed, accumulate, tokenizer }).toEqual({ batch: 8, steps: 7, clip: 1, seed: 0, accumulate: 1, tokenizer: { kind: "bpe", size: 50, vocabulary: 50 } });
  expect(data.source).toBe("text");
  expect(data.arguments).toEqual({ path: "input.txt", length: 9, column: "text" });
  expect(optimizer.groups.map(({ name, paths }) => [name, ...paths])).toEqual([["decayed"], ["undecayed", "embed.table"]]);
  expect(optimizer.states).toEqual([{ name: "m", init: { kind: "constant", value: 0 } }, { name: "v", init: { kind: "constant", value: 0 } }]);
  expect(parameters.map(({ path, shape }) => [path, ...shape])).toEqual([["embed.table", 50, 4]]);
  // lr: 2 * min(1, step / 10)
  expect(optimizer.learningRate).toMatchObject({ kind: "apply", op: "mul", args: [{ value: 2 }, { op: "min", args: [{ value: 1 }, { op: "div" }] }] });
  expect(printGraph(optimizer.groups[0]!.graph)).toContain("host w.scalar = 2.0 * min(1.0, real(step) / 10.0) * 0.1\n");
  expect(printGraph(optimizer.groups[1]!.graph)).not.toContain("* 0.1\n");
});

test("a recipe like another takes over its settings, its model's hyperparameters changed one by one", () => {
  const { recipe, parameters } = checkedModel("model.tfm", RECIPE, { recipe: "other", vocab: 30 });
  expect([recipe!.name, recipe!.batch, recipe!.steps]).toEqual(["other", 4, 100]);
  expect(parameters[0]!.shape).toEqual([30, 6]);
});

test.each([
  ["for l < 3 { draw u: [B] ~ uniform; x[b] = x[b] + u[b] }", 3],
  ["draw u: [B] ~ uniform; x[b] = x[b] + u[b]; draw u: [B] ~ uniform; x[b] = x[b] + u[b]", 2],
  ["for l < 2 { draw u: [B] ~ normal(1); x[b] = x[b] + u[b] }", 4],
])("%s: each draw is at a site of its own", (items, count) => {
  const lines = graphLines(`model M() {\n  forward(x: [B]) -> [B] {\n    ${items}\n    return x\n  }\n}\n`);
  expect(new Set([...lines.join().matchAll(/draw#(\w+)/g)].map((match) => match[1])).size).toBe(count);
});

test("draws are in the loss and nowhere else, each call at a site of its own", () => {
  const model = checkedModel("model.tfm", RECIPE.replace("embed.logits(dropout(embed(ids), p))", "embed.logits(dropout(dropout(embed(ids), p), p))"));
  const sites = [...printGraph(model.recipe!.loss.graph).matchAll(/draw#(\w+)/g)].map((match) => match[1]);
  expect(sites.length).toBe(2);
  expect(new Set(sites).size).toBe(2);
  expect(printGraph(model.entries[0]!.graph)).not.toContain("draw");
  const wider = checkedModel("model.tfm", RECIPE.replace("embed.logits(dropout(embed(ids), p))", "embed.logits(dropout(dropout(embed(ids), p), p))"), { set: { d: "9" } });
  expect([...printGraph(wider.recipe!.loss.graph).matchAll(/draw#(\w+)/g)].map((match) => match[1])).toEqual(sites);
});

test("what depends on indices alone is a table, also through a function", () => {
  const lines = graphLines(`model Place(d = 4) {
  forward(x: [B, T, d]) -> [B, T, d] {
    y[b,t,i] = x[b,t,i] + sinusoid(t, i, d)
    return y
  }
}
`);
  expect(lines.filter((line) => line.startsWith("host"))).toEqual([
    "host y.table[i0: T, i1: 4] = if i1 % 2 == 0 then sin(real(i0) / 10000.0^(real(i1) / 4.0)) else cos(real(i0) / 10000.0^(real(i1 - 1) / 4.0))",
  ]);
  expect(lines).toContain("y[i0: B, i1: T, i2: 4] = x[i0, i1, i2] + y.table[i1, i2]");
});

test("a mask is read where it is used: no value has the rows of the scores", () => {
  const model = checkedModel("model.tfm", `model Attend(d = 8, heads = 2) {
  attend = Attention(d, heads, causal: true)

  forward(x: [B, T, d], keep: bool[B, T]) -> [B, T, d] = attend(x, keep: keep)
}
`);
  const masks = model.entries[0]!.graph.values.filter((value) => value.type === "bool" && value.kind === "equation");
  expect(masks.map((mask) => mask.shape.map(dims.print))).toEqual([["B", "T", "T"]]);
});

test("a stack's first argument runs through, the others go to each layer and are computed once", () => {
  const model = checkedModel("model.tfm", `model Deep(d = 8, layers = 3) {
  blocks = stack(layers) EncoderLayer(d, 2)

  forward(x: [B, T, d], ids: index(9)[B, T]) -> [B, T, d] = blocks(x, keep: ids != 0)
}
`);
  expect(model.entries[0]!.graph.values.filter((value) => value.type === "bool").map((value) => value.name)).toEqual(["blocks.keep"]);
  expect(model.root.children.map((child) => child.path)).toEqual(["blocks.0", "blocks.1", "blocks.2"]);
  expect(model.parameters.map(({ path }) => path).filter((path) => path.endsWith("wq"))).toEqual(["blocks.0.attend.wq", "blocks.1.attend.wq", "blocks.2.attend.wq"]);
});

test("naming an instance twice shares its parameters; a layer passed on keeps its path", () => {
  const model = checkedModel("model.tfm", `layer Tied(table: layer) {
  forward(x: [B, d_model]) -> [B, 5] = table.logits(x)
}
`.replace("d_model", "4") + `model Share(d = 4) {
  embed = Embedding(5, d)
  head  = Tied(embed)

  forward(ids: index(5)[B]) -> [B, 5] = head(embed(ids))
}
`);
  expect(model.parameters.map(({ path }) => path)).toEqual(["embed.table"]);
});

test("a function of scalars takes a parameter by its elements, as it takes any tensor", () => {
  const model = (value: string): string => `fn twice(x: real) -> real = 2 * x
model Case(d = 3) {
  param w: [d] ~ zeros
  state s: [d] ~ zeros
  forward(x: [B, d]) -> [B, d] {
    g = ${value}
    y[b,i] = x[b,i] * g[i]
    return y
  }
}`;
  expect(graphLines(model("twice(w) + twice(s)"))).toEqual(graphLines(model("2 * w + 2 * s")));
});
