/** What the checker proves holds for every batch: proofs of random claims against all small sizes, one after the other. */
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { Facts } from "../../compiler/check/facts.ts";
import * as dims from "../../compiler/dim.ts";
import type { Dim } from "../../compiler/dim.ts";
import { sourceFile } from "../../grammar/index.ts";
import { randomBelow } from "../support/random-program.ts";

type Below = ReturnType<typeof randomBelow>;
type Sizes = Readonly<Record<"N" | "M" | "K", number>>;

/** All sizes up to five. */
const ALL: readonly Sizes[] = Array.from({ length: 6 ** 3 }, (_, at) => ({ N: at % 6, M: Math.floor(at / 6) % 6, K: Math.floor(at / 36) }));

function randomSize(below: Below, depth = 2): Dim {
  const part = (): Dim => randomSize(below, depth - 1);
  switch (below(depth === 0 ? 4 : 10)) {
    case 0:
      return dims.constant(below(7) - 3);
    case 1:
      return dims.named("N");
    case 2:
      return dims.named("M");
    case 3:
      return dims.named("K");
    case 4:
      return dims.multiply(part(), part());
    case 5:
      return dims.quotient(below(2) === 0 ? "floor" : "ceil", part(), dims.constant(1 + below(4)));
    case 6:
      return dims.quotient(below(2) === 0 ? "floor" : "ceil", part(), dims.add(dims.named("K"), dims.ONE));
    case 7:
      return dims.subtract(part(), part());
    default:
      return dims.add(part(), part());
  }
}

test("a size that is proved not to be negative is not, and sizes that are proved to be equal are", () => {
  let proved = 0;
  for (let seed = 0; seed < 12_000; seed++) {
    const below = randomBelow(seed);
    const facts = new Facts();
    const given = Array.from({ length: below(3) }, () => randomSize(below, 1));
    const divisor = dims.constant(2 + below(2));
    const divides = below(3) === 0;
    if (divides) facts.assumeDivides(divisor, dims.named("M"));
    const same: readonly Dim[] = below(3) === 0 ? [randomSize(below, 1), randomSize(below, 1)] : [];
    // What is known before is written anew, what is known after meets what was written.
    const isFirst = below(2) === 0;
    if (isFirst && same.length > 0) facts.assumeEqual(same[0]!, same[1]!);
    for (const size of given) facts.assumeNonnegative(size);
    if (!isFirst && same.length > 0) facts.assumeEqual(same[0]!, same[1]!);
    const also = below(2) === 0 ? [dims.subtract(dims.named("N"), dims.ONE), dims.subtract(dims.quotient("floor", dims.named("M"), dims.constant(2)), dims.ONE)] : [];
    const possible = ALL.filter((sizes) => [...given, ...also].every((size) => dims.evaluate(size, sizes) >= 0) && (!divides || sizes.M % dims.asNumber(divisor)! === 0) && (same.length === 0 || dims.evaluate(same[0]!, sizes) === dims.evaluate(same[1]!, sizes)));
    const [a, b] = [randomSize(below), randomSize(below)];
    const told = `seed ${seed}: ${dims.print(a)} beside ${dims.print(b)}, given ${given.map(dims.print).join(", ")}${same.length > 0 ? `, ${same.map(dims.print).join(" = ")}` : ""}`;
    if (facts.proves(a, also)) {
      proved++;
      expect(possible.find((sizes) => dims.evaluate(a, sizes) < 0), told).toBeUndefined();
    }
    if (facts.equal(a, b)) expect(possible.find((sizes) => dims.evaluate(a, sizes) !== dims.evaluate(b, sizes)), told).toBeUndefined();
  }
  expect(proved).toBeGreaterThan(2000);
});

/** A slot in the language, and what it is for an index and sizes. */
interface Slot {
  readonly text: string;
  readonly at: (i: number, sizes: Sizes) => number;
}

