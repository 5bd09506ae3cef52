import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, characters, firstOfText, loadTokenizer, MASK, normalise, partsOf, trainBpe, trainUnigram, trainWordPiece, wordBeginnings } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { draws } from "../../runtime/random/philox.ts";
import { AWKWARD, anythingLines, madeUpLines } from "./lines.ts";
import { besidePort } from "./port.ts";

const training = madeUpLines(3000, 1);
const words = trainBpe(training, 300);

describe("trainBpe", () => {
  it("learns the merges that counting by hand gives", () => {
    // Pieces with ▁ for the space: ▁ab ×3, ▁abc ×2, ▁b ×1. Pairs: (a,b) 5, (▁,a) 5, (b,c) 2, (▁,b) 1. Alphabet by code point: a b c ▁, ids 4 to 7.
    // The tie goes to the smaller ids: ab = 8; then (▁,ab) 5: ▁ab = 9; then (▁ab,c) 2: ▁abc = 10; (▁,b) occurs once only, so no more.
    const tokenizer = trainBpe(["ab ab abc", "ab b abc"], 100);
    expect(tokenizer.toJSON().model.merges).toEqual([["a", "b"], ["▁", "ab"], ["▁ab", "c"]]);
    expect(tokenizer.toJSON().model.vocab).toEqual({ "<pad>": 0, "<start>": 1, "<end>": 2, "<unk>": 3, a: 4, b: 5, c: 6, "▁": 7, ab: 8, "▁ab": 9, "▁abc": 10 });
    expect(tokenizer.encode("abc b cab")).toEqual([10, 7, 5, 7, 6, 8]);
  });

  it("counts pairs that overlap themselves and words that contain a pair twice", () => {
    // ▁aaaa ×2: (a,a) counts 6, (▁,a) 2. aa: ▁ aa aa; then of (▁,aa) and (aa,aa), both 2, the one of smaller ids: a=4, ▁=5, aa=6.
    expect(trainBpe(["aaaa aaaa"], 100).toJSON().model.merges).toEqual([["a", "a"], ["▁", "aa"], ["▁aa", "aa"]]);
  });

  it("equals a plain trainer that counts everything anew for each merge", () => {
    const lines = madeUpLines(150, 2);
    expect(trainBpe(lines, 160).toJSON().model.merges).toEqual(plainMerges(lines, 160));
  });

  it("equals it on words of few letters, in which a pair overlaps itself and stands many times", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }), (lines) => {
      expect(trainBpe(lines, 40).toJSON().model.merges).toEqual(plainMerges(lines, 40));
    }), { numRuns: 300, seed: 3 });
  });

  it("learns from a word as long as a gene, and cuts it as @huggingface/tokenizers does", () => {
    const random = draws(11);
    const gene = (length: number): string => Array.from({ length }, () => "acgt"[random.below(4)]).join("");
    const tokenizer = trainBpe([gene(100_000)], 300);
    expect(tokenizer.size).toBe(300);
    const other = gene(2000);
    expect(tokenizer.encode(other)).toEqual(new HuggingFace(JSON.parse(JSON.stringify(tokenizer)) as object, {}).encode(other, { add_special_tokens: false }).ids);
    const long = gene(100_000);
    expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
  });

  it("depends on how often words occur, not on their order", () => {
    const shuffled = [...training].reverse();
    expect(JSON.stringify(trainBpe(shuffled, 300))).toBe(JSON.stringify(words));
  });

  it("fills the size exactly, or stays below when nothing occurs twice", () => {
    expect(words.size).toBe(300);
    expect(trainBpe(["abc"], 500).size).toBe(4 + 4);
    expect(trainBpe([], 10).size).toBe(4);
  });

  it("keeps the commonest characters where there are too many", () => {
    const tokenizer = trainBpe(["aaa bb c"], 4 + 3);
    expect(Object.keys(tokenizer.toJSON().model.vocab).slice(4)).toEqual(["a", "b", "▁"]);
    expect(tokenizer.decode(tokenizer.encode("abc"))).toBe("ab\uFFFD");
    expect(() => trainBpe(["a"], 4)).toThrow("A vocabulary of 4 has no room for text");
  });

  it("never joins across words, and numbers by at most two digits", () => {
    for (const [token] of Object.entries(words.toJSON().model.vocab).filter(([, id]) => id > words.unk)) {
      expect(token).toMatch(/^(▁?[\p{L}\p{M}]+|\p{Nd}{1,2}|▁?[^▁\p{L}\p{M}\p{Nd}]+|▁)$/u);
    }
  });
});

