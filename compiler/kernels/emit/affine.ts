/**
 * Index arithmetic of a kernel: sums of base variables (thread coordinates, loop counters) with symbolic coefficients.
 * Offsets stay in this form until they are printed, so that equal offsets have equal text and contiguous axes merge.
 */
import { add as addDims, asNumber, constant, type Dim, divide, equal, multiply, ONE, ZERO } from "../../dim.ts";
import { dimText } from "./dim-text.ts";

/** The lanes 0, 1, 2, 3 of a four-wide value, as a variable. */
export const FOUR_LANES = "LANES";

export interface Affine {
  readonly terms: ReadonlyMap<string, Dim>;
  readonly constant: Dim;
}

/** A linear index over several axes, row-major: `row` over [b, t]. Its parts are variables of their own. */
export interface Composite {
  readonly name: string;
  readonly parts: readonly string[];
  /** Steps from one value of a part to the next, in units of the composite; the last is 1. */
  readonly strides: readonly Dim[];
}

export function constantAffine(dim: Dim): Affine {
  return { terms: new Map(), constant: dim };
}

export function variable(name: string, coefficient: Dim = ONE): Affine {
  return { terms: new Map([[name, coefficient]]), constant: ZERO };
}

export function sum(a: Affine, b: Affine): Affine {
  if (b.terms.size === 0 && b.constant.length === 0) return a;
  if (a.terms.size === 0 && a.constant.length === 0) return b;
  const terms = new Map(a.terms);
  for (const [name, coefficient] of b.terms) {
    const total = addDims(terms.get(name) ?? ZERO, coefficient);
    if (total.length === 0) terms.delete(name);
    else terms.set(name, total);
  }
  return { terms, constant: addDims(a.constant, b.constant) };
}

export function times(a: Affine, by: Dim): Affine {
  if (by.length === 0) return constantAffine(ZERO);
  if (asNumber(by) === 1) return a;
  return {
    terms: new Map([...a.terms].map(([name, coefficient]) => [name, multiply(coefficient, by)])),
    constant: multiply(a.constant, by),
  };
}

function negated(a: Affine): Affine {
  return times(a, constant(-1));
}

export function coefficient(a: Affine, name: string): Dim {
  return a.terms.get(name) ?? ZERO;
}

export function without(a: Affine, name: string): Affine {
  const terms = new Map(a.terms);
  terms.delete(name);
  return { terms, constant: a.constant };
}

/** The result of an operation on sums, where it is such a sum itself. */
export function applied(op: string, a: Affine | undefined, b: Affine | undefined): Affine | undefined {
  if (op === "ineg" && a) return negated(a);
  if (!a || !b) return undefined;
  if (op === "iadd") return sum(a, b);
  if (op === "isub") return sum(a, negated(b));
  if (op === "idiv" || op === "imod") return quotient(op, a, b);
  if (op === "imul" && a.terms.size === 0) return times(b, a.constant);
  if (op === "imul" && b.terms.size === 0) return times(a, b.constant);
  return undefined;
}

/** (c·x + r) / c and (c·x + r) % c for a constant r >= 0: the part that c divides comes out whole. */
function quotient(op: "idiv" | "imod", a: Affine, b: Affine): Affine | undefined {
  const divisor = b.terms.size === 0 ? asNumber(b.constant) : undefined;
  const rest = asNumber(a.constant);
  if (divisor === undefined || divisor <= 0 || rest === undefined || rest < 0) return undefined;
  const parts = [...a.terms].map(([name, value]) => [name, divide(value, b.constant)] as const);
  if (parts.some(([, part]) => part === undefined)) return undefined;
  if (op === "imod") return constantAffine(constant(rest % divisor));
  return { terms: new Map(parts.map(([name, part]) => [name, part!])), constant: constant(Math.floor(rest / divisor)) };
}

/** Replaces the parts of composites by the composite itself wherever their coefficients are those of a row-major walk. */
export function collapse(a: Affine, composites: readonly Composite[]): Affine {
  let result = a;
  for (const { name, parts, strides } of composites) {
    const unit = result.terms.get(parts.at(-1) ?? "");
    if (parts.length < 2 || !unit) continue;
    const walk = parts.every((part, at) => equal(coefficient(result, part), multiply(unit, strides[at]!)));
    if (!walk) continue;
    const terms = new Map(result.terms);
    for (const part of parts) terms.delete(part);
    terms.set(name, unit);
    result = { terms, constant: result.constant };
  }
  return result;
}

/** a / 4 where every coefficient allows it whatever the variables are. */
export function quarter(a: Affine): Affine | undefined {
  const terms = new Map<string, Dim>();
  for (const [name, value] of a.terms) {
    const part = quarterDim(value);
    if (!part) return undefined;
    terms.set(name, part);
  }
  const rest = quarterDim(a.constant);
  return rest && { terms, constant: rest };
}

/** dim / 4, when it is a multiple of four for all sizes. */
export function quarterDim(dim: Dim): Dim | undefined {
  return dim.every((term) => term.coefficient % 4 === 0) ? dim.map((term) => ({ ...term, coefficient: term.coefficient / 4 })) : undefined;
}

/** Whether an index of this size can be taken four at a time, a number of times that is known. */
export function fallsIntoFours(size: Dim | undefined): boolean {
  return size !== undefined && asNumber(size) !== undefined && quarterDim(size) !== undefined;
}

/** i32 text; `names` gives the text of a variable. Terms stand in the order of the variables' names. */
export function affineText(a: Affine, names: (variable: string) => string): string {
  const parts = [...a.terms]
    .sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => {
      const number = asNumber(value);
      if (number === 1) return names(name);
      return `${names(name)} * ${number !== undefined ? numberText(number) : `(${dimText(value)})`}`;
    });
  if (a.constant.length > 0 || parts.length === 0) {
    const number = asNumber(a.constant);
    parts.push(number !== undefined ? numberText(number) : `(${dimText(a.constant)})`);
  }
  return parts.length === 1 ? parts[0]! : parts.join(" + ");
}

function numberText(value: number): string {
  return value < 0 ? `(${value})` : String(value);
}
