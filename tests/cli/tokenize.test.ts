import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { trainBpe } from "../../runtime/text/index.ts";
import { drawn } from "../../src/commands/tokenize.ts";
import { tfmc } from "../support/tfmc.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-tokenize-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("draws pieces above their ids, as many on a line as fit", () => {
  const pieces = [["▁dans", "7"], ["a", "1234"], ["▁trois", "56"]] as const;
  expect(drawn(pieces, 80)).toEqual(["▁dans│a   │▁trois", "7    │1234│56    "]);
  expect(drawn(pieces, 12)).toEqual(["▁dans│a   ", "7    │1234", "▁trois", "56    "]);
  expect(drawn([], 80)).toEqual([]);
});

it("reads a tokenizer.json, and says what is wrong with another file", async () => {
  // Pieces ▁ab ×2, ▁b ×1: (▁,a) and (a,b) occur twice; the smaller ids win: a=4, b=5, ▁=6; a b → 7, ▁ ab → 8.
  writeFileSync(path.join(folder, "tokenizer.json"), JSON.stringify(trainBpe(["ab ab b"], 50)));
  const text = await tfmc(["tokenize", "tokenizer.json", "ab  b", "c"], { cwd: folder });
  expect(text).toMatchObject({ code: 0, stdout: "▁ab│▁│b\n8  │6│5\n\n▁│<unk>\n6│3    \n" });
  expect(text.stderr).toContain('3 tokens for 5 characters; decoded: "ab b"');
  const json = await tfmc(["tokenize", "tokenizer.json", "ab", "--json"], { cwd: folder });
  expect(JSON.parse(json.stdout)).toEqual({ text: "ab", ids: [8], pieces: ["▁ab"], decoded: "ab" });
  writeFileSync(path.join(folder, "bad.json"), "{");
  expect(await tfmc(["tokenize", "bad.json", "x"], { cwd: folder })).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[tokenizer-damaged]") as string });
  expect(await tfmc(["tokenize", "none.json", "x"], { cwd: folder })).toMatchObject({ code: 1, stderr: expect.stringContaining("error[file-missing]") as string });
});
