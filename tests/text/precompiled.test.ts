import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { precompiled } from "../../runtime/text/precompiled.ts";

/** Made by SentencePiece (reference/precompiled.py). */
const { charsmap, texts } = JSON.parse(readFileSync(new URL("reference/precompiled.json", import.meta.url), "utf8")) as { charsmap: string; texts: [text: string, normalised: string][] };

it.each(texts)("%j is normalised as by SentencePiece", (text, normalised) => {
  expect(precompiled(charsmap)(text)).toBe(normalised);
});

it("refuses a table that is none", () => {
  for (const broken of ["", "AAAA", charsmap.slice(0, 200), "!!!!", `${charsmap.slice(0, 9)}~${charsmap.slice(10)}`])
    expect(() => precompiled(broken)).toThrow(expect.objectContaining({ code: "tokenizer-damaged" }));
});

it("gives a text or an error of ours whatever the table holds", () => {
  for (let at = 0; at < charsmap.length - 2; at += 5) {
    const changed = `${charsmap.slice(0, at)}z${charsmap.slice(at + 1)}`;
    try {
      for (const [text] of texts) expect(precompiled(changed)(text)).toBeTypeOf("string");
    } catch (error) {
      expect(error).toHaveProperty("code", "tokenizer-damaged");
    }
  }
});
