import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { describe, expect, it } from "vitest";
import { bytes, characters, loadTokenizer, MASK, trainBpe, trainUnigram, trainWordPiece } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { corpus } from "../../src/corpus/index.ts";
import { anythingLines } from "./lines.ts";
import { besidePort } from "./port.ts";

const phrases = corpus(0, { train: 2500, heldout: 0 }).train.flatMap(({ french, english }) => [french, english]);
const lines = [...phrases, ...anythingLines(5000, 11)];
/** Learnt from half of the lines, so that half hold what was never seen. */
const learnt = lines.filter((_, at) => at % 2 === 0);

/** Each scheme as a recipe may ask for it, with the specials of the sources that need some. */
const schemes: readonly (readonly [string, () => Tokenizer])[] = [
  ["characters", () => characters(learnt)],
  ["bytes", () => bytes({ specials: ["<extra_id_0>", "<extra_id_1>"] })],
  ["bpe of words", () => trainBpe(learnt, 1000)],
  ["bpe of bytes", () => trainBpe(learnt, 1000, { spacing: "kept", specials: ["<extra_id_0>"] })],
  ["wordpiece", () => trainWordPiece(learnt, 1000)],
  ["unigram", () => trainUnigram(learnt, 1000, { specials: [MASK] })],
];

describe.each(schemes)("%s", (_, train) => {
  const trained = train();
  const saved = JSON.stringify(trained, undefined, 2);
  const restored = loadTokenizer(saved);
  const huggingFace = new HuggingFace(JSON.parse(saved) as object, {});
  const beside = besidePort(trained);

  it("gives the same ids and the same text, trained, saved and read here, and by @huggingface/tokenizers, on 10,000 lines", () => {
    expect(lines.length).toBeGreaterThanOrEqual(10_000);
    const wrong: unknown[] = [];
    let compared = 0;
    for (const line of lines) {
      const ids = trained.encode(line);
      const { ours, theirs } = beside(line);
      if (JSON.stringify(ours) !== JSON.stringify(theirs) || JSON.stringify(ids) !== JSON.stringify(restored.encode(line))) wrong.push({ line, ours, theirs });
      // What is unknown is U+FFFD in our texts, and left out of theirs as every special token is.
      if (ids.includes(trained.unk)) continue;
      compared++;
      const framed = [trained.start, ...ids, trained.end, trained.pad];
      const [spelt, text] = [trained.decode(framed), huggingFace.decode(framed, { skip_special_tokens: true, clean_up_tokenization_spaces: false })];
      if (spelt !== text) wrong.push({ line, spelt, text });
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(wrong).toHaveLength(0);
    expect(compared).toBeGreaterThan(4000);
  });
});
