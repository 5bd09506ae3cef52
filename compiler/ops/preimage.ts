/**
 * Solves x[A(i)] for i: which points of an equation read the element j of x. Its indices become expressions in j and in what stays
 * free; a free index is summed over by whoever asks, and predicates exclude the points that read another element.
 *
 *     slot                                     solution                        left over
 *     i;  i + c;  c - i                        i = j;  j - c;  c - j           0 <= i < n
 *     i/c;  i/c beside i%c                     i = c·j + r, r < c;  c·j₁ + j₂  i < n
 *     a·i + k with k < a                       i = j/a, k = j%a                i < n
 *     a·i + k - p otherwise                    i = (j - k + p)/a, k free       (j - k + p) % a == 0, 0 <= i < n
 *     data, constants, indices solved already  none                            slot == j
 *
 * Predicates that always hold are left out.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { apply, dependsOn, iadd, idiv, imod, imul, index, int, isConst, isub, mapExpr, size, substituteIndices } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import { type AffineTerm, type Known, affineOf, fromAffine, proveLess } from "./affine.ts";
import { simplifyExpr } from "./algebra.ts";

export interface Preimage {
  /** For each index of the equation, its value at a point of the new index space: the axes of x, then the free indices. */
  readonly solution: readonly Expr[];
  /** Sizes of the free indices. */
  readonly free: readonly Dim[];
  /** Over the new index space; ranges come first, so that later ones are evaluated within them. */
  readonly where: readonly Expr[];
}

/**
 * @param slots of the access, over the equation's indices
 * @param axes sizes of x
 * @param sizes of the equation's indices; the first `results` are its result's axes, which are preferred as unknowns
 */
export function preimage(slots: readonly Expr[], axes: readonly Dim[], sizes: readonly Dim[], results: number): Preimage {
  return new Solver(axes, sizes, results).solve(slots);
}

// While solving, the three kinds of index share one space: axes of x from 0, the equation's from OLD, new free ones from NEW.
const OLD = 1_000_000, NEW = 2_000_000;

/** floor(i / low) mod (high / low); without `high` just the quotient. */
interface Digit {
  readonly of: number;
  readonly low: Dim;
  readonly high?: Dim;
}

interface Unknown extends Digit {
  readonly term: AffineTerm;
  /** It is in [0, extent). */
  readonly extent: Dim;
}

class Solver {
  readonly #axes: readonly Dim[];
  readonly #sizes: readonly Dim[];
  readonly #results: number;
  readonly #solved = new Map<number, Expr>();
  readonly #digits = new Map<number, { readonly digit: Digit; readonly value: Expr }[]>();
  readonly #fresh: Dim[] = [];
  readonly #ranges: Expr[] = [];
  readonly #others: Expr[] = [];
  readonly #known: Known;

  constructor(axes: readonly Dim[], sizes: readonly Dim[], results: number) {
    this.#axes = axes;
    this.#sizes = sizes;
    this.#results = results;
    this.#known = { sizeOf: (at) => (at >= NEW ? this.#fresh[at - NEW] : at >= OLD ? sizes[at - OLD] : axes[at]) };
  }

