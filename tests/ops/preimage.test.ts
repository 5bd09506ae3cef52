import { describe, expect, test } from "vitest";
import * as dims from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { iadd, idiv, imod, imul, index, int, isub } from "../../compiler/ir/expr.ts";
import type { Expr } from "../../compiler/ir/graph.ts";
import { printExpr } from "../../compiler/ir/print.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { knownSizes, proveEqual, proveLess } from "../../compiler/ops/affine.ts";
import { simplifyExpr } from "../../compiler/ops/algebra.ts";
import { preimage } from "../../compiler/ops/preimage.ts";
import { draws } from "../../runtime/random/philox.ts";

/** The value of an integer expression at each point of a box. */
function table(expr: Expr, sizes: readonly number[]): number[] {
  const b = new GraphBuilder("table");
  b.output("y", b.map("y", sizes, expr));
  return [...interpret(b.build(), { sizes: {} }).outputs.y!.data];
}

function* points(sizes: readonly number[]): Generator<number[]> {
  const [first, ...rest] = sizes;
  if (first === undefined) yield [];
  else for (let i = 0; i < first; i++) for (const tail of points(rest)) yield [i, ...tail];
}

interface Slots {
  readonly name: string;
  readonly slots: readonly Expr[];
  readonly axes: readonly number[];
  readonly sizes: readonly number[];
  readonly results: number;
  readonly free: number;
  readonly predicates: number;
}

const [i, k, m] = [index(0), index(1), index(2)];
const CASES: readonly Slots[] = [
  { name: "i", slots: [i], axes: [5], sizes: [5], results: 1, free: 0, predicates: 0 },
  { name: "i of a longer axis", slots: [i], axes: [7], sizes: [5], results: 1, free: 0, predicates: 1 },
  { name: "k, i", slots: [k, i], axes: [3, 5], sizes: [5, 3], results: 2, free: 0, predicates: 0 },
  { name: "i + 2", slots: [iadd(i, int(2))], axes: [7], sizes: [5], results: 1, free: 0, predicates: 1 },
  { name: "4 - i", slots: [isub(int(4), i)], axes: [5], sizes: [5], results: 1, free: 0, predicates: 0 },
  { name: "i / 3", slots: [idiv(i, int(3))], axes: [2], sizes: [6], results: 1, free: 1, predicates: 0 },
  { name: "i / 3, cut", slots: [idiv(i, int(3))], axes: [3], sizes: [7], results: 1, free: 1, predicates: 1 },
  { name: "i / 3 beside i % 3", slots: [idiv(i, int(3)), imod(i, int(3))], axes: [2, 3], sizes: [6], results: 1, free: 0, predicates: 0 },
  { name: "i % 3 beside i / 3, cut", slots: [imod(i, int(3)), idiv(i, int(3))], axes: [3, 3], sizes: [7], results: 1, free: 0, predicates: 1 },
  { name: "three digits", slots: [idiv(i, int(6)), imod(idiv(i, int(2)), int(3)), imod(i, int(2))], axes: [2, 3, 2], sizes: [12], results: 1, free: 0, predicates: 0 },
  { name: "a middle digit", slots: [imod(idiv(i, int(2)), int(3))], axes: [3], sizes: [12], results: 1, free: 2, predicates: 0 },
  { name: "3·i + k, k < 3", slots: [iadd(imul(i, int(3)), k)], axes: [6], sizes: [2, 3], results: 1, free: 0, predicates: 0 },
  { name: "3·i + k, k < 2", slots: [iadd(imul(i, int(3)), k)], axes: [6], sizes: [2, 2], results: 1, free: 0, predicates: 1 },
  { name: "2·i + k, k < 3", slots: [iadd(imul(i, int(2)), k)], axes: [7], sizes: [3, 3], results: 1, free: 1, predicates: 3 },
  { name: "i + k", slots: [iadd(i, k)], axes: [7], sizes: [5, 3], results: 1, free: 1, predicates: 2 },
  { name: "i, i", slots: [i, i], axes: [4, 4], sizes: [4], results: 1, free: 0, predicates: 1 },
  { name: "a constant", slots: [int(2), i], axes: [4, 5], sizes: [5], results: 1, free: 0, predicates: 1 },
  { name: "patches", slots: [iadd(imul(idiv(i, int(2)), int(3)), k), iadd(imul(imod(i, int(2)), int(3)), m)], axes: [6, 6], sizes: [4, 3, 3], results: 1, free: 0, predicates: 0 },
  { name: "(i - k) % 3", slots: [imod(iadd(i, imul(k, int(2))), int(3))], axes: [3], sizes: [4, 2], results: 2, free: 2, predicates: 1 },
];

