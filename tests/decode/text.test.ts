import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NextLogits } from "../../runtime/decode/next-logits.ts";
import { requestOf, TextStream, writeTexts } from "../../runtime/decode/text.ts";
import { bytes, characters, trainBpe } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";

/** A model that says these ids, row by row, then the end. */
function reciter(tokenizer: Tokenizer, answers: readonly (readonly number[])[], window = 100): NextLogits {
  return {
    limits: { rows: 10, length: window },
    begin: () => {
      const said = new Map<number, number>();
      return {
        async next(rows, _prefixes, length) {
          expect(length).toBeLessThanOrEqual(window);
          const logits = new Float32Array(rows.length * tokenizer.size);
          rows.forEach((row, at) => {
            const place = said.get(row) ?? 0;
            said.set(row, place + 1);
            logits[at * tokenizer.size + (answers[row]?.[place] ?? tokenizer.end)] = 9;
          });
          return logits;
        },
      };
    },
  };
}

const letters = characters(["abcdefghijklmnopqrstuvwxyz .,!\n"]);
const raw = bytes();

describe("text as it is written", () => {
  it("comes in pieces that together are the answer, characters whole", () => {
    const stream = new TextStream(raw, [], []);
    const text = "é€😀!";
    const pieces = raw.encode(text).map((id) => stream.push(id));
    expect(pieces).toEqual(["", "é", "", "", "€", "", "", "", "😀", "!"]);
    expect(stream.finish(raw.encode(text))).toBe("");
    expect(stream.text).toBe(text);
  });

  it("gives half a character only at the end", () => {
    const half = raw.encode("a😀").slice(0, 3);
    const stream = new TextStream(raw, [], []);
    expect(half.map((id) => stream.push(id))).toEqual(["a", "", ""]);
    expect(stream.finish(half)).toBe(raw.decode(half).slice(1));
  });

  it("stops at a text across the borders of tokens and shows nothing of it", () => {
    const stream = new TextStream(letters, [], ["abc!", "\n\n"]);
    const pieces: string[] = [];
    for (const id of letters.encode("so ab abc abc!def")) {
      pieces.push(stream.push(id));
      if (stream.stopped) break;
    }
    expect(pieces).toEqual(["s", "o", " ", "", "", "ab ", "", "", "", "abc ", "", "", "", ""]);
    expect(stream.stopped).toBe(true);
    expect(stream.text).toBe("so ab abc ");
  });

  it("takes no half of a character for a text to stop at", () => {
    const ids = [...raw.encode("aé"), 4 + 0xff, ...raw.encode("b")];
    const [told, whole] = [new TextStream(raw, [], ["\uFFFD"]), new TextStream(raw, [], ["\uFFFD"])];
    for (const id of ids) if (!told.stopped) told.push(id);
    expect(told.text).toBe("aé");
    expect(told.stopped).toBe(true);
    whole.finish(ids);
    expect(whole.text).toBe(told.text);
  });

  it("stops within a token, at the first of several texts", () => {
    const words = trainBpe(["three black cats", "three black cats", "two black dogs"], 120);
    const ids = words.encode("three black cats");
    expect(ids.length).toBeLessThan(16);
    const stream = new TextStream(words, [words.start], ["ack", "l", ""]);
    for (const id of ids) if (!stream.stopped) stream.push(id);
    expect(stream.text).toBe("three b");
  });

  it("stops at the text that is complete first, asked after each token or at the end", () => {
    const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
    const pairs = trainBpe(["abc abcab bcab caab", "abc abcab bcab caab"], 30);
    fc.assert(fc.property(fc.constantFrom(letters, pairs), words, fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }), (tokenizer, text, stop) => {
      const end = Array.from({ length: text.length + 1 }, (_, at) => at).find((at) => stop.some((one) => text.slice(0, at).endsWith(one)));
      const longest = Math.max(...stop.filter((one) => text.slice(0, end).endsWith(one)).map((one) => one.length));
      const expected = end === undefined ? text : text.slice(0, end - longest);
      const ids = tokenizer.encode(text);
      const growing = new TextStream(tokenizer, [], stop), whole = new TextStream(tokenizer, [], stop);
      const used = ids.findIndex((id) => (growing.push(id), growing.stopped));
      growing.finish(used < 0 ? ids : ids.slice(0, used + 1));
      whole.finish(ids);
      expect([growing.text, growing.stopped, whole.text, whole.stopped]).toEqual([expected, end !== undefined, expected, end !== undefined]);
    }), { numRuns: 1000, seed: 1 });
  });

  it("gives back what a stop only seemed to begin with", () => {
    const stream = new TextStream(letters, [], ["end."]);
    const ids = letters.encode("the en");
    expect(ids.map((id) => stream.push(id)).join("")).toBe("the ");
    expect(stream.finish(ids)).toBe("en");
  });
});

