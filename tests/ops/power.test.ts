/** Powers are the same, whatever the engine's own are: a program compiled by one Node is the program compiled by another. */
import { expect, it } from "vitest";
import { power } from "../../compiler/ops/power.ts";
import { draws } from "../../runtime/random/philox.ts";

it.each([
  // In Python: float(Decimal(a) ** Decimal(b)) with 80 digits. All but the first lie nearly between two doubles.
  [10000, -7 / 64, 0.3651741272548377],
  [591.4631676860154, -20.497558871284127, 1.5214184621525733e-57],
  [174.33081567287445, 1.0732190543785691, 254.38146190324997],
  [160.45964835211635, -1.344390437938273, 0.001084244574844127],
  [5.664588903374456e157, 0.9619391979649663, 5.609915045256226e151],
  [40.667416993528605, 0.5085350228473544, 6.582005651463941],
  [349.27244298160076, -0.04562972392886877, 0.7655192464800709],
])("%d ^ %d", (a, b, expected) => {
  expect(power(a, b)).toBe(expected);
});

it("is the exact power rounded once, where that is a whole number of units", () => {
  const random = draws(1, 0);
  for (let round = 0; round < 200; round++) {
    const whole = 1 + random.below(2 ** 30), n = 1 + random.below(9), unit = 2 ** -random.below(30);
    expect(power(whole * unit, n), `${whole * unit} ^ ${n}`).toBe(Number(BigInt(whole) ** BigInt(n)) * unit ** n);
    expect(power(-whole, 3)).toBe(Number(-(BigInt(whole) ** 3n)));
  }
});

it("is the square root, and a quotient of it, which are rounded the same everywhere", () => {
  const random = draws(2, 0);
  for (let round = 0; round < 200; round++) {
    const a = random.uniform() * 2 ** (random.below(2000) - 1000);
    expect(power(a, 0.5), `${a}`).toBe(Math.sqrt(a));
    expect(power(a, -0.5), `${a}`).toBe(1 / Math.sqrt(a));
  }
});

it("has the ends of the doubles", () => {
  expect([power(2, 1023), power(2, -1022), power(2, -1074), power(2, 1024), power(2, -1100)]).toEqual([2 ** 1023, 2 ** -1022, 2 ** -1074, Infinity, 0]);
  expect([power(5e-324, 0.5), power(0, 3), power(-0, 3), power(0, -2), power(0, 0), power(7, 0), power(1, 1e300)]).toEqual([Math.sqrt(5e-324), 0, -0, Infinity, 1, 1, 1]);
  expect([power(-8, 1 / 3), power(NaN, 1), power(2, NaN)]).toEqual([NaN, NaN, NaN]);
});