/** The algorithm as in Sennrich et al. 2016, figure 1, with the same tie-breaking. */
function plainMerges(lines: readonly string[], size: number): [string, string][] {
  const pieces = lines.flatMap((line) => `▁${normalise(line).replaceAll(" ", "▁")}`.match(/\p{Nd}{1,2}|▁?[\p{L}\p{M}]+|▁?[^▁\p{L}\p{M}\p{Nd}]+|▁/gu) ?? []);
  let split = pieces.map((piece) => Array.from(piece));
  const vocabulary = ["<pad>", "<start>", "<end>", "<unk>", ...[...new Set(split.flat())].sort()];
  const merges: [string, string][] = [];
  while (vocabulary.length < size) {
    const counts = new Map<string, { pair: [string, string]; count: number }>();
    for (const piece of split) {
      for (let i = 0; i + 1 < piece.length; i++) {
        const pair: [string, string] = [piece[i] as string, piece[i + 1] as string];
        const entry = counts.get(pair.join("\n")) ?? { pair, count: 0 };
        entry.count++;
        counts.set(pair.join("\n"), entry);
      }
    }
    const id = (token: string): number => vocabulary.indexOf(token);
    const best = [...counts.values()].sort((a, b) => b.count - a.count || id(a.pair[0]) - id(b.pair[0]) || id(a.pair[1]) - id(b.pair[1]))[0];
    if (best === undefined || best.count < 2) break;
    const [left, right] = best.pair;
    merges.push([left, right]);
    if (!vocabulary.includes(left + right)) vocabulary.push(left + right);
    split = split.map((piece) => {
      const joined: string[] = [];
      for (let i = 0; i < piece.length; i++) {
        const fits = piece[i] === left && piece[i + 1] === right;
        joined.push(fits ? left + right : (piece[i] as string));
        if (fits) i++;
      }
      return joined;
    });
  }
  return merges;
}

const bertPieces = trainWordPiece(training, 300);
const likely = trainUnigram(training, 300, { specials: [MASK] });
const tokenizers: readonly (readonly [string, Tokenizer])[] = [
  ["words", words], ["characters", characters(training)], ["bytes", bytes({ specials: [MASK] })],
  ["words in bytes", trainBpe(training, 400, { spacing: "kept" })], ["word pieces", bertPieces], ["likely pieces", likely],
];
/** Further lines in which everything occurs that text may hold. */
const anyLines = (count: number): readonly string[] => fc.sample(fc.string({ unit: "binary", maxLength: 30 }), { numRuns: count, seed: 7 });

describe.each(tokenizers)("the tokenizer of %s", (name, tokenizer) => {
  const huggingFace = new HuggingFace(JSON.parse(JSON.stringify(tokenizer)) as object, {});
  const beside = besidePort(tokenizer);
  const expectSame = (text: string): void => {
    const { ours, theirs } = beside(text);
    expect(ours).toEqual(theirs);
  };

  it("is read by @huggingface/tokenizers with the same ids", () => {
    for (const line of [...madeUpLines(500, 3), ...training.slice(0, 200), ...anyLines(300)]) expectSame(line);
  });

  it.each(AWKWARD)("and on %j", expectSame);

  it("and on any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), expectSame), { numRuns: 1000, seed: 1 });
  });

  it("decodes as @huggingface/tokenizers does", () => {
    for (const line of madeUpLines(300, 4)) {
      const ids = [tokenizer.start, ...tokenizer.encode(line), tokenizer.end, tokenizer.pad];
      expect(tokenizer.decode(ids)).toBe(huggingFace.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }));
    }
  });

  it("gives known text back as it normalises it", () => {
    for (const line of madeUpLines(2000, 5)) {
      if (tokenizer === bertPieces) {
        const plain = line.normalize("NFD").toLowerCase().replace(/\p{M}/gu, "");
        expect(tokenizer.decode(tokenizer.encode(line)).replaceAll(" ", "")).toBe(plain.replaceAll(" ", ""));
        continue;
      }
      const messy = `  ${line.replaceAll(" ", "\u00a0 ")} `;
      expect(tokenizer.decode(tokenizer.encode(line))).toBe(line);
      if (name === "words") expect(tokenizer.decode(tokenizer.encode(messy))).toBe(normalise(messy));
    }
  });

  it("gives a long text, part by part, the ids that it gives the whole", () => {
    for (let seed = 0; seed < 20; seed++) {
      const text = anythingLines(60, seed).join("\n");
      const parts = [...partsOf(text, 20)];
      expect(parts.length).toBeGreaterThanOrEqual(8);
      expect(parts.join("")).toBe(text);
      expect(parts.flatMap((part) => tokenizer.encode(part))).toEqual(tokenizer.encode(text));
    }
  });

  it("comes back from its JSON", () => {
    const loaded = loadTokenizer(JSON.stringify(tokenizer, undefined, 2));
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(tokenizer));
    for (const line of [...AWKWARD, ...madeUpLines(200, 6)]) expect(loaded.encode(line)).toEqual(tokenizer.encode(line));
  });

  it("has its special tokens first", () => {
    expect([tokenizer.pad, tokenizer.start, tokenizer.end, tokenizer.unk]).toEqual([0, 1, 2, 3]);
    const specials = [...tokenizer.specials.keys()];
    expect(tokenizer.encode(`${specials[0]}${specials[2]}`)).toEqual([0, 2]);
    expect(specials.map((_, id) => tokenizer.token(id))).toEqual(specials);
    expect(firstOfText(tokenizer)).toBe(specials.length);
    expect(tokenizer.decode([0, 1, 2])).toBe("");
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.encode("")).toEqual([]);
  });

  it.each([-1, 1e9, 0.5, NaN])("refuses to decode id %d", (id) => {
    expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: "token-outside-vocabulary" }));
  });

  it.each([[5, "5"], [undefined, "undefined"], [["a"], '["a"]']])("refuses to encode %j, which is no text", (value, form) => {
    expect(() => tokenizer.encode(value as unknown as string)).toThrow(expect.objectContaining({ code: "texts-type", message: `A tokenizer encodes a text; it was given ${form}.` }));
  });
});

