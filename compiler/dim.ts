/**
 * Arithmetic on symbolic sizes. Every function takes and returns the canonical form, so equal sizes have equal keys.
 * Nearly all sizes are a number or a single product such as `64*B*T`: those take short ways that compare no texts.
 */
import type { Factor, Quotient, Size, Term } from "../runtime/size.ts";
import { evaluateSize } from "../runtime/size.ts";

export type Dim = Size;

export const ZERO: Dim = [];
export const ONE: Dim = constant(1);

export function constant(value: number): Dim {
  return value === 0 ? [] : [{ coefficient: value, factors: [] }];
}

export function named(name: string): Dim {
  return [{ coefficient: 1, factors: [name] }];
}

export function add(...dims: readonly Dim[]): Dim {
  const [first = ZERO, second = ZERO, ...others] = dims.length <= 2 ? dims : dims.filter((dim) => dim.length > 0);
  if (others.length > 0) return canonical([first, second, ...others].flat());
  if (second.length === 0) return first;
  if (first.length === 0) return second;
  const [a, b] = [asNumber(first), asNumber(second)];
  return a !== undefined && b !== undefined ? constant(a + b) : canonical([...first, ...second]);
}

export function subtract(a: Dim, b: Dim): Dim {
  return add(a, scale(b, -1));
}

export function scale(a: Dim, by: number): Dim {
  if (by === 1) return a;
  return by === 0 ? ZERO : a.map((term) => ({ coefficient: term.coefficient * by, factors: term.factors }));
}

/** The product; 1 of none. */
export function multiply(...dims: readonly Dim[]): Dim {
  return dims.length === 0 ? ONE : dims.reduce(product);
}

function product(a: Dim, b: Dim): Dim {
  const [first, second] = [asNumber(a), asNumber(b)];
  if (first !== undefined) return second === undefined ? scale(b, first) : constant(first * second);
  if (second !== undefined) return scale(a, second);
  const terms = a.flatMap((p) => b.map((q) => ({ coefficient: p.coefficient * q.coefficient, factors: sorted([...p.factors, ...q.factors]) })));
  return terms.length === 1 ? terms : canonical(terms);
}

export function power(a: Dim, exponent: number): Dim {
  return multiply(...Array.from({ length: exponent }, () => a));
}

/** a / b where the division is exact for all sizes, else undefined. Polynomial long division on the leading terms. */
export function divide(a: Dim, b: Dim): Dim | undefined {
  const lead = b[0];
  if (!lead) return undefined;
  const [numerator, denominator] = [asNumber(a), asNumber(b)];
  if (denominator === 1) return a;
  if (numerator !== undefined && denominator !== undefined) return numerator % denominator === 0 ? constant(numerator / denominator) : undefined;
  let rest = a;
  let quotient: Dim = ZERO;
  while (rest.length > 0) {
    const part = divideTerm(rest[0]!, lead);
    if (!part) return undefined;
    quotient = add(quotient, [part]);
    rest = subtract(rest, multiply([part], b));
  }
  return quotient;
}

/** floor or ceil of a quotient: a number or an exact division where possible, otherwise an opaque factor. */
export function quotient(round: "floor" | "ceil", numerator: Dim, denominator: Dim): Dim {
  const exact = divide(numerator, denominator);
  if (exact) return exact;
  const [n, d] = [asNumber(numerator), asNumber(denominator)];
  if (n !== undefined && d !== undefined) return constant(Math[round](n / d));
  return [{ coefficient: 1, factors: [{ round, numerator, denominator }] }];
}

export function equal(a: Dim, b: Dim): boolean {
  return a === b || (a.length === b.length && a.every((term, at) => term.coefficient === b[at]!.coefficient && sameFactors(term.factors, b[at]!.factors)));
}

function sameFactors(a: readonly Factor[], b: readonly Factor[]): boolean {
  return a === b || (a.length === b.length && a.every((factor, at) => sameFactor(factor, b[at]!)));
}

function sameFactor(a: Factor, b: Factor): boolean {
  if (a === b) return true;
  if (typeof a === "string" || typeof b === "string") return false;
  return a.round === b.round && equal(a.numerator, b.numerator) && equal(a.denominator, b.denominator);
}

/** The number, when no named size occurs. */
export function asNumber(dim: Dim): number | undefined {
  if (dim.length === 0) return 0;
  return dim.length === 1 && dim[0]!.factors.length === 0 ? dim[0]!.coefficient : undefined;
}

