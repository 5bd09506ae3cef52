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
import { apply, dependsOn, iadd, idiv, imod, imul, index, int, isConst, isub, size, substituteIndices } from "../ir/expr.ts";
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

// While solving, two kinds of index share one space: axes of x from 0, unknowns from UNKNOWN. The first unknowns are the equation's
// indices; a digit that is solved alone leaves the digits above and below it as new ones.
const UNKNOWN = 1_000_000;

/** floor(i / low) mod (high / low); without `high` just the quotient. */
interface Digit {
  readonly of: number;
  readonly low: Dim;
  readonly high?: Dim;
}

/** A term of a slot that can be solved for: an open unknown, or a digit of one. */
interface Candidate extends Digit {
  readonly term: AffineTerm;
  /** It is in [0, extent). */
  readonly extent: Dim;
}

interface Unknown {
  readonly extent: Dim;
  /** Belongs to an axis of the result. */
  readonly result: boolean;
  value?: Expr;
}

class Solver {
  readonly #axes: readonly Dim[];
  readonly #indices: number;
  readonly #unknowns: Unknown[];
  readonly #ranges: Expr[] = [];
  readonly #others: Expr[] = [];
  readonly #known: Known;

  constructor(axes: readonly Dim[], sizes: readonly Dim[], results: number) {
    this.#axes = axes;
    this.#indices = sizes.length;
    this.#unknowns = sizes.map((extent, at) => ({ extent, result: at < results }));
    this.#known = { sizeOf: (at) => (at >= UNKNOWN ? this.#unknowns[at - UNKNOWN]?.extent : axes[at]) };
  }

