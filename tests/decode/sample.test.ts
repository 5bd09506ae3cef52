import { describe, expect, it } from "vitest";
import { greedy } from "../../runtime/decode/greedy.ts";
import { highest } from "../../runtime/decode/highest.ts";
import type { NextLogits } from "../../runtime/decode/next-logits.ts";
import { distribution, sample } from "../../runtime/decode/sample.ts";
import type { Sampling } from "../../runtime/decode/sample.ts";
import { draws } from "../../runtime/random/philox.ts";
import { END, randomTable, tableModel } from "./table-model.ts";

const LOGITS = [-9, 1.5, 0.25, 1, -0.5, 2, -3, 0];
const DRAWS = 20_000;

/** The same distribution at every place, without an end. */
const steady: NextLogits = {
  limits: { rows: 100, length: 1 },
  begin: () => ({ next: async (rows) => Float32Array.from(rows.flatMap(() => LOGITS)) }),
};

/** exp(logit / temperature) over its sum, of the ids that stay. */
function exact(temperature: number, stays: readonly number[]): readonly number[] {
  const weights = LOGITS.map((logit, id) => (stays.includes(id) ? Math.exp(logit / temperature) : 0));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
// In order: 5, 1, 3, 2, 7, 4, 6, 0; at temperature 1 they have 0.422, 0.256, 0.155, 0.073, 0.057, 0.035, 0.003 and 0.000 of the probability.
const CASES: readonly (readonly [string, Sampling, readonly number[]])[] = [
  ["as the model says", {}, exact(1, ALL)],
  ["cooler", { temperature: 0.5 }, exact(0.5, ALL)],
  ["hotter", { temperature: 3 }, exact(3, ALL)],
  ["of the three likeliest", { topK: 3 }, exact(1, [5, 1, 3])],
  ["of nine tenths of the probability", { topP: 0.9 }, exact(1, [5, 1, 3, 2])],
  ["of two thirds of what is left of the four likeliest, cooler", { temperature: 0.8, topK: 4, topP: 0.66 }, exact(0.8, [5, 1])],
];

describe("sampling", () => {
  for (const [name, shape, probabilities] of CASES) {
    it(`draws ${name}, by chi-square over ${DRAWS} draws`, async () => {
      const requests = Array.from({ length: 100 }, () => ({ prefix: [1] }));
      const ids = (await sample(steady, requests, { ...shape, seed: 5 }, { end: -1, maxLength: DRAWS / 100, slide: true })).flat();
      expect(ids).toHaveLength(DRAWS);
      const counts = LOGITS.map((_, id) => ids.filter((one) => one === id).length);
      counts.forEach((count, id) => probabilities[id] === 0 && expect(count).toBe(0));
      const chi = counts.reduce((sum, count, id) => {
        const expected = DRAWS * (probabilities[id] as number);
        // Cells below five are too small for the test; they must stay small.
        if (expected < 5) {
          expect(count).toBeLessThan(25);
          return sum;
        }
        return sum + (count - expected) ** 2 / expected;
      }, 0);
      // The 0.999 quantile of chi-square with 7 degrees of freedom.
      expect(chi).toBeLessThan(24.32);
    });
  }

  it("gives the exact probabilities, the likeliest first", () => {
    const { ids, probabilities } = distribution(Float32Array.from(LOGITS), { temperature: 2, topK: 5 });
    expect(ids).toEqual([5, 1, 3, 2, 7]);
    const wanted = exact(2, ids);
    probabilities.forEach((probability, at) => expect(probability).toBeCloseTo(wanted[ids[at] as number] as number, 12));
  });

  it("takes the likeliest at temperature 0, of one, and of next to no probability", async () => {
    const { model } = tableModel(randomTable(3, 6));
    const requests = [{ prefix: [1] }, { prefix: [1, 4] }, { prefix: [2, 2] }];
    const options = { end: END, maxLength: 12 };
    const wanted = await greedy(model, requests, options);
    for (const shape of [{ temperature: 0 }, { topK: 1 }, { topP: 1e-9 }, { temperature: 1e-6 }]) expect(await sample(model, requests, { ...shape, seed: 9 }, options)).toEqual(wanted);
  });

  it("never draws what has no probability, and bears logits of any size", () => {
    expect(distribution(Float32Array.of(-Infinity, 1e30, -1e30, -Infinity), {})).toEqual({ ids: [1, 2], probabilities: [1, 0] });
    expect(distribution(Float32Array.of(NaN, NaN), { topK: 2 })).toEqual({ ids: [0], probabilities: [1] });
  });

  it("repeats itself by seed, and answers a request alike alone and among others of one batch or several", async () => {
    const table = randomTable(8, 5, 0.5);
    const requests = Array.from({ length: 9 }, () => ({ prefix: [1] }));
    const options = { end: END, maxLength: 20 };
    const run = (rows: number, seed: number) => sample(tableModel(table, { rows, length: 100 }).model, requests, { temperature: 1.2, seed }, options);
    const first = await run(100, 1);
    expect(await run(100, 1)).toEqual(first);
    expect(await run(2, 1)).toEqual(first);
    expect(await sample(tableModel(table).model, requests.slice(0, 1), { temperature: 1.2, seed: 1 }, options)).toEqual(first.slice(0, 1));
    expect(await run(100, 2)).not.toEqual(first);
    // Requests draw for themselves: equal prefixes do not give equal answers.
    expect(new Set(first.map(String)).size).toBeGreaterThan(1);
  });
});

describe("the largest values", () => {
  it("come in order, the first of equals first, by either way", () => {
    const random = draws(4, 4);
    const values = Float32Array.from({ length: 700 }, (_, at) => (at % 50 === 0 ? -Infinity : random.below(40)));
    const sorted = Array.from(values.keys()).filter((at) => at % 50 !== 0).toSorted((a, b) => (values[b] as number) - (values[a] as number) || a - b);
    for (const count of [0, 1, 2, 8, 127, 128, 129, 686, 700, 9999]) expect(highest(values, count)).toEqual(sorted.slice(0, count));
  });
});
