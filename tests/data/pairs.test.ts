import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microBatches, padded, pairExamples } from "../../runtime/data/index.ts";
import type { Batch, EncodedExamples, EncodeOptions, TextPair } from "../../runtime/data/index.ts";
import { listBatches } from "../../runtime/data/list.ts";
import { draws } from "../../runtime/random/philox.ts";
import { bytes } from "../../runtime/text/index.ts";

const tokenizer = bytes();
const encode = (pairs: readonly TextPair[], more: Partial<EncodeOptions> = {}): EncodedExamples => pairExamples(pairs).encode({ tokenizer, batch: 4, seed: 0, limit: 100, ...more });

/** Pairs whose source names them, of lengths that vary. */
function pairsOf(count: number, seed = 1): TextPair[] {
  const random = draws(seed);
  return Array.from({ length: count }, (_, index) => ({ source: `${index}.${"s".repeat(random.below(12))}`, target: `${index}.${"t".repeat(random.below(20))}` }));
}

/** The texts of a batch's rows, checked against the layout of the fields. */
function rowsOf(batch: Batch): TextPair[] {
  const { B, S, T } = batch.sizes as { B: number; S: number; T: number };
  const { source, target, next } = batch.fields as Record<"source" | "target" | "next", Int32Array>;
  expect([source.length, target.length, next.length]).toEqual([B * S, B * T, B * T]);
  return Array.from({ length: B }, (_, b) => {
    const row = (field: Int32Array, width: number): number[] => [...field.subarray(b * width, (b + 1) * width)];
    const ids = row(next, T).slice(0, row(next, T).indexOf(tokenizer.end));
    const rest = T - ids.length - 1;
    expect(row(next, T)).toEqual([...ids, tokenizer.end, ...new Array<number>(rest).fill(tokenizer.pad)]);
    expect(row(target, T)).toEqual([tokenizer.start, ...ids, ...new Array<number>(rest).fill(tokenizer.pad)]);
    const text = row(source, S).filter((id) => id !== tokenizer.pad);
    expect(row(source, S).slice(0, text.length)).toEqual(text);
    return { source: tokenizer.decode(text), target: tokenizer.decode(ids) };
  });
}

describe("padded", () => {
  it("lays out source, target and next as by hand", () => {
    expect(padded([{ source: [7, 8, 9], target: [5] }, { source: [6], target: [4, 10] }], { pad: 0, start: 1, end: 2 })).toEqual({
      sizes: { B: 2, S: 3, T: 3 },
      fields: { source: Int32Array.of(7, 8, 9, 6, 0, 0), target: Int32Array.of(1, 5, 0, 1, 4, 10), next: Int32Array.of(5, 2, 0, 4, 10, 2) },
      tokens: 5,
    });
  });

  it("gives an empty text one column of padding", () => {
    expect(padded([{ source: [], target: [] }], { pad: 0, start: 1, end: 2 }).sizes).toEqual({ B: 1, S: 1, T: 1 });
  });
});

describe("listBatches", () => {
  const rowsIn = (batch: Batch): readonly number[] => [...(batch.fields["row"] as Int32Array)];
  /** Batches that hold their examples' numbers; lengths as of examples that vary. */
  const listed = (count: number, order: { readonly batch: number; readonly seed: number; readonly pool: number }): EncodedExamples => {
    const random = draws(1);
    const lengths = Array.from({ length: count }, () => random.below(20));
    return listBatches(lengths, { ...order, bounds: {}, assemble: (rows) => ({ sizes: { B: rows.length }, fields: { row: Int32Array.from(rows) }, tokens: 0 }) });
  };

  it("has every example once in every epoch, whatever the numbers", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), fc.nat(1000), (count, batch, pool, seed) => {
      const batches = listed(count, { batch, pool, seed });
      expect(batches.stepsPerEpoch).toBe(Math.ceil(count / batch));
      for (const epoch of [0, 1]) {
        const seen = Array.from({ length: batches.stepsPerEpoch }, (_, step) => rowsIn(batches.batch(epoch * batches.stepsPerEpoch + step)));
        expect(seen.filter((rows) => rows.length !== batch).length).toBeLessThanOrEqual(1);
        expect(seen.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, row) => row));
      }
    }), { numRuns: 60 });
  });

  it("mixes company: an example's neighbours change from epoch to epoch", () => {
    const batches = listed(400, { batch: 8, seed: 0, pool: 5 });
    const company = (epoch: number): Map<number, string> => new Map(Array.from({ length: 50 }, (_, step) => rowsIn(batches.batch(epoch * 50 + step))).flatMap((rows) => rows.map((row) => [row, rows.toSorted((a, b) => a - b).join("|")])));
    const first = company(0), second = company(1);
    expect([first.size, second.size]).toEqual([400, 400]);
    const same = [...first].filter(([row, others]) => second.get(row) === others).length;
    expect(same).toBeLessThan(40);
  });
});

