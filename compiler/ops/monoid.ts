/** The monoids a reduction may use. argmax and argmin give the position of the first extreme along a single reduced index. */
export type MonoidName = "sum" | "max" | "min" | "any" | "all" | "argmax" | "argmin";

import type { ScalarType } from "../ir/graph.ts";

export interface Monoid {
  readonly doc: string;
  readonly operands: readonly ScalarType[];
  /** The result's type for an operand's. */
  result(operand: ScalarType): ScalarType;
  /** The result of no terms. */
  identity(operand: ScalarType): number;
  /** Of two results; for the positional ones, of two candidate terms. */
  combine(a: number, b: number): number;
  /** Positional monoids keep the best term and its position; `combine` chooses between terms, the earlier one on a tie. */
  readonly positional: boolean;
  /** Taking a term twice changes nothing. */
  readonly idempotent: boolean;
  /** Where the gradient goes: to every term, to the first extreme (named by the positional monoid), nowhere. */
  readonly grad: "every" | "argmax" | "argmin" | "none";
  /** WGSL of `combine`; the arguments are names or literals. */
  wgsl(a: string, b: string): string;
  wgslIdentity(operand: ScalarType): string;
}

/** The largest finite f32: `max` of no terms is its negative, so that nothing infinite arises from a masked row. */
export const HIGHEST_F32 = 3.4028234663852886e38;
const HIGHEST_I32 = 2147483647, LOWEST_I32 = -2147483648;
const HIGHEST_F32_WGSL = "0x1.fffffep+127f";

const numbers: readonly ScalarType[] = ["f32", "i32"];
const same = (operand: ScalarType): ScalarType => operand;
const position = (): ScalarType => "i32";
const lowest = (operand: ScalarType): number => (operand === "i32" ? LOWEST_I32 : -HIGHEST_F32);
const highest = (operand: ScalarType): number => (operand === "i32" ? HIGHEST_I32 : HIGHEST_F32);
// -2147483648 is no i32 literal in WGSL: the minus is an operator applied to a number out of range.
const lowestWgsl = (operand: ScalarType): string => (operand === "i32" ? "(-2147483647i - 1i)" : `-${HIGHEST_F32_WGSL}`);
const highestWgsl = (operand: ScalarType): string => (operand === "i32" ? "2147483647i" : HIGHEST_F32_WGSL);
const larger = (a: number, b: number): number => (b > a || Number.isNaN(b) ? b : a);
const smaller = (a: number, b: number): number => (b < a || Number.isNaN(b) ? b : a);

export const MONOIDS: { readonly [Name in MonoidName]: Monoid } = {
  sum: {
    doc: "the sum; 0 of no terms",
    operands: numbers, result: same, identity: () => 0, combine: (a, b) => a + b,
    positional: false, idempotent: false, grad: "every",
    wgsl: (a, b) => `${a} + ${b}`, wgslIdentity: (operand) => (operand === "i32" ? "0i" : "0.0f"),
  },
  max: {
    doc: "the largest; the lowest finite number of no terms",
    operands: numbers, result: same, identity: lowest, combine: larger,
    positional: false, idempotent: true, grad: "argmax",
    wgsl: (a, b) => `max(${a}, ${b})`, wgslIdentity: lowestWgsl,
  },
  min: {
    doc: "the smallest; the highest finite number of no terms",
    operands: numbers, result: same, identity: highest, combine: smaller,
    positional: false, idempotent: true, grad: "argmin",
    wgsl: (a, b) => `min(${a}, ${b})`, wgslIdentity: highestWgsl,
  },
  any: {
    doc: "whether one holds; false of no terms",
    operands: ["bool"], result: same, identity: () => 0, combine: (a, b) => (a || b ? 1 : 0),
    positional: false, idempotent: true, grad: "none",
    wgsl: (a, b) => `${a} | ${b}`, wgslIdentity: () => "false",
  },
  all: {
    doc: "whether every one holds; true of no terms",
    operands: ["bool"], result: same, identity: () => 1, combine: (a, b) => (a && b ? 1 : 0),
    positional: false, idempotent: true, grad: "none",
    wgsl: (a, b) => `${a} & ${b}`, wgslIdentity: () => "true",
  },
  argmax: {
    doc: "the position of the first largest; 0 of no terms",
    operands: numbers, result: position, identity: lowest, combine: larger,
    positional: true, idempotent: false, grad: "none",
    wgsl: (a, b) => `max(${a}, ${b})`, wgslIdentity: lowestWgsl,
  },
  argmin: {
    doc: "the position of the first smallest; 0 of no terms",
    operands: numbers, result: position, identity: highest, combine: smaller,
    positional: true, idempotent: false, grad: "none",
    wgsl: (a, b) => `min(${a}, ${b})`, wgslIdentity: highestWgsl,
  },
};
