import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { draws } from "../../runtime/random/philox.ts";
import { uniformOf } from "../support/graphs.ts";
import { checkedModel } from "../support/reference.ts";

const VOCAB = 40, MASK = 4, SPECIALS = 5;

/** What a row's masking is, read off the results of mask_tokens. */
interface Masked {
  readonly noisy: readonly number[];
  /** Of the places in use, with what stood there. */
  readonly places: readonly (readonly [place: number, wanted: number])[];
  readonly slots: number;
}

const graphs = new Map<string, ReturnType<typeof checkedModel>["entries"][number]["graph"]>();
function graphOf(p: number, whole: boolean): ReturnType<typeof checkedModel>["entries"][number]["graph"] {
  const key = `${p} ${whole}`;
  const known = graphs.get(key);
  if (known) return known;
  const { entries } = checkedModel("m.tfm", `
    model Masked() {
      forward(ids: index(${VOCAB})[B, T], word: index(T)[B, T]) -> index(${VOCAB})[B, T], index(T)[B, ceil(${p} * T)], index(${VOCAB})[B, ceil(${p} * T)], bool[B, ceil(${p} * T)] {
        noisy, place, wanted, chosen = mask_tokens(ids, word, ${p}, ${MASK}, ${SPECIALS}, whole: ${whole})
        return noisy, place, wanted, chosen
      }
    }`);
  const graph = entries[0]!.graph;
  graphs.set(key, graph);
  return graph;
}

function masked(rows: readonly (readonly number[])[], words: readonly (readonly number[])[], p: number, whole: boolean, seed: number): readonly Masked[] {
  const B = rows.length, T = rows[0]!.length, K = Math.ceil(Math.round(p * T * 1e6) / 1e6);
  const { outputs } = interpret(graphOf(p, whole), { sizes: { B, T }, inputs: { ids: rows.flat(), word: words.flat() }, step: 1, micro: 0, uniform: uniformOf(seed) });
  const [noisy, place, wanted, chosen] = Object.values(outputs).map(({ data }) => [...data]) as [number[], number[], number[], number[]];
  expect(place).toHaveLength(B * K);
  return rows.map((_, b) => ({
    noisy: noisy.slice(b * T, (b + 1) * T),
    places: Array.from({ length: K }, (_, k) => b * K + k).filter((at) => chosen[at] === 1).map((at) => [place[at] as number, wanted[at] as number] as const),
    slots: K,
  }));
}

const alone = (rows: readonly (readonly number[])[]): readonly (readonly number[])[] => rows.map((row) => row.map((_, t) => t));
/** [CLS], tokens, [SEP] and padding. */
const rowOf = (tokens: number, padding: number, seed: number): readonly number[] => {
  const random = draws(seed);
  return [1, ...Array.from({ length: tokens }, () => SPECIALS + random.below(VOCAB - SPECIALS)), 2, ...new Array<number>(padding).fill(0)];
};

describe("mask_tokens", () => {
  it("chooses the rounded share of each row's tokens and at least one, never a special token", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }), fc.constantFrom(0.15, 0.4), fc.nat(1000), (tokens, padding, p, seed) => {
      const row = rowOf(tokens, padding, seed);
      const [{ noisy, places, slots }] = masked([row], alone([row]), p, false, seed) as [Masked];
      const most = tokens === 0 ? 0 : Math.max(1, Math.floor(0.5 + Math.fround(p) * tokens));
      expect(slots).toBeGreaterThanOrEqual(most);
      expect(places).toHaveLength(most);
      expect(new Set(places.map(([place]) => place)).size).toBe(most);
      for (const [place, wanted] of places) {
        expect(row[place]).toBe(wanted);
        expect(wanted).toBeGreaterThanOrEqual(SPECIALS);
      }
      const free = noisy.flatMap((id, t) => (id === row[t] ? [] : [t]));
      for (const t of free) expect(places.map(([place]) => place)).toContain(t);
    }), { numRuns: 60 });
  });

  it("masks 80 %, swaps 10 % and leaves 10 %, at every place alike", () => {
    const rows = Array.from({ length: 100 }, (_, b) => rowOf(40, 2, b));
    let mask = 0, kept = 0, all = 0;
    const chosen = new Array<number>(44).fill(0);
    for (let seed = 0; seed < 6; seed++) {
      for (const [b, { noisy, places }] of masked(rows, alone(rows), 0.15, false, seed).entries()) {
        for (const [place, wanted] of places) {
          all++;
          chosen[place]!++;
          if (noisy[place] === MASK) mask++;
          else if (noisy[place] === wanted) kept++;
          expect(noisy[place]).toBeLessThan(VOCAB);
        }
        expect(places).toHaveLength(6);
        expect(rows[b]).toHaveLength(44);
      }
    }
    // Of 3,600: the standard deviations of the shares are 0.7 % and 0.5 %; a swapped token is the same or [MASK] in one of 40.
    expect(Math.abs(mask / all - 0.8 - 0.1 / VOCAB)).toBeLessThan(0.025);
    expect(Math.abs(kept / all - 0.1 - 0.1 / VOCAB)).toBeLessThan(0.02);
    // Each of 40 places is chosen 90 times, give or take 9.
    for (const count of chosen.slice(1, 41)) expect(Math.abs(count - 90)).toBeLessThan(45);
    expect(chosen[0]! + chosen[41]! + chosen[42]! + chosen[43]!).toBe(0);
  });

  it("with `whole` chooses all pieces of a word or none, within the share", () => {
    let seen = 0;
    for (let seed = 0; seed < 30; seed++) {
      const row = rowOf(20, 3, seed);
      const random = draws(seed, 9);
      const word = row.map((_, t) => t);
      for (let t = 2; t <= 20; t++) if (random.below(2) === 0) word[t] = word[t - 1] as number;
      const [{ places, noisy }] = masked([row], [word], 0.3, true, seed) as [Masked];
      const taken = new Set(places.map(([place]) => place));
      expect(taken.size).toBeLessThanOrEqual(6);
      for (const place of taken) for (const [t, begin] of word.entries()) if (begin === word[place]) expect(taken.has(t)).toBe(true);
      for (const [t, id] of noisy.entries()) if (!taken.has(t)) expect(id).toBe(row[t]);
      seen += taken.size;
    }
    // Only what a word that no longer fits would have taken is missing.
    expect(seen / 30).toBeGreaterThan(4);
  });
});

