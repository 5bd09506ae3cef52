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
];

for (const [file, recipe, set = {}] of MODELS) {
  test(`${file}, ${recipe}${Object.entries(set).map(([name, value]) => `, ${name}=${value}`).join("")}`, () => {
    const model = checkedModel(file, use(file).text, { recipe, use, set: { layers: "2", ...set } });
    const { loss, metrics, optimizer } = model.recipe!;
    for (const graph of [...model.entries, loss, ...metrics].map((entry) => entry.graph)) expect(verify(graph)).toEqual([]);
    for (const graph of [optimizer.decayed, optimizer.undecayed]) expect(verify(graph)).toEqual([]);
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

for (const [file, what] of [["moe.tfm", "`topk`"], ["mae.tfm", "`argsort`"], ["rnn.tfm", "`scan`"]] as const) {
  test(`${file} is refused for ${what}, which cannot be translated yet`, () => {
    const { diagnostics } = check(use(file), { std: library(), use });
    expect(diagnostics.filter((diagnostic) => diagnostic.code === "unsupported").map((diagnostic) => diagnostic.title)).toContain(`${what} is not supported yet`);
  });
}