function randomSlot(below: Below, depth = 3): Slot {
  const part = (): Slot => randomSlot(below, depth - 1);
  const joined = (name: string, [a, b]: readonly [Slot, Slot], by: (a: number, b: number) => number): Slot => ({ text: `${name}(${a.text}, ${b.text})`, at: (i, sizes) => by(a.at(i, sizes), b.at(i, sizes)) });
  const infix = (sign: string, [a, b]: readonly [Slot, Slot], by: (a: number, b: number) => number): Slot => ({ text: `(${a.text} ${sign} ${b.text})`, at: (i, sizes) => by(a.at(i, sizes), b.at(i, sizes)) });
  const number = (least: number): Slot => {
    const value = least + below(4);
    return { text: String(value), at: () => value };
  };
  switch (below(depth === 0 ? 4 : 12)) {
    case 0:
      return number(0);
    case 1:
      return { text: "i", at: (i) => i };
    case 2:
      return { text: "N", at: (_, { N }) => N };
    case 3:
      return { text: "M", at: (_, { M }) => M };
    case 4:
      return infix("/", [part(), number(1)], (a, b) => Math.floor(a / b));
    case 5:
      return infix("%", [part(), number(1)], (a, b) => ((a % b) + b) % b);
    case 6:
      return joined("min", [part(), part()], Math.min);
    case 7:
      return joined("max", [part(), part()], Math.max);
    case 8:
      return infix("*", [part(), number(0)], (a, b) => a * b);
    case 9: {
      const [a, b, c, d] = [part(), part(), part(), part()];
      return { text: `(if ${a.text} < ${b.text} then ${c.text} else ${d.text})`, at: (i, sizes) => (a.at(i, sizes) < b.at(i, sizes) ? c : d).at(i, sizes) };
    }
    case 10:
      return infix("-", [part(), part()], (a, b) => a - b);
    default:
      return infix("+", [part(), part()], (a, b) => a + b);
  }
}

test("a slot that is accepted lies within its axis, and a range that is accepted is not negative", () => {
  let accepted = 0;
  for (let seed = 0; seed < 3600; seed++) {
    const below = randomBelow(seed);
    const axis = (["N", "M", "N + M", "N * M", "N + 2"] as const)[below(5)]!;
    const [slot, range] = [randomSlot(below), randomSlot(below, 1)];
    const count = range.text.includes("i") ? { text: "N", at: (_: number, { N }: Sizes) => N } : range;
    const room = below(2) * 3;
    const text = `fn f(x: [${axis}], n: [N], m: [M]) -> [${count.text}] {\n  require N >= ${room}\n  y[i < ${count.text}] = x[${slot.text}]\n  return y\n}\n`;
    if (check(sourceFile("model.tfm", text), { std: [] }).diagnostics.length > 0) continue;
    accepted++;
    const isOutside = (sizes: Sizes): boolean => {
      const { N, M } = sizes;
      const length = { N, M, "N + M": N + M, "N * M": N * M, "N + 2": N + 2 }[axis];
      const times = count.at(0, sizes);
      return times < 0 || Array.from({ length: times }, (_, i) => slot.at(i, sizes)).some((at) => at < 0 || at >= length);
    };
    expect(ALL.find((sizes) => sizes.K === 0 && sizes.N >= room && isOutside(sizes)), text).toBeUndefined();
  }
  expect(accepted).toBeGreaterThan(300);
});

interface Condition {
  readonly text: string;
  readonly holds: (i: number, sizes: Sizes) => boolean;
}

/** As a value, where `/` is real: the index, or so many times it and more, beside a size of the batch or such a part of one. */
function randomCondition(below: Below, times: number): Condition {
  const more = below(3);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const index = pick<Slot>([{ text: "i", at: (i) => i }, { text: `i * ${times}`, at: (i) => i * times }, { text: `${times} * i + ${more}`, at: (i) => times * i + more }]);
  const size = pick<Slot>([{ text: "N", at: (_, { N }) => N }, { text: `N / ${times}`, at: (_, { N }) => N / times }, { text: `(N - ${more}) / ${times}`, at: (_, { N }) => (N - more) / times }]);
  const [a, b] = below(2) === 0 ? [index, size] : [size, index];
  const [sign, compare] = pick<readonly [string, (x: number, y: number) => boolean]>([["<", (x, y) => x < y], ["<=", (x, y) => x <= y], [">", (x, y) => x > y], [">=", (x, y) => x >= y]]);
  const isNegated = below(4) === 0;
  const text = `${a.text} ${sign} ${b.text}`;
  return { text: isNegated ? `not (${text})` : text, holds: (i, sizes) => compare(a.at(i, sizes), b.at(i, sizes)) !== isNegated };
}