  solve(slots: readonly Expr[]): Preimage {
    const renamed = slots.map((slot) => substituteIndices(slot, (at) => index(UNKNOWN + at)));
    const open = new Set(renamed.keys());
    const attempt = (solves: (slot: Expr, axis: number) => boolean): void => {
      for (const axis of [...open]) if (solves(this.#current(renamed[axis]!), axis)) open.delete(axis);
    };
    // Bare indices first: the rest may follow from them.
    attempt((slot, axis) => slot.kind === "index" && slot.at >= UNKNOWN && this.#solveAffine(slot, axis));
    attempt((slot, axis) => this.#solveAffine(slot, axis));
    for (const axis of open) this.#others.push(apply("ieq", this.#current(renamed[axis]!), index(axis)));
    return this.#finish();
  }

  /** The expression with everything solved so far put in. */
  #current(expr: Expr): Expr {
    let current = simplifyExpr(expr, this.#known);
    for (;;) {
      const next = substituteIndices(current, (at) => (at >= UNKNOWN ? this.#unknowns[at - UNKNOWN]!.value : undefined));
      if (next === current) return current;
      current = simplifyExpr(next, this.#known);
    }
  }

  #solveAffine(slot: Expr, axis: number): boolean {
    const { terms, constant } = affineOf(slot);
    // An unknown that also hides in another term cannot be isolated.
    const usable = terms.flatMap((term) => this.#candidate(term) ?? []).filter((candidate) => {
      const hidden = new Set([UNKNOWN + candidate.of]);
      return !terms.some((term) => term !== candidate.term && dependsOn(term.atom, hidden));
    });
    if (usable.length === 0) return false;
    const target = (without: readonly Candidate[]): Expr => {
      const rest = fromAffine({ terms: terms.filter((term) => !without.some((candidate) => candidate.term === term)), constant });
      return simplifyExpr(isub(index(axis), rest), this.#known);
    };

    const digits = positional(usable);
    if (digits) {
      // j = a·i + k with every k below its a.
      let value = target(digits);
      for (const [at, candidate] of digits.entries()) {
        const next = digits[at + 1];
        const radix = next && size(dims.divide(next.term.coefficient, candidate.term.coefficient)!);
        this.#take(candidate, radix ? simplifyExpr(imod(value, radix), this.#known) : value);
        if (radix) value = simplifyExpr(idiv(value, radix), this.#known);
      }
      return true;
    }
    const chosen = this.#preferred(usable);
    const factor = chosen.term.coefficient, unit = dims.asNumber(factor);
    const value = target([chosen]);
    if (unit === 1 || unit === -1) this.#take(chosen, unit === 1 ? value : simplifyExpr(apply("ineg", value), this.#known));
    else {
      this.#others.push(apply("ieq", imod(value, size(factor)), int(0)));
      this.#take(chosen, simplifyExpr(idiv(value, size(factor)), this.#known));
    }
    return true;
  }

  #candidate(term: AffineTerm): Candidate | undefined {
    const factor = dims.asNumber(term.coefficient);
    if (factor === undefined ? !term.coefficient.every((part) => part.coefficient > 0) : factor < -1) return undefined;
    const digit = digitOf(term.atom);
    const unknown = digit && this.#unknowns[digit.of];
    if (!unknown || unknown.value) return undefined;
    const extent = digit.high ? dims.divide(digit.high, digit.low)! : dims.quotient("ceil", unknown.extent, digit.low);
    return { ...digit, term, extent };
  }

  /** Sets an unknown or a digit of it; what keeps it in its range becomes a predicate. */
  #take({ of, low, high, extent }: Candidate, value: Expr): void {
    const unknown = this.#unknowns[of]!;
    const parts = [imul(value, size(low))];
    if (!dims.equal(low, dims.ONE)) parts.push(this.#rest(low, unknown));
    if (high) parts.push(imul(this.#rest(dims.quotient("ceil", unknown.extent, high), unknown), size(high)));
    unknown.value = simplifyExpr(parts.reduce(iadd), this.#known);
    this.#ranges.push(apply("ile", int(0), value));
    if (high) this.#ranges.push(apply("ilt", value, size(extent)));
    this.#ranges.push(apply("ilt", unknown.value, size(unknown.extent)));
  }

  /** What a solved digit leaves of its unknown. */
  #rest(extent: Dim, of: Unknown): Expr {
    if (dims.asNumber(extent) === 1) return int(0);
    this.#unknowns.push({ extent, result: of.result });
    return index(UNKNOWN + this.#unknowns.length - 1);
  }

  /** Axes of the result before reduced indices: those are short (a filter's), and a sum over them is what is wanted. */
  #preferred(candidates: readonly Candidate[]): Candidate {
    const rank = ({ of, term }: Candidate): number =>
      (this.#unknowns[of]!.result ? 0 : 2) + (Math.abs(dims.asNumber(term.coefficient) ?? 2) === 1 ? 0 : 1);
    return candidates.reduce((best, candidate) => (rank(candidate) < rank(best) ? candidate : best));
  }

  /** Numbers the free indices after the axes and leaves out what always holds. */
  #finish(): Preimage {
    const left = [...this.#unknowns.keys()].filter((at) => !this.#unknowns[at]!.value);
    const place = (at: number): Expr => index(at >= UNKNOWN ? this.#axes.length + left.indexOf(at - UNKNOWN) : at);
    const final = (expr: Expr): Expr => substituteIndices(this.#current(expr), place);
    return {
      solution: Array.from({ length: this.#indices }, (_, at) => final(index(UNKNOWN + at))),
      free: left.map((at) => this.#unknowns[at]!.extent),
      where: [...this.#ranges, ...this.#others].map(final).filter((condition) => !isConst(condition, 1)),
    };
  }
}

function digitOf(atom: Expr): Digit | undefined {
  if (atom.kind === "index") return atom.at >= UNKNOWN ? { of: atom.at - UNKNOWN, low: dims.ONE } : undefined;
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
function positional(unknowns: readonly Candidate[]): Candidate[] | undefined {
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

function divides(a: Dim, b: Dim): boolean {
  return dims.divide(b, a) !== undefined;
}
