import { describe, expect, it } from "vitest";
import { beam, lengthPenalty } from "../../runtime/decode/beam.ts";
import type { Hypothesis } from "../../runtime/decode/beam.ts";
import { decode } from "../../runtime/decode/decode.ts";
import { greedy } from "../../runtime/decode/greedy.ts";
import { END, randomTable, tableModel } from "./table-model.ts";
import type { Table } from "./table-model.ts";

const START = 1, VOCABULARY = 4;

interface Found {
  readonly ids: readonly number[];
  readonly logProbability: number;
}

/** Every sequence that ends within `longest` ids, `END` counted. */
function allSequences(table: Table, source: number, longest: number, ids: readonly number[] = [], logProbability = 0): Found[] {
  if (ids.length === longest) return [];
  const next = table(source, [START, ...ids]);
  return next.flatMap((value, id) => {
    const sum = logProbability + value;
    return id === END ? [{ ids, logProbability: sum }] : allSequences(table, source, longest, [...ids, id], sum);
  });
}

function best(found: readonly Found[], alpha: number): Found {
  const score = ({ ids, logProbability }: Found): number => logProbability / ((5 + ids.length + 1) / 6) ** alpha;
  return found.reduce((a, b) => (score(b) > score(a) ? b : a));
}

const options = { end: END, maxLength: 5 };
const request = { prefix: [START] };

