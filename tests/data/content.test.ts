import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captionExamples, corruptedExamples, imageExamples, labelledExamples, microBatches, segments, sentenceExamples, spanExamples, splitText, taggedExamples, textExamples } from "../../runtime/data/index.ts";
import type { Batch, EncodedExamples, Examples } from "../../runtime/data/index.ts";
import { bytes, characters, MASK, trainWordPiece } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";

const field = (batch: Batch, name: string): readonly (readonly number[])[] => {
  const values = [...(batch.fields[name] as Int32Array)], B = batch.sizes["B"] as number, width = values.length / B;
  return Array.from({ length: B }, (_, b) => values.slice(b * width, (b + 1) * width));
};
const encode = (examples: Examples, tokenizer: Tokenizer | undefined, more: { readonly batch?: number; readonly limit?: number } = {}): EncodedExamples =>
  examples.encode({ tokenizer, batch: more.batch ?? 3, seed: 5, limit: more.limit });
/** What is spelt, with the special tokens. */
const spelt = (tokenizer: Tokenizer, ids: readonly number[]): readonly string[] => ids.filter((id) => id !== tokenizer.pad).map((id) => tokenizer.token(id));

describe("text", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const tokenizer = characters([letters]);
  it("gives windows of the text at drawn places, which differ from step to step and reach everywhere", () => {
    const batches = encode(textExamples([letters], 6), tokenizer);
    const seen = new Set<string>();
    for (let step = 0; step < 60; step++) {
      const batch = batches.batch(step);
      for (const [b, ids] of field(batch, "ids").entries()) {
        const window = tokenizer.decode(ids);
        expect(letters).toContain(window);
        expect(tokenizer.decode(field(batch, "next")[b] as number[])).toBe(letters.slice(letters.indexOf(window) + 1, letters.indexOf(window) + 7));
        seen.add(window);
      }
    }
    // 26 letters have 20 windows of 6 with a letter behind them.
    expect(seen.size).toBe(20);
  });
  it("evaluates every token but the first, once", () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 26 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }), (count, length, batch) => {
      const text = letters.slice(0, count);
      const batches = encode(textExamples([text], length), tokenizer, { batch });
      const all = [...batches.inOrder()];
      expect(all.flatMap((one) => field(one, "next").flat()).map((id) => tokenizer.token(id)).join("")).toBe(text.slice(1));
      expect(all.flatMap((one) => field(one, "ids").flat()).map((id) => tokenizer.token(id)).join("")).toBe(text.slice(0, -1));
      expect(batches.characters).toBeCloseTo(count - 1, 9);
    }));
  });
  it("is cut at nine tenths, between characters", () => {
    expect(splitText("0123456789".repeat(3), 0.1)).toEqual(["0123456789".repeat(3).slice(0, 27), "789"]);
    expect(splitText("😀".repeat(10), 0.1)).toEqual(["😀".repeat(9), "😀"]);
  });
  it("may be longer than a part of it", () => {
    const lines = Array.from({ length: 200_000 }, (_, at) => `line ${at}`), whole = lines.join("\n");
    const tokens = bytes();
    const [batch] = [...encode(textExamples([whole, "end"], whole.length + 4), tokens, { batch: 1 }).inOrder()];
    const ids = batch?.fields["ids"] as Int32Array, next = batch?.fields["next"] as Int32Array;
    expect(tokens.decode(ids)).toBe(`${whole}en`);
    expect(tokens.decode(next)).toBe(`${whole.slice(1)}end`);
    expect(ids[whole.length]).toBe(tokens.end);
  });
  it("refuses windows that the model cannot take, and texts of nothing", () => {
    expect(() => encode(textExamples([letters], 9), tokenizer, { limit: 8 })).toThrow(expect.objectContaining({ code: "sequence-over-limit", hint: expect.stringContaining("length: 8") as string }));
    expect(() => encode(textExamples(["a"], 9), tokenizer)).toThrow(expect.objectContaining({ code: "data-empty" }));
  });
});

