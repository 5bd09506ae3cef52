/**
 * Integer expressions in affine form, Σ coefficient · atom + constant, where an atom is an index or anything not affine (a quotient,
 * a remainder, an access …) and coefficients and the constant are sizes. From it follow a canonical text, ranges and comparisons.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { apply, exprKey, iadd, idiv, imod, imul, int, isub, size } from "../ir/expr.ts";
import type { Expr, ValueId } from "../ir/graph.ts";

export interface Affine {
  readonly terms: readonly AffineTerm[];
  readonly constant: Dim;
}

export interface AffineTerm {
  readonly atom: Expr;
  readonly coefficient: Dim;
}

/** What may be taken for granted where an expression is evaluated. */
export interface Known {
  /** Index k is in [0, sizes[k]); so, where it has a value, its size is at least 1. */
  sizeOf(index: number): Dim | undefined;
  /** Elements of this i32 value are in [0, range). */
  rangeOf?(value: ValueId): Dim | undefined;
}

export const NOTHING_KNOWN: Known = { sizeOf: () => undefined };

export function knownSizes(sizes: readonly Dim[]): Known {
  return { sizeOf: (at) => sizes[at] };
}

export function affineOf(expr: Expr): Affine {
  if (expr.kind === "const") return { terms: [], constant: dims.constant(expr.value) };
  if (expr.kind === "size") return { terms: [], constant: expr.dim };
  if (expr.kind === "apply") {
    const [a, b] = expr.args;
    switch (expr.op) {
      case "iadd":
        return plus(affineOf(a!), affineOf(b!));
      case "isub":
        return plus(affineOf(a!), times(affineOf(b!), dims.constant(-1)));
      case "ineg":
        return times(affineOf(a!), dims.constant(-1));
      case "imul": {
        const [left, right] = [affineOf(a!), affineOf(b!)];
        if (left.terms.length === 0) return times(right, left.constant);
        if (right.terms.length === 0) return times(left, right.constant);
      }
    }
  }
  return { terms: [{ atom: expr, coefficient: dims.ONE }], constant: dims.ZERO };
}

export function plus(...parts: readonly Affine[]): Affine {
  const byAtom = new Map<string, AffineTerm>();
  for (const { atom, coefficient } of parts.flatMap((part) => part.terms)) {
    const key = exprKey(atom);
    byAtom.set(key, { atom, coefficient: dims.add(coefficient, byAtom.get(key)?.coefficient ?? dims.ZERO) });
  }
  const terms = [...byAtom.values()].filter((term) => term.coefficient.length > 0).sort(compareTerms);
  return { terms, constant: dims.add(...parts.map((part) => part.constant)) };
}

export function times(a: Affine, by: Dim): Affine {
  if (by.length === 0) return { terms: [], constant: dims.ZERO };
  return {
    terms: a.terms.map(({ atom, coefficient }) => ({ atom, coefficient: dims.multiply(coefficient, by) })),
    constant: dims.multiply(a.constant, by),
  };
}

export function minus(a: Affine, b: Affine): Affine {
  return plus(a, times(b, dims.constant(-1)));
}

