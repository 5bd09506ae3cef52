/** Sources of data that a model's file declares itself: what a row of a table can hold, and what it cannot. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();

function specOf(head: string, fields: string, given = '"a.csv"') {
  const text = `data mine(${head}) { ${fields} }
model M(d = 2) { out = Linear(d, 2); forward(x: [N, d]) -> [N, 2] = out(x) }
train t {
  tokenizer = characters(); data = mine(${given}); model = M()
  loss() { x[n < 4, i < 2] = 1.0; y = model(x); return mean[n, c] y[n,c] }
  optimizer = Adam(lr: 1e-3); batch = 8; steps = 10
}
`;
  const { model, diagnostics } = check(sourceFile("model.tfm", text), { std });
  return { table: model?.recipe?.data.table, told: diagnostics.map(({ code, title }) => `${code}: ${title}`) };
}

describe("a declaration that a table can fill", () => {
  test.each([
    ["path: text", "x: [B, 4]; y: [B]; z: int[B, 2]; kind: index(3)[B]; even: bool[B]", '"a.csv"', []],
    ["path: text, n = 4", "x: [B, n]; y: [B, T, n]; place: index(T)[B]", '"a.csv", n: 3', []],
    ["path: text, tokenizer: tokenizer", "prompt: index(tokenizer.size)[B, S]; answer: index(tokenizer.size)[B, T]; margin: [B]", '"a.csv", tokenizer: tokenizer', ["prompt", "answer"]],
    ["path: text, letters: tokenizer", "word: index(letters.size)[B, T]; tag: index(4)[B]", '"a.csv", letters: tokenizer', ["word"]],
  ] as const)("%s: %s", (head, fields, given, texts) => {
    expect(specOf(head, fields, given)).toEqual({ table: { texts }, told: [] });
  });
});

describe("a declaration that no table can fill", () => {
  test.each([
    ["file: text", "x: [B]", "`mine` does not say which file it reads"],
    ["n = 3", "x: [B, n]", "`mine` does not say which file it reads", "n: 3"],
    ["path: text", "", "`mine` has no fields"],
    ["path: text", "x: [4]", "`x` has no axis of rows"],
    ["path: text", "x: [T, B]", "`x` has no axis of rows"],
    ["path: text", "y: [B]; x: [2 * B, 4]", "`x` has no axis of rows"],
    ["path: text", "x: [B, T]; y: [B, T + 1]", "the rows of `y` have `T + 1` numbers along an axis"],
    ["path: text", "x: [B, B]", "the rows of `x` have `B` numbers along an axis"],
    ["path: text, n = 0", "x: [B, n]", "the rows of `x` have `0` numbers along an axis"],
    ["path: text", "x: [B, H, W, 3]", "the rows of `x` say neither `H` nor `W`"],
    ["path: text, tokenizer: tokenizer", "ids: index(tokenizer.size)[B, T]; place: index(T)[B]", "a row of `place` cannot know `T`"],
    ["path: text", "x: [B, T]; place: index(2 * T)[B]", "a row of `place` cannot know `2*T`"],
    ["path: text, tokenizer: tokenizer", "ids: index(tokenizer.size)[B]", "`ids` is a text, which has as many tokens as it has"],
    ["path: text, tokenizer: tokenizer", "ids: index(tokenizer.size)[B, 16]", "`ids` is a text, which has as many tokens as it has"],
  ])("%s: %s", (head, fields, title, given = head.includes("tokenizer") ? '"a.csv", tokenizer: tokenizer' : '"a.csv"') => {
    expect(specOf(head, fields, given).told).toEqual([`data-column: ${title}`]);
  });
});