describe("corrupted", () => {
  const text = Array.from({ length: 400 }, (_, at) => String.fromCharCode(97 + (at % 26))).join("");
  const examples = corruptedExamples([text], { length: 40, p: 0.15, span: 3 });
  const tokenizer = bytes({ specials: examples.text?.specials ?? [] });
  /** The window, put together again from what was left and what was taken out. */
  const restored = (source: readonly string[], written: readonly string[]): string => {
    const parts = new Map<string, string>();
    let current = "";
    for (const token of written) {
      if (token.startsWith("<extra_id_")) parts.set((current = token), "");
      else parts.set(current, `${parts.get(current) ?? ""}${token}`);
    }
    return source.map((token) => (token.startsWith("<extra_id_") ? (parts.get(token) ?? "?") : token)).join("");
  };
  it("takes out 15 % in spans of 3 on average; source and target make the window again", () => {
    // 40 · 0.15 = 6 tokens in 2 spans: sources of 36, targets of start + 2 sentinels + 6.
    expect(examples.text?.specials).toEqual(["<extra_id_0>", "<extra_id_1>"]);
    const batches = encode(examples, tokenizer);
    expect(batches.bounds).toEqual({ B: 3, S: 36, T: 9 });
    for (let step = 0; step < 30; step++) {
      const batch = batches.batch(step);
      expect(batch.sizes).toEqual({ B: 3, S: 36, T: 9 });
      for (let b = 0; b < 3; b++) {
        const [source, target, next] = ["source", "target", "next"].map((name) => field(batch, name)[b] as number[]) as [number[], number[], number[]];
        expect(target[0]).toBe(tokenizer.start);
        expect(next.at(-1)).toBe(tokenizer.end);
        expect(target.slice(1)).toEqual(next.slice(0, -1));
        expect(text).toContain(restored(spelt(tokenizer, source), spelt(tokenizer, next.slice(0, -1))));
        // Never two sentinels side by side, and none at the beginning.
        const marks = source.map((id) => id === 4 || id === 5);
        expect(marks[0]).toBe(false);
        marks.forEach((mark, at) => expect(mark && marks[at + 1] === true).toBe(false));
      }
    }
  });
  it("evaluates the whole text, the same each time, and counts the characters of the spans", () => {
    const batches = encode(examples, tokenizer);
    const all = [...batches.inOrder()];
    expect(all).toEqual([...batches.inOrder()]);
    const windows = all.flatMap((batch) => field(batch, "source").map((ids, b) => restored(spelt(tokenizer, ids), spelt(tokenizer, (field(batch, "next")[b] as number[]).filter((id) => id !== tokenizer.end)))));
    expect(windows.join("")).toBe(text);
    expect(batches.characters).toBe(10 * 6);
  });
  it("holds for any length, share and span", () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 60 }), fc.double({ min: 0.01, max: 0.9, noNaN: true }), fc.integer({ min: 1, max: 9 }), (length, p, span) => {
      const made = corruptedExamples([text], { length, p, span });
      const pieces = bytes({ specials: made.text?.specials ?? [] });
      const batches = encode(made, pieces);
      for (const batch of [batches.batch(0), ...batches.inOrder()]) {
        for (const [name, value] of Object.entries(batch.sizes)) expect(value).toBeLessThanOrEqual(batches.bounds[name] ?? 0);
        field(batch, "source").forEach((ids, b) => expect(text).toContain(restored(spelt(pieces, ids), spelt(pieces, (field(batch, "next")[b] as number[]).filter((id) => id !== pieces.end)))));
      }
    }), { numRuns: 100 });
  });
});