/** `T` of the size T alone; undefined for anything else. */
export function asName([term, ...more]: Dim): string | undefined {
  const [factor, ...others] = term?.factors ?? [];
  return term?.coefficient === 1 && more.length === 0 && others.length === 0 && typeof factor === "string" ? factor : undefined;
}

/** Whether it is known not to be negative, whatever the named sizes are, which are not. */
export function isNonNegative(dim: Dim): boolean {
  return dim.every(({ coefficient, factors }) => coefficient >= 0 && factors.every((factor) => typeof factor === "string" || isNonNegative(factor.numerator)));
}

/** Replaces named sizes; names that the map lacks stay. */
export function substitute(dim: Dim, sizes: ReadonlyMap<string, Dim>): Dim {
  if (sizes.size === 0 || asNumber(dim) !== undefined) return dim;
  return add(
    ...dim.map((term) => multiply(constant(term.coefficient), ...term.factors.map((factor) => substituteFactor(factor, sizes)))),
  );
}

function substituteFactor(factor: Factor, sizes: ReadonlyMap<string, Dim>): Dim {
  if (typeof factor === "string") return sizes.get(factor) ?? named(factor);
  return quotient(factor.round, substitute(factor.numerator, sizes), substitute(factor.denominator, sizes));
}

export { evaluateSize as evaluate };

/** As written in `.tfm`: `4*B*T + ceil(T/8)`. */
export function print(dim: Dim): string {
  return sum(dim, ({ round, numerator, denominator }) => {
    const isBare = (size: Dim): boolean => size.length === 1 && size[0]!.factors.length <= 1 && (size[0]!.coefficient === 1 || size[0]!.factors.length === 0);
    const above = numerator.length > 1 ? `(${print(numerator)})` : print(numerator);
    return `${round}(${above}/${isBare(denominator) ? print(denominator) : `(${print(denominator)})`})`;
  });
}

function sum(dim: Dim, quotientText: (quotient: Quotient) => string): string {
  if (dim.length === 0) return "0";
  return dim
    .map((term, at) => {
      const magnitude = Math.abs(term.coefficient);
      const factors = term.factors.map((factor) => (typeof factor === "string" ? factor : quotientText(factor)));
      const text = factors.length === 0 ? String(magnitude) : (magnitude === 1 ? factors : [String(magnitude), ...factors]).join("*");
      const sign = term.coefficient < 0 ? (at === 0 ? "-" : " - ") : at === 0 ? "" : " + ";
      return sign + text;
    })
    .join("");
}

/** By which factors are told apart and put into their order. */
function factorKey(factor: Factor): string {
  return typeof factor === "string" ? factor : `${factor.round}((${sum(factor.numerator, factorKey)})/(${sum(factor.denominator, factorKey)}))`;
}

/** Sizes live as long as the graphs that they occur in and are asked for their keys again and again. */
const keys = new WeakMap<Dim, string>();

/** Equal for equal sizes only. */
export function key(dim: Dim): string {
  const number = asNumber(dim);
  if (number !== undefined) return String(number);
  let known = keys.get(dim);
  if (known === undefined) keys.set(dim, (known = sum(dim, factorKey)));
  return known;
}

function canonical(terms: readonly Term[]): Dim {
  if (terms.length < 2) return terms.filter(({ coefficient }) => coefficient !== 0);
  const byFactors = new Map<string, Term>();
  for (const term of terms) {
    const id = term.factors.length === 1 ? factorKey(term.factors[0]!) : term.factors.map(factorKey).join("*");
    const seen = byFactors.get(id);
    byFactors.set(id, { coefficient: term.coefficient + (seen?.coefficient ?? 0), factors: term.factors });
  }
  return [...byFactors.entries()]
    .filter(([, term]) => term.coefficient !== 0)
    .sort(([a, x], [b, y]) => y.factors.length - x.factors.length || (a < b ? -1 : a > b ? 1 : 0))
    .map(([, term]) => term);
}

function sorted(factors: Factor[]): Factor[] {
  return factors.sort((a, b) => (factorKey(a) < factorKey(b) ? -1 : factorKey(a) > factorKey(b) ? 1 : 0));
}

function divideTerm(a: Term, b: Term): Term | undefined {
  if (a.coefficient % b.coefficient !== 0) return undefined;
  const rest = a.factors.map((factor) => ({ factor, id: factorKey(factor) }));
  for (const factor of b.factors) {
    const at = rest.findIndex((candidate) => candidate.id === factorKey(factor));
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return { coefficient: a.coefficient / b.coefficient, factors: rest.map(({ factor }) => factor) };
}
