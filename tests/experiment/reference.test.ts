import { expect, it } from "vitest";
import { bytes, characters, trainBpe, trainWordPiece } from "../../runtime/text/index.ts";
import { asWritten } from "../../src/experiment/translator.ts";

const lines = ["it’s  ok", "Hello World .", "canapé"];

it("an answer is compared with its target as the tokenizer writes it", () => {
  for (const text of lines) {
    expect(asWritten(characters(lines), text)).toBe(text);
    expect(asWritten(bytes(), text)).toBe(text);
  }
  // Spaces and apostrophes carry no meaning there; capitals and accents do not here.
  expect(lines.map((text) => asWritten(trainBpe(lines, 80), text))).toEqual(["it's ok", "Hello World .", "canapé"]);
  expect(lines.slice(1).map((text) => asWritten(trainWordPiece(lines, 80), text))).toEqual(["hello world .", "canape"]);
});

it("a target with what the tokenizer does not know is compared as it is, so that no unknown token counts as right", () => {
  expect(asWritten(trainBpe(lines, 80), "Hello Ж")).toBe("Hello Ж");
});
