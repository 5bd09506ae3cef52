import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { checkedModel, library } from "../support/reference.ts";

const SKETCHES = new URL("../grammar/sketches/", import.meta.url);
const use = (path: string): ReturnType<typeof sourceFile> => sourceFile(path, readFileSync(new URL(path, SKETCHES), "utf8"));

test("every layer and function of the library is right by itself, for all hyperparameters", () => {
  const { diagnostics } = check(sourceFile("empty.tfm", ""), { std: library(), library: true });
  expect(diagnostics.map((diagnostic) => renderDiagnostic(diagnostic))).toEqual([]);
});

// Each model with all its recipes, small enough to be quick; the graphs keep what graph.ts guarantees.
const MODELS: readonly (readonly [file: string, recipe: string, set?: Readonly<Record<string, string>>])[] = [
  ["translation.tfm", "translate"],
  ["translation.tfm", "translate", { pre: "true" }],
  ["gpt.tfm", "shakespeare"],
  ["llama.tfm", "shakespeare"],
  ["vit.tfm", "digits"],
  ["vit.tfm", "digits", { stem: "true", patch: "4", grid2d: "true", scale: "0.1" }],
  ["bert.tfm", "pretrain"],
  ["bert.tfm", "sentence"],
  ["bert.tfm", "tag"],
  ["bert.tfm", "span"],
  ["t5.tfm", "corrupt"],
  ["clip.tfm", "digits"],
  ["rnn.tfm", "dates"],
  ["rnn.tfm", "dates", { cell: "GruCell" }],
];

for (const [file, recipe, set = {}] of MODELS) {
  test(`${file}, ${recipe}${Object.entries(set).map(([name, value]) => `, ${name}=${value}`).join("")}`, () => {
    const model = checkedModel(file, use(file).text, { recipe, use, set: { ...(file === "rnn.tfm" ? {} : { layers: "2" }), ...set } });
    const { loss, metrics, optimizer } = model.recipe!;
    for (const graph of [...model.entries, loss, ...metrics].map((entry) => entry.graph)) expect(verify(graph)).toEqual([]);
    for (const { graph } of optimizer.groups) expect(verify(graph)).toEqual([]);
    expect(loss.outputs).toEqual([{ name: "loss", type: "f32", shape: [] }]);
    expect(new Set(model.parameters.map((parameter) => parameter.path)).size).toBe(model.parameters.length);
  });
}

test("a recipe has the parameters that its functions reach", () => {
  const paths = (recipe: string): string[] => checkedModel("bert.tfm", use("bert.tfm").text, { recipe, set: { layers: "1" } }).parameters.map((parameter) => parameter.path);
  expect(paths("tag")).toContain("tagger.weight");
  expect(paths("tag")).not.toContain("judge.weight");
  expect(paths("sentence")).toContain("judge.weight");
  expect(paths("sentence")).not.toContain("bias");
});

const recipeWith = (optimizer: string, data: string, fields: string, loss: string): string => `model Mean(d = 2) {
  param w: [d] ~ ones

  forward(x: [B, d]) -> real = mean[b,i] x[b,i] * w[i]
}

train one {
  tokenizer = bytes()
  data  = ${data}
  model = Mean()
  loss(${fields}) = ${loss}
  optimizer = ${optimizer}
  batch = 4; steps = 10
}
`;

for (const optimizer of ["Sgd(lr: 0.1)", "Sgd(lr: 0.1, momentum: 0.9, decay: 0.01)", "Adam(lr: 1e-3)", "Adam(lr: noam(step, 64, 100), decay: 0.1)", "AdamW(lr: 1e-3 * cosine(step, steps, low: 0.1))", "Lion(lr: 1e-4 * linear(step, steps), decay: 1)"]) {
  test(`${optimizer} reads and writes its states`, () => {
    const model = checkedModel("model.tfm", recipeWith(optimizer, 'images("digits", side: 2)', "image", "mean[b,r,c,k] image[b,r,c,k] * model.w[0]"));
    const { groups, states } = model.recipe!.optimizer;
    expect(groups.map(({ name }) => name)).toEqual(["decayed", "undecayed"]);
    for (const { graph } of groups) {
      expect(verify(graph)).toEqual([]);
      expect(graph.outputs.map((output) => output.state && `${output.state.kind} ${output.state.path}`)).toEqual(["parameter w", ...states.map((state) => `optimizer ${state.name}`)]);
      for (const value of graph.values) if (value.kind === "host-scalar") expect(value.shape).toEqual([]);
    }
  });
}

const SOURCES: readonly (readonly [source: string, fields: string])[] = [
  ['text("a.txt", tokenizer: tokenizer)', "ids, next"],
  ['pairs("a.tsv", from: "fr", to: "en", tokenizer: tokenizer)', "source, target, next"],
  ['corrupted("a.txt", tokenizer: tokenizer)', "source, target, next"],
  ['sentences("a.txt", tokenizer: tokenizer)', "ids, segment, word, follows"],
  ['labelled("a.tsv", first: "sentence", classes: 3, tokenizer: tokenizer)', "ids, segment, label"],
  ['tagged("a.tsv", tags: 9, tokenizer: tokenizer)', "ids, segment, tag, scored"],
  ['spans("a.tsv", tokenizer: tokenizer)', "ids, segment, first, last"],
  ['choices("a.tsv", choices: 3, tokenizer: tokenizer)', "ids, segment, label"],
  ['images("digits", classes: 5)', "image, label"],
  ['captions("digits", names: "names.txt", tokenizer: tokenizer)', "image, caption, label, prompts"],
];

for (const [source, fields] of SOURCES) {
  test(`${source.split("(")[0]} has the fields ${fields}`, () => {
    const model = checkedModel("model.tfm", recipeWith("Adam(lr: 1e-3)", source, fields, "model.w[0]"));
    expect(model.recipe!.loss.inputs.map((input) => input.name).join(", ")).toBe(fields);
    expect(model.recipe!.data.fields).toEqual(model.recipe!.loss.inputs);
    for (const input of model.recipe!.loss.inputs) expect(input.type === "i32").toBe(input.range !== undefined);
  });
}