describe("sentences", () => {
  const documents = Array.from({ length: 6 }, (_, d) => Array.from({ length: 5 }, (_, s) => `document${"abcdef"[d]} says ${"vwxyz"[s]}`));
  const examples = sentenceExamples(documents, 24);
  const tokenizer = trainWordPiece(documents.flat(), 60, { specials: [MASK] });
  it("pairs a sentence with the one that follows, half of the time", () => {
    const batches = encode(examples, tokenizer);
    const all = documents.flat();
    let follows = 0, possible = 0;
    for (let step = 0; step < 40 * batches.stepsPerEpoch; step++) {
      const batch = batches.batch(step);
      field(batch, "ids").forEach((ids, b) => {
        const segment = field(batch, "segment")[b] as number[];
        expect(ids[0]).toBe(tokenizer.start);
        const parts = [0, 1].map((which) => tokenizer.decode(ids.filter((id, at) => segment[at] === which && id !== tokenizer.pad && id !== tokenizer.start && id !== tokenizer.end)));
        const first = all.indexOf(parts[0] ?? ""), second = all.indexOf(parts[1] ?? "");
        expect(first).toBeGreaterThanOrEqual(0);
        expect(second).toBeGreaterThanOrEqual(0);
        const follow = field(batch, "follows")[b]?.[0] === 1;
        expect(follow).toBe(second === first + 1 && first % 5 !== 4);
        follows += follow ? 1 : 0;
        possible += first % 5 === 4 ? 0 : 1;
        const word = field(batch, "word")[b] as number[];
        ids.forEach((id, at) => expect(word[at]).toBe(id === tokenizer.pad ? 0 : tokenizer.token(id).startsWith("##") ? word[at - 1] : at));
      });
    }
    expect(follows / possible).toBeGreaterThan(0.45);
    expect(follows / possible).toBeLessThan(0.55);
  });
  it("puts pairs of like length together, though the second sentence is another in every epoch", () => {
    const long = Array.from({ length: 400 }, (_, d) => [`${"a ".repeat(1 + d % 20)}.`]);
    const batches = encode(sentenceExamples(long, 64), tokenizer, { batch: 8 });
    for (const epoch of [0, 1]) {
      let ids = 0, places = 0;
      for (let step = 0; step < batches.stepsPerEpoch; step++) {
        const batch = batches.batch(epoch * batches.stepsPerEpoch + step);
        ids += batch.tokens;
        places += (batch.fields["ids"] as Int32Array).length;
      }
      expect(ids / places).toBeGreaterThan(0.9);
    }
  });
});