describe("trainWordPiece", () => {
  it("joins what is likelier together than apart, as computed by hand", () => {
    // ab ×4, cb ×1, ac ×1: N = 12; n(a) 5, n(c) 1, n(##b) 5, n(##c) 1. Gains of pairs that occur twice: ab 4·log(4·12/25) = 2.61; then nothing.
    const { vocab } = trainWordPiece(["ab ab ab ab cb ac"], 100).toJSON().model;
    expect(vocab).toEqual({ "[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "[MASK]": 4, "##b": 5, "##c": 6, a: 7, c: 8, ab: 9 });
  });

  it("cuts words from the left at the longest token, and knows which begin a word", () => {
    const tokenizer = trainWordPiece(["abc abc abd abd ab"], 10);
    const spelt = (text: string): readonly string[] => tokenizer.encode(text).map((id) => tokenizer.token(id));
    expect(spelt("ABC, abd")).toEqual(["ab", "##c", "[UNK]", "ab", "##d"]);
    expect(tokenizer.encode("abc abd").map(wordBeginnings(tokenizer))).toEqual([true, false, true, false]);
    expect(spelt("x".repeat(101))).toEqual(["[UNK]"]);
    expect(tokenizer.decode(tokenizer.encode("abc abd"))).toBe("abc abd");
    expect(tokenizer.mask).toBe(4);
    expect(spelt("ab [MASK]")).toEqual(["ab", "[MASK]"]);
  });

  it("makes each capital small by itself, a sigma at the end of a word too", () => {
    const tokenizer = trainWordPiece(["ΌΣΟΣ ΌΣΟΣ"], 20);
    expect(tokenizer.encode("ΌΣΟΣ").map((id) => tokenizer.token(id))).toEqual(["οσοσ"]);
    expect(tokenizer.encode("οσοσ")).toEqual(tokenizer.encode("ΟΣΌΣ"));
    expect(tokenizer.encode("οσος").map((id) => tokenizer.token(id))).toEqual(["[UNK]"]);
  });

  it("finds the words of a language in few pieces", () => {
    expect(bertPieces.size).toBe(300);
    const pieces = bertPieces.encode("kilometres lundi mars").map((id) => bertPieces.token(id));
    expect(pieces).toEqual(["kilometres", "lundi", "mars"]);
  });
});

describe("trainUnigram", () => {
  it("gives the probabilities of a text of one word", () => {
    // Whatever else is tried, the likeliest cut of a text of one word is the word; its characters stay.
    const tokenizer = trainUnigram(Array.from({ length: 50 }, () => "abab"), 12);
    expect(tokenizer.encode("abab").map((id) => tokenizer.token(id))).toEqual(["▁abab"]);
    const { vocab } = tokenizer.toJSON().model;
    expect(vocab.map(([token]) => token)).toEqual(expect.arrayContaining(["a", "b", "▁"]));
    const scores = vocab.slice(4).map(([, score]) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.reduce((sum, score) => sum + Math.exp(score), 0)).toBeLessThanOrEqual(1);
  });

  it("is as large as asked for, keeps every character, and takes fewer pieces than characters by far", () => {
    expect(trainUnigram(training, 180).size).toBe(180);
    // There is no more to be had from so few words.
    expect(likely.size).toBeLessThanOrEqual(300);
    const alphabet = new Set(training.flatMap((line) => [...`▁${normalise(line).replaceAll(" ", "▁")}`]));
    for (const symbol of alphabet) expect(likely.encode(symbol)).not.toContain(likely.unk);
    const ids = training.reduce((sum, line) => sum + likely.encode(line).length, 0);
    const bpeIds = training.reduce((sum, line) => sum + words.encode(line).length, 0);
    expect(ids).toBeLessThan(1.1 * bpeIds);
  });

  it("depends on how often words occur, not on their order", () => {
    expect(JSON.stringify(trainUnigram([...training].reverse(), 300, { specials: [MASK] }))).toBe(JSON.stringify(likely));
    expect(JSON.stringify(trainWordPiece([...training].reverse(), 300))).toBe(JSON.stringify(bertPieces));
  });

  it("learns from a word of more characters than 16 bits count", () => {
    const random = draws(13);
    const gene = Array.from({ length: 11_000 }, () => ["gattac", "ccgatt", "tagcgc", "acgtta"][random.below(4)]).join("");
    expect(gene.length).toBeGreaterThan(2 ** 16);
    const tokenizer = trainUnigram([gene], 100);
    const scores = tokenizer.toJSON().model.vocab.slice(4).map(([, score]) => score);
    expect(scores.length).toBeGreaterThan(5);
    expect(scores.every((score) => Number.isFinite(score) && score < 0)).toBe(true);
    expect(tokenizer.decode(tokenizer.encode(gene))).toBe(gene);
  });

  it("fuses unknown characters of a piece, and has the mask that was asked for", () => {
    expect(likely.encode("漢字").filter((id) => id === likely.unk)).toHaveLength(1);
    // A word and the signs behind it are two pieces.
    expect(likely.encode("漢字。。").filter((id) => id === likely.unk)).toHaveLength(2);
    expect(likely.mask).toBe(4);
    expect(likely.encode(`a${MASK}`).at(-1)).toBe(4);
    expect(words.mask).toBeUndefined();
  });
});

describe("a text in which spaces count", () => {
  const tokenizer = trainBpe(["First Citizen:\nBefore we proceed any further, hear me speak.\n\n", ...training], 400, { spacing: "kept" });
  it.each(["First Citizen:\n\n  hear\tme  ", " a ", "\r\n", "naïve 漢字 😀"])("comes back as it was: %j", (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });
  it("takes for a space what Unicode does: a sign joins U+FEFF, and not U+0085", () => {
    const signs = trainBpe(["\u0085!", "\u0085!", "\ufeff!", "\ufeff!"], 300, { spacing: "kept" });
    const spelt = (text: string): readonly string[] => signs.encode(text).map((id) => signs.decode([id]));
    expect(spelt("\u0085!")).toEqual(["\u0085", "!"]);
    expect(spelt("\ufeff!")).toEqual(["\ufeff!"]);
  });
  it("has a token for each byte, and refuses a size that has no room for them", () => {
    expect(trainBpe(["ab ab"], 4 + 256, { spacing: "kept" }).size).toBe(260);
    expect(() => trainBpe(["ab ab"], 259, { spacing: "kept" })).toThrow(expect.objectContaining({
      code: "vocabulary-too-small", message: "A vocabulary of 259 has no room for the 256 bytes beside its 4 special tokens.", hint: expect.stringContaining("at least 260") as string,
    }));
    expect(() => trainBpe(["ab ab"], 260, { spacing: "kept", specials: [MASK] })).toThrow("beside its 5 special tokens");
  });
  it("learns words with the space before them", () => {
    expect(tokenizer.size).toBe(400);
    expect(Object.keys(tokenizer.toJSON().model.vocab)).toContain("Ġmars");
  });
});

describe("unknown characters", () => {
  it("are <unk> each, and U+FFFD in text", () => {
    const ids = words.encode("a 漢字");
    expect(ids.slice(-2)).toEqual([words.unk, words.unk]);
    expect(words.decode(ids)).toBe("a \uFFFD\uFFFD");
  });

  it("do not exist for bytes: any well-formed text comes back", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => text.includes("<") || bytes().decode(bytes().encode(text)) === text));
  });

  it("half of a character in bytes is U+FFFD", () => {
    const ids = bytes().encode("é");
    expect(bytes().decode(ids.slice(0, 1))).toBe("\uFFFD");
  });
});

describe("normalise", () => {
  it("makes spaces plain, apostrophes straight and composes", () => {
    expect(normalise("  12\u202f345\u00a0€ \t\n l\u2019e\u0301te\u0301 ")).toBe("12 345 € l'été");
  });

  it("changes nothing the second time, and leaves one kind of space", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      const once = normalise(text);
      expect(normalise(once)).toBe(once);
      expect(once).not.toMatch(/[^\S ]| {2}|^ | $|[‘’]/u);
    }), { numRuns: 1000 });
  });
});