/** Every point of the equation is reached once, under the element that it reads, and nothing else is. */
function expectInverse(slots: readonly Expr[], axes: readonly number[], sizes: readonly number[], results: number): void {
  const found = preimage(slots, axes.map(dims.constant), sizes.map(dims.constant), results);
  const space = [...axes, ...found.free.map((size) => dims.asNumber(size)!)];
  const reached: string[] = [];
  const solution = found.solution.map((expr) => table(expr, space));
  const where = found.where.map((expr) => table(expr, space));
  [...points(space)].forEach((at, flat) => {
    if (where.every((condition) => condition[flat])) reached.push(`${solution.map((values) => values[flat])} reads ${at.slice(0, axes.length)}`);
  });
  const slotTables = slots.map((slot) => table(slot, sizes));
  const wanted = [...points(sizes)].map((at, flat) => `${at} reads ${slotTables.map((values) => values[flat])}`);
  expect(reached.sort(), `${slots.map((slot) => printExpr(slot))} over ${sizes}`).toEqual(wanted.sort());
}

describe.each(CASES)("slots $name", ({ slots, axes, sizes, results, free, predicates }) => {
  test("leaves as many indices free and as many predicates as it must", () => {
    const found = preimage(slots, axes.map(dims.constant), sizes.map(dims.constant), results);
    expect([found.free.length, found.where.length]).toEqual([free, predicates]);
  });
  test("are inverted", () => expectInverse(slots, axes, sizes, results));
});

test("any slots are inverted", () => {
  const random = draws(21);
  const number = (from: number, to: number): number => from + random.below(to - from + 1);
  for (let trial = 0; trial < 200; trial++) {
    const sizes = Array.from({ length: number(1, 3) }, () => number(1, 6));
    const part = (): Expr => {
      const at = index(random.below(sizes.length));
      return [at, at, idiv(at, int(number(2, 3))), imod(at, int(number(2, 3))), imod(idiv(at, int(2)), int(2)), imul(at, int(number(-1, 3))), int(number(0, 2))][random.below(7)]!;
    };
    const slots = Array.from({ length: number(1, 3) }, () => (random.below(2) ? part() : random.below(4) ? iadd(part(), part()) : isub(part(), part())));
    // Shifted to begin at 0; the axis may be longer than what is read of it.
    const lowest = slots.map((slot) => Math.min(...table(slot, sizes)));
    const shifted = slots.map((slot, axis) => isub(slot, int(lowest[axis]!)));
    const axes = shifted.map((slot) => Math.max(...table(slot, sizes)) + number(1, 2));
    expectInverse(shifted, axes, sizes, number(0, sizes.length));
  }
});

describe("integer expressions", () => {
  const random = draws(3);
  const sizes = [4, 3, 6];
  const known = knownSizes(sizes.map(dims.constant));
  /** Sums, products, quotients and remainders of indices and small constants. */
  function anyExpr(depth: number): Expr {
    const pick = random.below(depth > 0 ? 8 : 2);
    if (pick === 0) return index(random.below(3));
    if (pick === 1) return int(random.below(9) - 3);
    const a = anyExpr(depth - 1);
    if (pick <= 3) return iadd(a, anyExpr(depth - 1));
    if (pick === 4) return isub(a, anyExpr(depth - 1));
    if (pick === 5) return imul(a, int(random.below(5) - 1));
    return (pick === 6 ? idiv : imod)(a, int(1 + random.below(4)));
  }
  test("keep their values when simplified, and comparisons are proved only where they hold", () => {
    let proofs = 0;
    for (let trial = 0; trial < 600; trial++) {
      const [a, b] = [anyExpr(4), anyExpr(3)];
      const values = table(a, sizes), others = table(b, sizes);
      expect(table(simplifyExpr(a, known), sizes)).toEqual(values);
      const less = proveLess(a, b, known), equal = proveEqual(a, b, known);
      if (less !== undefined) expect(values.every((value, at) => value < others[at]! === less)).toBe(true);
      if (equal !== undefined) expect(values.every((value, at) => (value === others[at]!) === equal)).toBe(true);
      if (less !== undefined) proofs++;
    }
    expect(proofs).toBeGreaterThan(80);
  });
  test("are proved for sizes that are not known yet", () => {
    const symbolic = knownSizes([dims.named("T"), dims.constant(4)]);
    const T = (offset: number): Expr => ({ kind: "size", dim: dims.add(dims.named("T"), dims.constant(offset)) });
    expect(proveLess(index(0), T(0), symbolic)).toBe(true);
    expect(proveLess(index(0), T(-1), symbolic)).toBeUndefined();
    expect(proveLess(iadd(imul(index(0), int(4)), index(1)), { kind: "size", dim: dims.scale(dims.named("T"), 4) }, symbolic)).toBe(true);
    expect(proveLess(isub(T(-1), index(0)), int(0), symbolic)).toBe(false);
    expect(simplifyExpr(idiv(iadd(imul(index(0), int(4)), index(1)), int(4)), symbolic)).toEqual(index(0));
  });
});
