/**
 * What a size takes at most. A session makes room for the largest sizes of the batch, but `6 - T` is the larger the smaller T is:
 * there, the room is that of another size, which grows with all that it is made of and is never less than the first, such as 6.
 */
import * as dims from "../dim.ts";
import type { Dim } from "../dim.ts";
import type { Factor } from "../../runtime/size.ts";

/** The size itself where it only grows; named sizes are not negative. */
export function most(size: Dim): Dim {
  if (grows(size)) return size;
  const joined = asOneQuotient(size);
  if (joined) return joined;
  return dims.add(...size.map(({ coefficient, factors }) => {
    if (factors.length === 0) return dims.constant(coefficient);
    const [factor, ...others] = factors as [Factor, ...Factor[]];
    if (coefficient > 0) return dims.scale(others.length === 0 ? mostFactor(factor) : dims.multiply(...factors.map(aboveZero)), coefficient);
    // What is taken away is at least nothing, but for a quotient that may be negative.
    const under = factors.map(belowZero);
    if (under.every((size) => size.length === 0)) return dims.ZERO;
    return dims.scale(others.length === 0 ? under[0]! : dims.multiply(...factors.map((one, at) => dims.add(aboveZero(one), under[at]!))), -coefficient);
  }));
}

function grows(size: Dim): boolean {
  return size.every(({ coefficient, factors }) => factors.length === 0 || (coefficient > 0 && factors.every((factor) => factorGrows(factor) && (factors.length === 1 || belowZero(factor).length === 0))));
}

function factorGrows(factor: Factor): boolean {
  return typeof factor === "string" || (grows(factor.numerator) && isNumber(factor.denominator));
}

/** a - floor(b / k) = ceil((k*a - b) / k), and the other way round, where that only grows. */
function asOneQuotient(size: Dim): Dim | undefined {
  for (const term of size) {
    const [factor] = term.factors;
    if (term.coefficient !== -1 || term.factors.length !== 1 || typeof factor !== "object" || !isNumber(factor.denominator)) continue;
    const above = dims.subtract(dims.multiply(dims.add(size, [{ ...term, coefficient: 1 }]), factor.denominator), factor.numerator);
    if (grows(above)) return dims.quotient(factor.round === "floor" ? "ceil" : "floor", above, factor.denominator);
  }
  return undefined;
}

function mostFactor(factor: Factor): Dim {
  if (typeof factor === "string") return dims.named(factor);
  // What it is divided by is at least 1.
  return isNumber(factor.denominator) ? dims.quotient(factor.round, most(factor.numerator), factor.denominator) : positive(most(factor.numerator));
}

/** The same without what may make it negative. */
function aboveZero(factor: Factor): Dim {
  return typeof factor === "string" ? dims.named(factor) : mostFactor({ ...factor, round: "ceil", numerator: positive(most(factor.numerator)) });
}

/** How far below 0 it may be, at most. */
function belowZero(factor: Factor): Dim {
  return typeof factor === "string" ? dims.ZERO : positive(most(dims.scale(factor.numerator, -1)));
}

function positive(size: Dim): Dim {
  return size.filter(({ coefficient }) => coefficient > 0);
}

function isNumber(size: Dim): boolean {
  return dims.asNumber(size) !== undefined;
}