/** Indices by position, then other atoms by their text. */
function compareTerms(a: AffineTerm, b: AffineTerm): number {
  if (a.atom.kind === "index" && b.atom.kind === "index") return a.atom.at - b.atom.at;
  if (a.atom.kind === "index" || b.atom.kind === "index") return a.atom.kind === "index" ? -1 : 1;
  const [x, y] = [exprKey(a.atom), exprKey(b.atom)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** As an expression: what is added first, then what is subtracted, each in order. */
export function fromAffine({ terms, constant }: Affine): Expr {
  const added: Expr[] = [], subtracted: Expr[] = [];
  for (const { atom, coefficient } of terms) {
    const negative = isNegative(coefficient);
    const magnitude = negative ? dims.scale(coefficient, -1) : coefficient;
    (negative ? subtracted : added).push(dims.asNumber(magnitude) === 1 ? atom : imul(atom, size(magnitude)));
  }
  if (constant.length > 0) {
    if (isNegative(constant) && (added.length > 0 || subtracted.length > 0)) subtracted.push(size(dims.scale(constant, -1)));
    else added.push(size(constant));
  }
  const [first, ...rest] = added;
  const sum = first ? rest.reduce(iadd, first) : undefined;
  if (sum) return subtracted.reduce(isub, sum);
  const [head, ...others] = subtracted;
  return head ? others.reduce(isub, apply("ineg", head)) : int(0);
}

function isNegative(dim: Dim): boolean {
  return dim.every((term) => term.coefficient < 0);
}

/** An integer expression in its shortest known form; equal affine forms give equal expressions. Its subexpressions must be simple already. */
export function simpleInteger(expr: Expr, known: Known): Expr {
  if (expr.kind !== "apply") return expr;
  const [a, b] = expr.args;
  switch (expr.op) {
    case "iadd":
    case "isub":
    case "ineg":
    case "imul":
      return fromAffine(joined(affineOf(expr)));
    case "idiv":
      return quotient(a!, b!, known) ?? expr;
    case "imod":
      return remainder(a!, b!, known) ?? expr;
    default:
      return expr;
  }
}

/** c·floor(x / c) + x mod c = x, with any factor before both. */
function joined(a: Affine): Affine {
  for (const remainder of a.terms) {
    if (remainder.atom.kind !== "apply" || remainder.atom.op !== "imod") continue;
    const [of, by] = remainder.atom.args as [Expr, Expr];
    const divisor = affineOf(by);
    if (divisor.terms.length > 0) continue;
    const quotient = exprKey(idiv(of, by)), factor = dims.multiply(remainder.coefficient, divisor.constant);
    const other = a.terms.find((term) => exprKey(term.atom) === quotient && dims.equal(term.coefficient, factor));
    if (!other) continue;
    const rest = { terms: a.terms.filter((term) => term !== other && term !== remainder), constant: a.constant };
    return joined(plus(rest, times(affineOf(of), remainder.coefficient)));
  }
  return a;
}

/** floor((c·q + r) / c) = q + floor(r / c), and floor(r / c) = 0 for r in [0, c). */
function quotient(a: Expr, b: Expr, known: Known): Expr | undefined {
  const divisor = positiveSize(b, known);
  if (!divisor) return undefined;
  const { multiple, rest } = split(affineOf(a), divisor);
  if (within(rest, divisor, known)) return fromAffine(multiple);
  const inner = fromAffine(rest);
  // floor(floor(x / a) / b) = floor(x / ab)
  const [nested, by] = inner.kind === "apply" && inner.op === "idiv" ? inner.args : [];
  const innerDivisor = by && positiveSize(by, known);
  const reduced = innerDivisor ? idiv(nested!, size(dims.multiply(innerDivisor, divisor))) : idiv(inner, size(divisor));
  return fromAffine(plus(multiple, { terms: [{ atom: reduced, coefficient: dims.ONE }], constant: dims.ZERO }));
}

function remainder(a: Expr, b: Expr, known: Known): Expr | undefined {
  const divisor = positiveSize(b, known);
  if (!divisor) return undefined;
  const { rest } = split(affineOf(a), divisor);
  if (within(rest, divisor, known)) return fromAffine(rest);
  const inner = fromAffine(rest);
  // (x mod ab) mod b = x mod b
  if (inner.kind === "apply" && inner.op === "imod") {
    const outer = affineOf(inner.args[1]!);
    if (outer.terms.length === 0 && dims.divide(outer.constant, divisor)) return imod(inner.args[0]!, size(divisor));
  }
  return imod(inner, size(divisor));
}

/** a = multiple · divisor + rest, taking apart what is known to divide. */
function split(a: Affine, divisor: Dim): { multiple: Affine; rest: Affine } {
  const whole: AffineTerm[] = [], rest: AffineTerm[] = [];
  for (const term of a.terms) {
    const by = dims.divide(term.coefficient, divisor);
    if (by) whole.push({ atom: term.atom, coefficient: by });
    else rest.push(term);
  }
  const by = dims.divide(a.constant, divisor);
  const [c, d] = [dims.asNumber(a.constant), dims.asNumber(divisor)];
  const constant = by ?? (c !== undefined && d !== undefined ? dims.constant(Math.floor(c / d)) : dims.ZERO);
  return {
    multiple: plus({ terms: whole, constant }),
    rest: { terms: rest, constant: dims.subtract(a.constant, dims.multiply(constant, divisor)) },
  };
}

function positiveSize(expr: Expr, known: Known): Dim | undefined {
  const { terms, constant } = affineOf(expr);
  return terms.length === 0 && isNonNegative(dims.subtract(constant, dims.ONE), [constant]) ? constant : undefined;
}

function within(a: Affine, limit: Dim, known: Known): boolean {
  return proveLess(fromAffine({ terms: [], constant: dims.constant(-1) }), fromAffine(a), known) === true &&
    proveLess(fromAffine(a), size(limit), known) === true;
}

/** Whether a < b: always, never, or unknown. */
export function proveLess(a: Expr, b: Expr, known: Known): boolean | undefined {
  const difference = minus(affineOf(b), affineOf(a));
  const positive = presentNames(difference, known);
  const low = lowest(difference, known);
  if (low && isNonNegative(dims.subtract(low, dims.ONE), positive)) return true;
  const high = lowest(times(difference, dims.constant(-1)), known);
  if (high && isNonNegative(high, positive)) return false;
  return undefined;
}

export function proveEqual(a: Expr, b: Expr, known: Known): boolean | undefined {
  const difference = minus(affineOf(a), affineOf(b));
  if (difference.terms.length === 0 && difference.constant.length === 0) return true;
  if (proveLess(a, b, known) === true || proveLess(b, a, known) === true) return false;
  // Between 0 and 0.
  return proveLess(a, b, known) === false && proveLess(b, a, known) === false ? true : undefined;
}

/** A lower bound, as a size. */
function lowest(a: Affine, known: Known): Dim | undefined {
  let total: Dim = a.constant;
  for (const { atom, coefficient } of a.terms) {
    const negative = isNegative(coefficient);
    if (!negative && !isNonNegative(coefficient, [])) return undefined;
    const bound = negative ? highestOf(atom, known) : lowestOf(atom, known);
    if (!bound) return undefined;
    total = dims.add(total, dims.multiply(coefficient, bound));
  }
  return total;
}

function lowestOf(atom: Expr, known: Known): Dim | undefined {
  if (atom.kind === "index") return known.sizeOf(atom.at) ? dims.ZERO : undefined;
  if (atom.kind === "access") return known.rangeOf?.(atom.value) ? dims.ZERO : undefined;
  if (atom.kind !== "apply") return undefined;
  const [a, b] = atom.args;
  switch (atom.op) {
    case "imod":
    case "iabs":
    case "fromBool":
      return dims.ZERO;
    case "idiv":
      return positiveSize(b!, known) && proveLess(a!, int(0), known) === false ? dims.ZERO : undefined;
    case "imax":
      return proveLess(a!, int(0), known) === false || proveLess(b!, int(0), known) === false ? dims.ZERO : undefined;
    case "imin":
      return proveLess(a!, int(0), known) === false && proveLess(b!, int(0), known) === false ? dims.ZERO : undefined;
    default:
      return undefined;
  }
}

function highestOf(atom: Expr, known: Known): Dim | undefined {
  const below = (limit: Dim | undefined): Dim | undefined => limit && dims.subtract(limit, dims.ONE);
  if (atom.kind === "index") return below(known.sizeOf(atom.at));
  if (atom.kind === "access") return below(known.rangeOf?.(atom.value));
  if (atom.kind !== "apply") return undefined;
  const [a, b] = atom.args;
  if (atom.op === "fromBool") return dims.ONE;
  if (atom.op === "imod") return below(positiveSize(b!, known));
  if (atom.op === "idiv") {
    const divisor = positiveSize(b!, known);
    const top = divisor && lowest(times(affineOf(a!), dims.constant(-1)), known);
    // x <= t gives x / c <= floor(t / c) = ceil((t + 1) / c) - 1
    return top && below(dims.quotient("ceil", dims.add(dims.scale(top, -1), dims.ONE), divisor));
  }
  if (atom.op === "imin") return highestAffine(b!, known) ?? highestAffine(a!, known);
  return undefined;
}

function highestAffine(expr: Expr, known: Known): Dim | undefined {
  const low = lowest(times(affineOf(expr), dims.constant(-1)), known);
  return low && dims.scale(low, -1);
}

/** Sizes of the indices that occur, each at least 1 wherever the expression has a value. */
function presentNames(a: Affine, known: Known): Dim[] {
  const found: Dim[] = [];
  const visit = (expr: Expr): void => {
    if (expr.kind === "index") {
      const extent = known.sizeOf(expr.at);
      if (extent) found.push(extent);
    } else if (expr.kind === "apply") expr.args.forEach(visit);
  };
  for (const term of a.terms) visit(term.atom);
  return found;
}

/** Named sizes are >= 0; those that stand alone in `positive` are >= 1: with n = 1 + n', no coefficient may be negative. */
function isNonNegative(dim: Dim, positive: readonly Dim[]): boolean {
  const shifted = new Map<string, Dim>();
  for (const extent of positive) {
    const [term, ...others] = extent;
    if (!term || others.length > 0) continue;
    for (const factor of term.factors) if (typeof factor === "string") shifted.set(factor, dims.add(dims.named(factor), dims.ONE));
  }
  return dims.isNonNegative(dims.substitute(dim, shifted));
}