describe("beam search", () => {
  it("finds the best of all sequences where it is wide enough to hold them", async () => {
    // At most 3^5 prefixes of five ids are open, and 121 sequences end.
    for (let seed = 0; seed < 30; seed++) {
      for (const alpha of [0, 0.6, 2]) {
        const table = randomTable(seed, VOCABULARY);
        const [hypotheses] = await beam(tableModel(table).model, [request], { width: 243, lengthPenalty: alpha }, options);
        const wanted = best(allSequences(table, 0, 5), alpha);
        expect(hypotheses?.[0]?.ids).toEqual(wanted.ids);
        expect(hypotheses?.[0]?.logProbability).toBeCloseTo(wanted.logProbability, 4);
        expect(hypotheses?.[0]?.ended).toBe(true);
      }
    }
  });

  it("with width 1 is greedy decoding", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { model } = tableModel(randomTable(seed, VOCABULARY, 1));
      expect(await decode(model, [request], { method: "beam", width: 1, lengthPenalty: 0.6 }, options)).toEqual(await greedy(model, [request], options));
    }
  });

  it("finds what greedy decoding misses", async () => {
    // 2 is likelier at first, but what follows 3 is certain.
    const likely = (values: readonly number[]): readonly number[] => values.map(Math.log);
    const table: Table = (_, ids) => (ids.length === 1 ? likely([0, 0, 0.6, 0.4]) : ids[1] === 2 ? likely([0.3, 0.3, 0.2, 0.2]) : likely([1, 0, 0, 0]));
    const { model } = tableModel(table);
    expect((await greedy(model, [request], options))[0]?.[0]).toBe(2);
    const [found] = await beam(model, [request], { width: 2, lengthPenalty: 0 }, options);
    expect(found?.[0]).toMatchObject({ ids: [3], ended: true });
    expect(found?.[0]?.logProbability).toBeCloseTo(Math.log(0.4), 6);
  });

  it("divides by ((5 + |Y|) / 6)^α, the end counted", async () => {
    expect(lengthPenalty(1, 0.6)).toBe(1);
    expect(lengthPenalty(7, 1)).toBe(2);
    expect(lengthPenalty(19, 0.5)).toBe(2);
    // [] with p 0.3, and [2, 2, 2, 2, 2, 2] with p 0.25 in seven ids: log 0.3 = -1.204, log 0.25 / 2 = -0.693. What begins with 3 never ends.
    const table: Table = (_, ids) => {
      if (ids.length === 1) return [0.3, 0, 0.25, 0.45].map(Math.log);
      if (ids[1] === 3) return [0, 1 / 3, 1 / 3, 1 / 3].map(Math.log);
      return (ids.length === 7 ? [1, 0, 0, 0] : [0, 0, 1, 0]).map(Math.log);
    };
    const long = { end: END, maxLength: 7 };
    const [penalised] = await beam(tableModel(table).model, [request], { width: 3, lengthPenalty: 1 }, long);
    expect(penalised?.map(({ ids }) => ids.length)).toEqual([6, 0]);
    expect(penalised?.[0]?.score).toBeCloseTo(Math.log(0.25) / 2, 6);
    expect(penalised?.[1]?.score).toBeCloseTo(Math.log(0.3), 6);
    const [plain] = await beam(tableModel(table).model, [request], { width: 3, lengthPenalty: 0 }, long);
    expect(plain?.[0]?.ids).toEqual([]);
  });

  it("keeps what has ended, though everything open is likelier for a while", async () => {
    // "2 end" (0.3) is the best in the end: 3 goes on for ever at 0.6 a step.
    const table: Table = (_, ids) => (ids.length === 1 ? [0.001, 0.099, 0.3, 0.6] : ids.at(-1) === 2 ? [1, 0, 0, 0] : [0.1, 0.1, 0.2, 0.6]).map(Math.log);
    const [found] = await beam(tableModel(table).model, [request], { width: 2, lengthPenalty: 0 }, { end: END, maxLength: 30 });
    expect(found?.[0]?.ids).toEqual([2]);
    expect(found?.[0]?.logProbability).toBeCloseTo(Math.log(0.3), 6);
  });

  it("is not ended by ends that are hardly likely", async () => {
    // The sequence of eight ids has 0.94^9 of the probability; at every step an end has 0.03.
    const table: Table = (_, ids) => (ids.length === 9 ? [0.94, 0.02, 0.02, 0.02] : [0.03, 0.02, 0.94, 0.01]).map(Math.log);
    for (const width of [1, 2, 3, 4]) {
      const [found] = await beam(tableModel(table).model, [request], { width, lengthPenalty: 0.6 }, { end: END, maxLength: 30 });
      expect(found?.[0]?.ids).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
      expect(found?.[0]?.logProbability).toBeCloseTo(9 * Math.log(0.94), 5);
      expect(found?.length).toBeLessThanOrEqual(width);
    }
  });

  it("ends as soon as nothing open can surpass what has ended", async () => {
    const table: Table = (_, ids) => (ids.length === 1 ? [0.9, 0.04, 0.03, 0.03] : [0.1, 0.3, 0.3, 0.3]).map(Math.log);
    const { model, calls } = tableModel(table);
    const [found] = await beam(model, [request], { width: 4, lengthPenalty: 0 }, { end: END, maxLength: 30 });
    expect(found?.[0]?.ids).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it("gives what is cut at the longest length only where nothing ended", async () => {
    const endless: Table = () => [-Infinity, Math.log(0.2), Math.log(0.7), Math.log(0.1)];
    const [found] = await beam(tableModel(endless).model, [request], { width: 2, lengthPenalty: 0.6 }, { end: END, maxLength: 3 });
    expect(found?.map(({ ids, ended }) => ({ ids, ended }))[0]).toEqual({ ids: [2, 2, 2], ended: false });
    expect(found?.[0]?.score).toBeCloseTo((3 * Math.log(0.7)) / (8 / 6) ** 0.6, 5);
    // A model's longest prefix ends it as well, but for a model that sees a window.
    const { model, calls } = tableModel(endless, { rows: 10, length: 2 });
    const cut = await beam(model, [request], { width: 2, lengthPenalty: 0.6 }, { end: END, maxLength: 4 });
    expect(cut[0]?.[0]?.ids).toEqual([2, 2]);
    const slid = await beam(model, [request], { width: 2, lengthPenalty: 0.6 }, { end: END, maxLength: 4, slide: true });
    expect(slid[0]?.[0]?.ids).toEqual([2, 2, 2, 2]);
    expect(calls.slice(-3).map(([, length]) => length)).toEqual([2, 2, 2]);
  });

  it("answers a request alike alone and among others, whatever the model's rows", async () => {
    const requests = Array.from({ length: 23 }, (_, at) => ({ source: [at + 1, 9, ...Array.from({ length: at % 3 }, () => 5)], prefix: at % 5 === 0 ? [START, 2] : [START] }));
    const shape = { width: 3, lengthPenalty: 0.6 };
    const table = randomTable(11, 6);
    const numbers = (found: readonly (readonly Hypothesis[])[]): unknown => found.map((each) => each.map(({ ids, score }) => [ids, score]));
    const alone = [];
    for (const one of requests) alone.push(...(await beam(tableModel(table).model, [one], shape, { ...options, pad: 9 })));
    for (const rows of [1, 2, 3, 7, 64]) {
      const { model, calls } = tableModel(table, { rows, length: 100 });
      const progress: number[] = [];
      const together = await beam(model, requests, shape, { ...options, pad: 9, onProgress: (done) => progress.push(done) });
      expect(numbers(together)).toEqual(numbers(alone));
      expect(calls.every(([count]) => count <= rows)).toBe(true);
      expect(progress.at(-1)).toBe(23);
    }
  });
});