describe("batches of pairs", () => {
  it("visits every pair once in every epoch, whatever the numbers", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }), fc.nat(1000), (count, batch, seed) => {
      const pairs = pairsOf(count);
      const batches = encode(pairs, { batch, seed });
      expect(batches.stepsPerEpoch).toBe(Math.ceil(count / batch));
      for (const epoch of [0, 1]) {
        const seen = Array.from({ length: batches.stepsPerEpoch }, (_, step) => rowsOf(batches.batch(epoch * batches.stepsPerEpoch + step)));
        expect(seen.filter((rows) => rows.length !== batch).length).toBeLessThanOrEqual(1);
        expect(seen.flat().sort(bySource)).toEqual([...pairs].sort(bySource));
      }
    }), { numRuns: 60 });
  });

  it("is a function of the step: any order of asking, any new instance, the same batch", () => {
    const make = () => encode(pairsOf(50));
    const batches = make();
    const inOrder = Array.from({ length: 40 }, (_, step) => batches.batch(step));
    const again = make();
    for (const step of [39, 0, 13, 14, 12, 26, 38]) expect(again.batch(step)).toEqual(inOrder[step]);
  });

  it("orders epochs and seeds differently, and batches not by length", () => {
    const batches = encode(pairsOf(200));
    const epoch = (of: typeof batches, number: number): string => JSON.stringify(Array.from({ length: 50 }, (_, step) => of.batch(number * 50 + step).fields));
    expect(epoch(batches, 0)).not.toBe(epoch(batches, 1));
    expect(epoch(batches, 0)).not.toBe(epoch(encode(pairsOf(200), { seed: 1 }), 0));
    const widths = Array.from({ length: 50 }, (_, step) => batches.batch(step).sizes["T"] as number);
    expect(widths).not.toEqual([...widths].sort((a, b) => a - b));
    expect(widths).not.toEqual([...widths].sort((a, b) => b - a));
  });

  it("wastes little padding and counts predicted tokens", () => {
    const random = draws(9);
    const pairs = Array.from({ length: 3000 }, () => {
      const length = 2 + random.below(20);
      return { source: "s".repeat(length + random.below(3)), target: "t".repeat(length + random.below(3)) };
    });
    const { stepsPerEpoch, batch } = encode(pairs, { batch: 32 });
    const all = Array.from({ length: stepsPerEpoch }, (_, step) => batch(step));
    const cells = all.reduce((sum, { sizes }) => sum + (sizes["B"] as number) * ((sizes["S"] as number) + (sizes["T"] as number)), 0);
    const predicted = pairs.reduce((sum, pair) => sum + pair.target.length + 1, 0);
    expect(all.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(predicted);
    // Side by side without sorting nearly every batch would be as wide as the longest pair, 24 + 24 for about 13 + 14.
    expect(cells / (predicted + pairs.reduce((sum, pair) => sum + pair.source.length, 0))).toBeLessThan(1.15);
  });

  it("stays within the bounds that it tells", () => {
    const batches = encode(pairsOf(100));
    const all = Array.from({ length: 50 }, (_, step) => batches.batch(step).sizes);
    for (const size of ["B", "S", "T"]) expect(Math.max(...all.map((sizes) => sizes[size] as number))).toBe(batches.bounds[size]);
    expect(encode(pairsOf(2)).bounds["B"]).toBe(2);
  });

  it("refuses what is over the limit", () => {
    const pairs = [{ source: "abc", target: "de" }, { source: "abcde", target: "fghi" }];
    expect(() => encode(pairs, { limit: 4 })).toThrow(
      expect.objectContaining({ code: "sequence-over-limit", exit: 1, message: "The source of line 2 has 5 tokens; the limit is 4." }));
    // Five tokens with `start` or `end`.
    expect(() => encode([{ source: "a", target: "fghi" }], { limit: 4 })).toThrow("The target of line 1 has 5 tokens; the limit is 4.");
    expect(() => encode([])).toThrow(expect.objectContaining({ code: "data-empty" }));
  });
});

describe("pairExamples", () => {
  const pairs = [{ source: "abcde", target: "f" }, { source: "abcd", target: "fgh" }, { source: "a", target: "fghi" }, { source: "b", target: "f", line: 9 }, { source: "abcdef", target: "fghi" }];
  const { fitting } = pairExamples(pairs);

  it("tells what fits from what does not, by its line", () => {
    const { examples, overlong } = fitting!({ tokenizer, limit: 4 });
    expect(overlong).toEqual([{ line: 1, side: "source", tokens: 5, limit: 4 }, { line: 3, side: "target", tokens: 5, limit: 4 }, { line: 5, side: "source", tokens: 6, limit: 4 }]);
    expect(examples.pairs).toEqual([{ ...pairs[1], line: 2 }, pairs[3]]);
    expect([...examples.text!.lines()]).toEqual(["abcd", "fgh", "b", "f"]);
    const within = examples.encode({ tokenizer, batch: 4, seed: 0, limit: 4 });
    expect(rowsOf(within.batch(0)).sort(bySource)).toEqual([{ source: "abcd", target: "fgh" }, { source: "b", target: "f" }]);
    expect(within.bounds).toEqual({ B: 2, S: 4, T: 4 });
    expect(examples.fitting!({ tokenizer, limit: 3 }).overlong.map(({ line }) => line)).toEqual([2]);
  });

  it("gives all where all fit", () => {
    const examples = pairExamples(pairs);
    expect(examples.fitting!({ tokenizer, limit: 6 })).toEqual({ examples, overlong: [] });
    expect(examples.fitting!({ tokenizer, limit: undefined }).overlong).toEqual([]);
  });
});

describe("microBatches", () => {
  it("cut the rows into nearly equal parts", () => {
    const whole = padded([[1], [2, 2], [3], [4], [5]].map((ids) => ({ source: ids, target: ids })), { pad: 0, start: 8, end: 9 });
    const parts = microBatches(whole, 2, 0);
    expect(parts.map((part) => part.sizes)).toEqual([{ B: 2, S: 2, T: 3 }, { B: 3, S: 2, T: 3 }]);
    expect(parts.map((part) => part.tokens)).toEqual([5, 6]);
    for (const name of ["source", "target", "next"]) expect(parts.flatMap((part) => [...(part.fields[name] as Int32Array)])).toEqual([...(whole.fields[name] as Int32Array)]);
    expect(microBatches(whole, 9, 0).length).toBe(5);
    expect(microBatches(whole, 1, 0)).toEqual([whole]);
  });
});

function bySource(a: TextPair, b: TextPair): number {
  return a.source < b.source ? -1 : 1;
}