describe("labelled", () => {
  const tokenizer = characters(["abcdefgh"]);
  it("lays out one text and two as by hand, cutting the longer", () => {
    const { start, end } = tokenizer;
    expect(segments([7, 8], undefined, 10, tokenizer)).toEqual({ ids: [start, 7, 8, end], segment: [0, 0, 0, 0] });
    expect(segments([7, 8], [9], 10, tokenizer)).toEqual({ ids: [start, 7, 8, end, 9, end], segment: [0, 0, 0, 0, 1, 1] });
    expect(segments([7, 8, 9, 10], [11, 12], 6, tokenizer)).toEqual({ ids: [start, 7, 8, end, 11, end], segment: [0, 0, 0, 0, 1, 1] });
    expect(segments([7, 8, 9], [11], 6, tokenizer)).toEqual({ ids: [start, 7, 8, end, 11, end], segment: [0, 0, 0, 0, 1, 1] });
  });
  it("pads to the longest of its batch, and visits each text once an epoch", () => {
    const rows = ["a", "abc", "ab", "abcdefgh", "h"].map((first, label) => ({ first, label }));
    const batches = encode(labelledExamples(rows), tokenizer, { batch: 2 });
    expect(batches.stepsPerEpoch).toBe(3);
    const seen = [0, 1, 2].flatMap((step) => {
      const batch = batches.batch(step);
      expect(batch.sizes["T"]).toBe(Math.max(...field(batch, "ids").map((ids) => ids.filter((id) => id !== tokenizer.pad).length)));
      return field(batch, "ids").map((ids, b) => ({ first: tokenizer.decode(ids), label: field(batch, "label")[b]?.[0] }));
    });
    expect(seen.sort((a, b) => (a.label ?? 0) - (b.label ?? 0))).toEqual(rows);
    expect([...batches.inOrder()].flatMap((batch) => [...(batch.fields["label"] as Int32Array)])).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("tagged and spans", () => {
  it("score the first piece of each word, all of whose pieces have its tag", () => {
    const tokenizer = characters(["marsle"]);
    const batch = encode(taggedExamples([{ words: ["le", "mars"], tags: [3, 7] }]), tokenizer).batch(0);
    expect(field(batch, "tag")).toEqual([[0, 3, 3, 7, 7, 7, 7, 0]]);
    expect(field(batch, "scored")).toEqual([[0, 1, 0, 1, 0, 0, 0, 0]]);
    expect(spelt(tokenizer, field(batch, "ids")[0] as number[])).toEqual(["<start>", "l", "e", "m", "a", "r", "s", "<end>"]);
  });
  it("find the answer in the tokens, also of a context that is cut", () => {
    const tokenizer = characters(["abcdefghijklmnopqrstuvwxyz?"]);
    const question = { question: "which?", context: "abcdefghijklmnop", from: 9, to: 12 };
    for (const limit of [40, 25, 18, 12]) {
      const batch = encode(spanExamples([question]), tokenizer, { limit }).batch(0);
      const ids = field(batch, "ids")[0] as number[];
      expect(ids.length).toBeLessThanOrEqual(limit);
      expect(tokenizer.decode(ids.slice(batch.fields["first"]?.[0], (batch.fields["last"]?.[0] ?? 0) + 1))).toBe("jkl");
    }
  });
  it("leave out a question that is too long with its answer, and say where it stood", () => {
    const tokenizer = characters(["abcdefghijklmnopqrstuvwxyz?"]);
    const short = { question: "?", context: "abc", from: 1, to: 2 }, long = { question: "which?", context: "abcdefghijklmnop", from: 2, to: 12 };
    const { examples, overlong } = spanExamples([short, { ...long, line: 7 }, short]).fitting!({ tokenizer, limit: 18 });
    expect(overlong).toEqual([{ line: 7, side: "question with its answer", tokens: 19, limit: 18 }]);
    expect(examples.count).toBe(2);
    expect(() => encode(spanExamples([short, long]), tokenizer, { limit: 18 })).toThrow(/line 2 has 19 tokens/);
    expect(spanExamples([long]).fitting!({ tokenizer, limit: 19 }).overlong).toEqual([]);
  });
});

describe("images and captions", () => {
  const pictures = { rows: 1, columns: 2, channels: 1, pixels: Uint8Array.of(0, 255, 51, 102), labels: Uint8Array.of(1, 0) };
  it("are numbers from 0 to 1, each once an epoch", () => {
    const [first] = [...encode(imageExamples(pictures), undefined).inOrder()];
    expect(first?.fields).toEqual({ image: Float32Array.of(0, 1, 51 / 255, 102 / 255), label: Int32Array.of(1, 0) });
  });
  it("have their classes' names beside them, and all names in every part of a batch", () => {
    const tokenizer = characters(["zero", "one"]);
    const [batch] = [...encode(captionExamples(pictures, ["zero", "one"]), tokenizer).inOrder()];
    expect(field(batch as Batch, "caption").map((ids) => tokenizer.decode(ids))).toEqual(["one", "zero"]);
    expect(batch?.sizes).toEqual({ B: 2, T: 4, L: 4 });
    const parts = microBatches(batch as Batch, 2, tokenizer.pad);
    expect(parts.map(({ fields }) => fields["prompts"])).toEqual([batch?.fields["prompts"], batch?.fields["prompts"]]);
    expect(parts.map(({ fields }) => fields["label"])).toEqual([Int32Array.of(1), Int32Array.of(0)]);
  });
});