  solve(slots: readonly Expr[]): Preimage {
    const renamed = slots.map((slot) => simplifyExpr(substituteIndices(slot, (at) => index(OLD + at)), this.#known));
    const open = new Set(renamed.keys());
    const attempt = (solves: (slot: Expr, axis: number) => boolean): void => {
      for (const axis of [...open]) if (solves(this.#current(renamed[axis]!), axis)) open.delete(axis);
    };
    attempt((slot, axis) => slot.kind === "index" && slot.at >= OLD && this.#settle(slot.at - OLD, index(axis)));
    attempt((slot, axis) => this.#solveAffine(slot, axis));
    for (const at of this.#digits.keys()) this.#assemble(at);
    for (const axis of open) this.#others.push(apply("ieq", this.#current(renamed[axis]!), index(axis)));
    return this.#finish();
  }

  /** The expression with everything solved so far put in. */
  #current(expr: Expr): Expr {
    let current = expr;
    for (;;) {
      const next = mapExpr(current, (node) => (node.kind === "index" && node.at >= OLD && node.at < NEW ? (this.#solved.get(node.at - OLD) ?? node) : node));
      if (next === current) return simplifyExpr(current, this.#known);
      current = next;
    }
  }

  /** Sets an index; what keeps it in its range becomes a predicate. */
  #settle(at: number, value: Expr): boolean {
    if (this.#solved.has(at)) return false;
    this.#solved.set(at, value);
    this.#requireRange(value, this.#sizes[at]!);
    return true;
  }

  #requireRange(value: Expr, extent: Dim): void {
    this.#ranges.push(apply("ile", int(0), value), apply("ilt", value, size(extent)));
  }

  #solveAffine(slot: Expr, axis: number): boolean {
    const { terms, constant } = affineOf(slot);
    const unknowns = terms.map((term) => this.#unknown(term)).filter((unknown) => unknown !== undefined);
    // An index that also hides in another term cannot be isolated.
    const usable = unknowns.filter((unknown) => {
      const hidden = new Set([OLD + unknown.of]);
      return !terms.some((term) => term !== unknown.term && dependsOn(term.atom, hidden));
    });
    if (usable.length === 0) return false;
    const rest = (without: readonly Unknown[]): Expr =>
      fromAffine({ terms: terms.filter((term) => !without.some((unknown) => unknown.term === term)), constant });
    const target = (without: readonly Unknown[]): Expr => simplifyExpr(isub(index(axis), rest(without)), this.#known);

    const places = positional(usable);
    if (places && places.length === usable.length) {
      // j = a·i + k with every k below its a: the digits of j.
      let value = target(places);
      for (const [at, unknown] of places.entries()) {
        const next = places[at + 1];
        if (!next) {
          this.#take(unknown, value);
          break;
        }
        const radix = size(dims.divide(next.term.coefficient, unknown.term.coefficient)!);
        const remainder = simplifyExpr(imod(value, radix), this.#known);
        value = simplifyExpr(idiv(value, radix), this.#known);
        this.#take(unknown, remainder);
      }
      return true;
    }
    const chosen = preferred(usable, this.#results);
    const factor = chosen.term.coefficient;
    const value = target([chosen]);
    const unit = dims.asNumber(factor);
    if (unit === 1) this.#take(chosen, value);
    else if (unit === -1) this.#take(chosen, simplifyExpr(apply("ineg", value), this.#known));
    else {
      this.#others.push(apply("ieq", imod(value, size(factor)), int(0)));
      this.#take(chosen, simplifyExpr(idiv(value, size(factor)), this.#known));
    }
    return true;
  }

  /** A term that can be solved for: an index that is still open, or a digit of one. */
  #unknown(term: AffineTerm): Unknown | undefined {
    const factor = dims.asNumber(term.coefficient);
    if (factor !== undefined && factor < -1) return undefined;
    if (factor === undefined && !term.coefficient.every((part) => part.coefficient > 0)) return undefined;
    const digit = digitOf(term.atom);
    if (!digit || this.#solved.has(digit.of)) return undefined;
    const size = this.#sizes[digit.of]!;
    const whole = !digit.high && dims.equal(digit.low, dims.ONE);
    const taken = this.#digits.get(digit.of);
    if (taken?.some((other) => whole || overlap(other.digit, digit))) return undefined;
    const extent = digit.high ? dims.divide(digit.high, digit.low)! : dims.quotient("ceil", size, digit.low);
    return { ...digit, term, extent };
  }

  #take(unknown: Unknown, value: Expr): void {
    const whole = !unknown.high && dims.equal(unknown.low, dims.ONE);
    if (whole) {
      this.#settle(unknown.of, value);
      return;
    }
    // The top digit's upper limit follows from the whole index's.
    this.#ranges.push(apply("ile", int(0), value));
    if (unknown.high) this.#ranges.push(apply("ilt", value, size(unknown.extent)));
    const digits = this.#digits.get(unknown.of) ?? [];
    digits.push({ digit: unknown, value });
    this.#digits.set(unknown.of, digits);
  }

  /** An index from its digits; a missing one becomes free. */
  #assemble(at: number): void {
    const digits = [...this.#digits.get(at)!].sort((a, b) => (divides(a.digit.low, b.digit.low) ? -1 : 1));
    const terms: Expr[] = [];
    let reached: Dim | undefined = dims.ONE;
    const fill = (upTo: Dim): void => {
      if (!reached || dims.equal(reached, upTo)) return;
      terms.push(imul(this.#free(dims.divide(upTo, reached)!), size(reached)));
    };
    for (const { digit, value } of digits) {
      fill(digit.low);
      terms.push(imul(value, size(digit.low)));
      reached = digit.high;
    }
    if (reached) terms.push(imul(this.#free(dims.quotient("ceil", this.#sizes[at]!, reached)), size(reached)));
    const value = simplifyExpr(terms.reduce(iadd), this.#known);
    this.#solved.set(at, value);
    this.#ranges.push(apply("ilt", value, size(this.#sizes[at]!)));
  }

  #free(extent: Dim): Expr {
    if (dims.asNumber(extent) === 1) return int(0);
    this.#fresh.push(extent);
    return index(NEW + this.#fresh.length - 1);
  }

  /** Numbers the free indices after the axes and leaves out what always holds. */
  #finish(): Preimage {
    const left = this.#sizes.map((_, at) => at).filter((at) => !this.#solved.has(at));
    const place = (at: number): Expr => {
      if (at >= NEW) return index(this.#axes.length + left.length + at - NEW);
      return at >= OLD ? index(this.#axes.length + left.indexOf(at - OLD)) : index(at);
    };
    const final = (expr: Expr): Expr => substituteIndices(this.#current(expr), place);
    return {
      solution: this.#sizes.map((_, at) => final(index(OLD + at))),
      free: [...left.map((at) => this.#sizes[at]!), ...this.#fresh],
      where: [...this.#ranges, ...this.#others].map(final).filter((condition) => !isConst(condition, 1)),
    };
  }
}

function digitOf(atom: Expr): Digit | undefined {
  if (atom.kind === "index") return atom.at >= OLD && atom.at < NEW ? { of: atom.at - OLD, low: dims.ONE } : undefined;
  if (atom.kind !== "apply" || (atom.op !== "idiv" && atom.op !== "imod")) return undefined;
  const inner = digitOf(atom.args[0]!);
  const by = affineOf(atom.args[1]!);
  if (!inner || by.terms.length > 0) return undefined;
  const edge = dims.multiply(inner.low, by.constant);
  if (inner.high && !dims.divide(inner.high, edge)) return undefined;
  if (atom.op === "imod") return { of: inner.of, low: inner.low, high: edge };
  return { of: inner.of, low: edge, ...(inner.high ? { high: inner.high } : {}) };
}

/** Ascending by coefficient, where each is 1 or at least what the ones below can reach: the digits of a number. */
function positional(unknowns: readonly Unknown[]): Unknown[] | undefined {
  const ordered = [...unknowns].sort((a, b) => (divides(a.term.coefficient, b.term.coefficient) ? -1 : 1));
  if (dims.asNumber(ordered[0]!.term.coefficient) !== 1) return undefined;
  for (const [at, unknown] of ordered.entries()) {
    const next = ordered[at + 1];
    if (!next) break;
    const radix = dims.divide(next.term.coefficient, unknown.term.coefficient);
    if (!radix || proveLess(size(radix), size(unknown.extent), { sizeOf: () => undefined }) !== false) return undefined;
    if (ordered.some((other) => other !== unknown && other.of === unknown.of)) return undefined;
  }
  return ordered;
}

/** Axes of the result before reduced indices: those are short (a filter's), and a sum over them is what is wanted. */
function preferred(unknowns: readonly Unknown[], results: number): Unknown {
  const rank = (unknown: Unknown): number => (unknown.of < results ? 0 : 2) + (Math.abs(dims.asNumber(unknown.term.coefficient) ?? 2) === 1 ? 0 : 1);
  return unknowns.reduce((best, unknown) => (rank(unknown) < rank(best) ? unknown : best));
}

function divides(a: Dim, b: Dim): boolean {
  return dims.divide(b, a) !== undefined;
}

function overlap(a: Digit, b: Digit): boolean {
  const below = (x: Digit, y: Digit): boolean => x.high !== undefined && divides(x.high, y.low);
  return !below(a, b) && !below(b, a);
}
