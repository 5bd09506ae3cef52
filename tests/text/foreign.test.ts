import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstOfText, loadTokenizer } from "../../runtime/text/index.ts";
import type { HuggingFaceTokenizer } from "../../runtime/text/index.ts";
import { refusedOrRead } from "./damaged.ts";
import { FOREIGN } from "./foreign.ts";
import { AWKWARD, anythingLines, madeUpLines } from "./lines.ts";
import { besidePort } from "./port.ts";

const lines = [
  ...AWKWARD, ...madeUpLines(300, 3), ...anythingLines(1000, 5), ...fc.sample(fc.string({ unit: "binary", maxLength: 30 }), { numRuns: 300, seed: 7 }),
  "I'M here, I don't know, WE'LL see 'S\n\n  x", "<s> a</s>b", "<s><s> x", " a <mask> b", "<|endoftext|> <|im_start|>", "<|STARTOFTEXT|>", "[MASK]", "hello , world ! do not stop . it 's", "<file_sep>x",
  "漢字 中文x", "a\n\n\nb  c\t\td", "12345 1 22 333",
];

/** What each name is to us, by the spelling of the tokens. */
const ROLES: Readonly<Record<string, readonly [pad: string, start: string, end: string, unk: string, mask: string | undefined, firstOfText: number]>> = {
  "GPT-2": ["<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "<|endoftext|>", undefined, 0],
  RoBERTa: ["<pad>", "<s>", "</s>", "<unk>", "<mask>", 4],
  "Llama 3": ["<|end_of_text|>", "<|begin_of_text|>", "<|end_of_text|>", "<|end_of_text|>", undefined, 0],
  SmolLM: ["<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "<|endoftext|>", undefined, 3],
  "Llama 2": ["</s>", "<s>", "</s>", "<unk>", undefined, 3],
  CLIP: ["<|endoftext|>", "<|startoftext|>", "<|endoftext|>", "<|endoftext|>", undefined, 0],
  BERT: ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", 7],
  "BERT, cased": ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", 7],
  T5: ["<pad>", "<pad>", "</s>", "<unk>", undefined, 3],
};

describe.each(Object.keys(FOREIGN))("a tokenizer like that of %s", (name) => {
  const file = FOREIGN[name]!() as HuggingFaceTokenizer;
  const text = JSON.stringify(file);
  const tokenizer = loadTokenizer(text);

  it("gives the ids and the text that @huggingface/tokenizers gives", () => {
    const port = new HuggingFace(JSON.parse(text) as object, {});
    const beside = besidePort(tokenizer);
    const wrong: unknown[] = [];
    let decoded = 0;
    for (const line of lines) {
      const { ours, theirs } = beside(line);
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) wrong.push({ line, ours, theirs });
      // What is unknown is U+FFFD in our texts alone.
      if (ours.length === 0 || ours.includes(tokenizer.unk)) continue;
      decoded++;
      const [mine, other] = [tokenizer.decode(ours), port.decode([...ours], { skip_special_tokens: true, clean_up_tokenization_spaces: false })];
      if (mine !== other) wrong.push({ line, mine, other });
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(wrong).toHaveLength(0);
    expect(decoded).toBeGreaterThan(100);
  });

  it("is known by its special tokens", () => {
    const spelt = (id: number | undefined): string | undefined => (id === undefined ? undefined : tokenizer.token(id));
    expect([...[tokenizer.pad, tokenizer.start, tokenizer.end, tokenizer.unk, tokenizer.mask].map(spelt), firstOfText(tokenizer)]).toEqual(ROLES[name]);
  });

  it("is saved as it was", () => {
    expect(JSON.stringify(tokenizer)).toBe(text);
  });

  it("is refused with an error of ours where characters of it changed, or reads", () => {
    refusedOrRead(text, 150);
  });
});
