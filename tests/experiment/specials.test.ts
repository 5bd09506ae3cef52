/** A tokenizer that comes with weights must have the special tokens that the data need, however they are spelt. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { trainWordPiece } from "../../runtime/text/index.ts";
import { prepare } from "../../src/experiment/prepare.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { FOREIGN } from "../text/foreign.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-specials-"));
afterAll(() => rmSync(folder, { recursive: true }));
const TEXT = "one sentence of words\nanother one follows it\nand a third is there\n";
writeFileSync(path.join(folder, "text.txt"), TEXT.repeat(8));
writeFileSync(path.join(folder, "input.txt"), TEXT.repeat(200));

const prepared = (family: string, recipe: string, tokenizer: string) => prepare({ source: valueOf(readModel(path.join(packageRoot, "examples", family, "model.tfm"))), recipe, folder, tokenizer });

it.each([
  ["ours", JSON.stringify(trainWordPiece(TEXT.split("\n"), 60))],
  ["BERT's", JSON.stringify(FOREIGN["BERT"]!())],
  ["RoBERTa's", JSON.stringify(FOREIGN["RoBERTa"]!())],
])("a mask is a mask: %s", async (_, tokenizer) => {
  const { batches, tokenizer: used } = await prepared("bert", "pretrain", tokenizer);
  const { fields, sizes } = batches(1)[0]!;
  const ids = Array.from(fields["ids"] as Int32Array), word = Array.from(fields["word"] as Int32Array);
  expect(ids[0]).toBe(used!.start);
  expect(ids).toContain(used!.end);
  // Each place knows where its word begins, at or before it.
  expect(word.every((start, at) => start <= at % sizes["T"]!)).toBe(true);
});

it("and where there is none, that is said", async () => {
  await expect(prepared("bert", "pretrain", JSON.stringify(FOREIGN["GPT-2"]!()))).rejects.toMatchObject({ failure: { code: "tokenizer-lacks-specials", message: expect.stringMatching(/has no <mask>, token of its own to fill up with/) as string } });
  await expect(prepared("gpt", "shakespeare", JSON.stringify(FOREIGN["GPT-2"]!()))).resolves.toMatchObject({ limit: 64 });
});
