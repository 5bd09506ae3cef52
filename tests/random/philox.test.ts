import { describe, expect, it } from "vitest";
import { draws, permutation, philox4x32, unitFloat } from "../../runtime/random/philox.ts";
import type { Words2, Words4 } from "../../runtime/random/philox.ts";

/** From `kat_vectors` of Random123 (Salmon et al. 2011), lines "philox4x32 10": counter, key, result. The last counter and key are digits of π. */
const KNOWN: readonly (readonly [Words4, Words2, Words4])[] = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
];

describe("philox4x32", () => {
  it.each(KNOWN)("of %j under %j is the known answer", (counter, key, answer) => {
    expect(philox4x32(counter, key)).toEqual(answer);
  });

  it("equals the definition in 64-bit integers", () => {
    let state = 12345n;
    const word = (): number => Number((state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n)) >> 32n);
    for (let i = 0; i < 500; i++) {
      const counter: Words4 = [word(), word(), word(), word()], key: Words2 = [word(), word()];
      expect(philox4x32(counter, key)).toEqual(byDefinition(counter, key));
    }
  });
});

function byDefinition(counter: Words4, key: Words2): number[] {
  const mask = 0xffffffffn;
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * a, p1 = 0xcd9e8d57n * c;
    [a, b, c, d] = [(p1 >> 32n) ^ b ^ k0, p1 & mask, (p0 >> 32n) ^ d ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d].map(Number);
}

describe("draws", () => {
  it("are the words of consecutive counters of their stream", () => {
    const random = draws(7, 9);
    const words = Array.from({ length: 8 }, () => random.word());
    expect(words).toEqual([...philox4x32([0, 0, 9, 0], [7, 0]), ...philox4x32([1, 0, 9, 0], [7, 0])]);
  });

  it("use both halves of large seeds and streams", () => {
    expect(draws(2 ** 40 + 5, 2 ** 33 + 1).word()).toBe(philox4x32([0, 0, 1, 2], [5, 256])[0]);
    expect(() => draws(-1)).toThrow("internal: -1 is not a seed");
    expect(() => draws(0.5)).toThrow("internal: 0.5 is not a seed");
  });

  it("are uniform in [0, 1) from 24 bits", () => {
    expect(unitFloat(0xffffffff)).toBe(1 - 2 ** -24);
    expect(unitFloat(0xff)).toBe(0);
    const random = draws(1);
    const values = Array.from({ length: 20_000 }, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1 && Math.fround(value) === value)).toBe(true);
    // Mean 1/2 and variance 1/12; standard errors 0.002 and 0.0005, five of them allowed.
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(0.0103);
    expect(Math.abs(variance(values) - 1 / 12)).toBeLessThan(0.0027);
  });

  it("are normal by Box and Muller", () => {
    const random = draws(2);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    expect(Math.abs(mean(values))).toBeLessThan(5 / Math.sqrt(20_000));
    expect(Math.abs(variance(values) - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
    const within = values.filter((value) => Math.abs(value) < 1).length / values.length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.017);
    expect(Math.abs(mean(values.map((value) => value ** 4)) - 3)).toBeLessThan(5 * Math.sqrt(96 / 20_000));
  });

  it("below n hit every value about equally often", () => {
    const random = draws(3);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i++) {
      const value = random.below(7);
      counts[value] = (counts[value] as number) + 1;
    }
    // Chi-squared of 6 degrees of freedom: above 22.5 once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(22.5);
    expect(random.below(1)).toBe(0);
  });
});

describe("permutation", () => {
  it("holds every index once, depends on seed and stream, and repeats", () => {
    const order = permutation(1000, 5, 6);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(1000, 5, 6)).toEqual(order);
    expect(permutation(1000, 5, 7)).not.toEqual(order);
    expect(permutation(1000, 6, 6)).not.toEqual(order);
    expect([permutation(0, 1).length, [...permutation(1, 1)]]).toEqual([0, [0]]);
  });

  it("reaches all orders of three about equally often", () => {
    const counts = new Map<string, number>();
    for (let stream = 0; stream < 6000; stream++) {
      const key = permutation(3, 0, stream).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Chi-squared of 5 degrees of freedom: above 20.5 once in a thousand.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(20.5);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const center = mean(values);
  return mean(values.map((value) => (value - center) ** 2));
}