test("what a condition guards lies within its axis where the condition holds", () => {
  let accepted = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const below = randomBelow(seed);
    const [times, more] = [1 + below(3), below(3)];
    const condition = randomCondition(below, times);
    const slots: readonly Slot[] = [
      { text: `${times}*i + ${more}`, at: (i) => times * i + more },
      { text: `N - ${times}*i + ${more} - 2`, at: (i, { N }) => N - times * i + more - 2 },
      { text: `${times}*i - N + ${more} - 1`, at: (i, { N }) => times * i - N + more - 1 },
    ];
    const slot = slots[below(3)]!;
    const text = `fn f(x: [N], n: [N], m: [M]) -> [N] {\n  y[i < N] = if ${condition.text} then x[${slot.text}] else 0\n  return y\n}\n`;
    if (check(sourceFile("model.tfm", text), { std: [] }).diagnostics.length > 0) continue;
    accepted++;
    const read = (sizes: Sizes): number[] => Array.from({ length: sizes.N }, (_, i) => i).filter((i) => condition.holds(i, sizes)).map((i) => slot.at(i, sizes));
    expect(ALL.find((sizes) => sizes.K === 0 && read(sizes).some((at) => at < 0 || at >= sizes.N)), text).toBeUndefined();
  }
  expect(accepted).toBeGreaterThan(100);
});

test("what a condition on two indices guards lies within its axis where the condition holds", () => {
  let accepted = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const below = randomBelow(seed);
    const [times, more, other, less] = below(2) === 0 ? [1, 0, 1, 0] : [1 + below(2), below(3), 1 + below(2), below(3)];
    const op = OPERATORS[below(4)]!;
    const slot = SLOTS[below(SLOTS.length)]!;
    const [left, right] = [`${times}*t + ${more}`, `${other}*s + ${less}`];
    const text = `fn f(x: [N]) -> [N] {\n  y[t < N] = sum[s < N where ${left} ${op.text} ${right}] x[${slot.text}]\n  return y\n}\n`;
    if (check(sourceFile("model.tfm", text), { std: [] }).diagnostics.length > 0) continue;
    accepted++;
    for (const N of [1, 2, 3, 5])
      for (let t = 0; t < N; t++)
        for (let s = 0; s < N; s++) {
          if (!op.holds(times * t + more, other * s + less)) continue;
          const at = slot.at(t, s, N);
          expect(at >= 0 && at < N, `${text} at t = ${t}, s = ${s} of ${N}`).toBe(true);
        }
  }
  expect(accepted).toBeGreaterThan(50);
});

const OPERATORS = [
  { text: "<", holds: (a: number, b: number) => a < b },
  { text: "<=", holds: (a: number, b: number) => a <= b },
  { text: ">", holds: (a: number, b: number) => a > b },
  { text: ">=", holds: (a: number, b: number) => a >= b },
] as const;

const SLOTS = [
  { text: "t - s", at: (t: number, s: number, _: number) => t - s },
  { text: "s - t", at: (t: number, s: number, _: number) => s - t },
  { text: "t - s - 1", at: (t: number, s: number, _: number) => t - s - 1 },
  { text: "s - t - 1", at: (t: number, s: number, _: number) => s - t - 1 },
  { text: "t - s + N - 1", at: (t: number, s: number, N: number) => t - s + N - 1 },
  { text: "t - s + N", at: (t: number, s: number, N: number) => t - s + N },
] as const;