describe("drop_words", () => {
  const { recipe, entries } = checkedModel("d.tfm", `
    model Weighed() {
      param w: [${VOCAB}] ~ zeros
      forward(ids: index(${VOCAB})[B, T]) -> [B, T] { y[b,t] = w[drop_words(ids, 0.3, ${MASK}, ${SPECIALS})[b,t]]; return y }
    }
    train it {
      tokenizer = wordpiece(${VOCAB})
      data = sentences("text.txt", tokenizer: tokenizer)
      model = Weighed()
      loss(ids) = sum[b,t] model.forward(ids)[b,t]
      optimizer = Sgd(lr: 1.0)
      batch = 1; steps = 1
    }`, { recipe: "it", tokenizer: { size: VOCAB, pad: 0, start: 1, end: 2, unk: 3 } });
  const rows = Array.from({ length: 50 }, (_, b) => rowOf(40, 2, b));
  /** How often each token is left. */
  const left = (graph: (typeof entries)[number]["graph"], seed: number): readonly number[] =>
    Array.from({ length: VOCAB }, (_, token) => {
      const states = { "parameter/w": Float64Array.from({ length: VOCAB }, (_, id) => (id === token ? 1 : 0)) };
      const { outputs } = interpret(graph, { sizes: { B: 50, T: 44 }, inputs: { ids: rows.flat() }, states, step: 1, micro: 0, uniform: uniformOf(seed) });
      return Object.values(outputs)[0]!.data.reduce((sum, x) => sum + x, 0);
    });
  const counts = (token: number): number => rows.flat().filter((id) => id === token).length;

  it("masks the share of the tokens in training, and no special token", () => {
    const after = left(recipe!.loss.graph, 3);
    // Of 2,000 draws with chance 0.3: 600, give or take 20.
    expect(Math.abs(after[MASK]! - 600)).toBeLessThan(80);
    for (const token of [0, 1, 2, 3]) expect(after[token]).toBe(counts(token));
    for (let token = SPECIALS; token < VOCAB; token++) expect(after[token]).toBeLessThanOrEqual(counts(token));
    expect(after.reduce((sum, count) => sum + count)).toBe(50 * 44);
  });

  it("leaves what it is given outside of training", () => {
    expect(left(entries[0]!.graph, 3)).toEqual(Array.from({ length: VOCAB }, (_, token) => counts(token)));
  });
});

describe("at", () => {
  const graph = checkedModel("a.tfm", "model A() { forward(x: [B, T, D], place: index(T)[B, K]) -> [B, K, D] { return at(x, place) } }").entries[0]!.graph;
  it("gives what stands at the places of each row", () => {
    const x = Array.from({ length: 2 * 3 * 2 }, (_, n) => n);
    const { outputs } = interpret(graph, { sizes: { B: 2, T: 3, D: 2, K: 2 }, inputs: { x, place: [2, 0, 1, 1] } });
    expect([...Object.values(outputs)[0]!.data]).toEqual([4, 5, 0, 1, 8, 9, 8, 9]);
  });
});