describe("writing texts", () => {
  it("continues prompts, with the space between the prompt and the first word", async () => {
    const words = trainBpe(["three black cats", "two black dogs"], 60);
    const whole = words.encode("two black cats"), prompt = words.encode("two");
    expect(whole.slice(0, prompt.length)).toEqual(prompt);
    const model = reciter(words, [whole.slice(prompt.length)]);
    const answers = await writeTexts(model, words, [requestOf(words, "two", false)], { decoding: { method: "greedy" }, maxLength: 20, reads: false });
    expect(answers).toEqual([" black cats"]);
  });

  it("stops each text for itself, in the middle of a batch, and tells pieces with their text", async () => {
    const texts = ["one. two", "three", "four. five. six"];
    const model = reciter(letters, texts.map((text) => letters.encode(text)));
    const pieces = texts.map(() => "");
    let calls = 0;
    const requests = texts.map(() => requestOf(letters, "x", false));
    const answers = await writeTexts(model, letters, requests, {
      decoding: { method: "sample", topK: 1 }, maxLength: 50, reads: false, stop: ["."],
      onText: (text, piece) => {
        calls++;
        pieces[text] += piece;
      },
    });
    expect(answers).toEqual(["one", "three", "four"]);
    expect(pieces).toEqual(answers);
    expect(calls).toBeGreaterThan(9);
  });

  it("cuts the answers of beam search as well, when they are there", async () => {
    const model: NextLogits = {
      limits: { rows: 8, length: 50 },
      begin: () => ({
        async next(rows, prefixes, length) {
          const say = [...letters.encode("yes. no"), letters.end];
          const logits = new Float32Array(rows.length * letters.size).fill(-20);
          rows.forEach((_, at) => (logits[at * letters.size + (say[length - 1] as number)] = 0));
          return logits;
        },
      }),
    };
    const pieces: string[] = [];
    const requests = [requestOf(letters, "", true), requestOf(letters, "ab", true)];
    const answers = await writeTexts(model, letters, requests, {
      decoding: { method: "beam", width: 3, lengthPenalty: 0.6 }, maxLength: 20, reads: true, stop: ["."], onText: (at, piece) => pieces.push(`${at}:${piece}`),
    });
    // Of nothing to read there is nothing to say.
    expect(answers).toEqual(["", "yes"]);
    expect(pieces).toEqual(["1:yes"]);
  });

  it("goes on past the model's limit by a window, prompts too", async () => {
    const text = "abcdefghij";
    const model = reciter(letters, [letters.encode(text)], 4);
    const answers = await writeTexts(model, letters, [requestOf(letters, "a long prompt", false)], { decoding: { method: "greedy" }, maxLength: 8, reads: false });
    expect(answers).toEqual(["abcdefgh"]);
  });

  it("begins from nothing with a new line, or the start where the vocabulary has none", () => {
    expect(requestOf(letters, "", false)).toEqual({ prefix: letters.encode("\n") });
    const words = trainBpe(["three black cats"], 40);
    expect(requestOf(words, "", false)).toEqual({ prefix: [words.start] });
  });
});
