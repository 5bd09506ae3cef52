import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bleu, exactMatch } from "../../runtime/metrics/index.ts";
import { tokenize13a } from "../../runtime/metrics/tokenize-13a.ts";

interface Reference {
  readonly tokens: readonly (readonly [string, readonly string[]])[];
  readonly corpora: readonly {
    readonly hypotheses: string[]; readonly references: string[];
    readonly score: number; readonly precisions: number[]; readonly bp: number; readonly lengths: readonly [number, number];
  }[];
}
/** What sacreBLEU itself says; see reference.py. */
const reference = JSON.parse(readFileSync(new URL("sacrebleu.json", import.meta.url), "utf8")) as Reference;

describe("tokenize13a", () => {
  it.each(reference.tokens)("%j as sacreBLEU", (line, tokens) => {
    expect(tokenize13a(line)).toEqual(tokens);
  });

  it("keeps stops and commas between digits only", () => {
    expect(tokenize13a("1,234.50 a.b")).toEqual(["1,234.50", "a", ".", "b"]);
  });
});

describe("bleu", () => {
  it.each(reference.corpora.map((corpus, index) => [index, corpus] as const))("corpus %i as sacreBLEU", (_, corpus) => {
    const ours = bleu(corpus.hypotheses, corpus.references);
    expect(ours.score).toBeCloseTo(corpus.score, 9);
    expect(ours.brevityPenalty).toBeCloseTo(corpus.bp, 12);
    expect([ours.hypothesisLength, ours.referenceLength]).toEqual(corpus.lengths);
    for (const [n, precision] of corpus.precisions.entries()) expect(ours.precisions[n]).toBeCloseTo(precision, 9);
  });

  it("by hand: clipped counts, smoothing and brevity", () => {
    // "the cat the cat" for "the cat is here on": 2 of 4 words count (each of "the", "cat" once), 1 of 3 pairs ("the cat" twice, "cat the" no: 1),
    // 0 of 2 triples: 1/2 of a match, 0 of 1 quadruple: 1/4. Brevity: 4 words for 5.
    const { score, precisions } = bleu(["the cat the cat"], ["the cat is here on"]);
    expect(precisions).toEqual([50, 100 / 3, 25, 25]);
    expect(score).toBeCloseTo(100 * Math.exp(1 - 5 / 4) * (0.5 * (1 / 3) * 0.25 * 0.25) ** 0.25, 10);
  });

  it("by hand: counts add up over the corpus, not scores over lines", () => {
    // "a b c d e" (5, 4, 3, 2 right of 5, 4, 3, 2) and "v w x y z" for "v w x y q" (4 of 5, 3 of 4, 2 of 3, 1 of 2).
    const { score } = bleu(["a b c d e", "v w x y z"], ["a b c d e", "v w x y q"]);
    expect(score).toBeCloseTo(100 * ((9 / 10) * (7 / 8) * (5 / 6) * (3 / 4)) ** 0.25, 10);
  });

  it("is 0 for nothing", () => {
    expect(bleu([], []).score).toBe(0);
    expect(bleu([""], ["a"]).score).toBe(0);
  });
});

describe("exactMatch", () => {
  it("is the share of equal texts, case and spaces included", () => {
    expect(exactMatch(["a", "B", "c ", "d"], ["a", "b", "c", "d"])).toBe(0.5);
    expect(exactMatch([], [])).toBe(0);
  });
});
