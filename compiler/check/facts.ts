/** What is known of named sizes: which divide which, which differences are not negative. Proofs are by polynomials. */
import type { Factor } from "../../runtime/size.ts";
import type { Dim } from "../dim.ts";
import { add, asName, asNumber, constant, divide, equal, key, multiply, named, ONE, print, quotient, scale, subtract, ZERO } from "../dim.ts";

export class Facts {
  /** name → divisor * quotient, from `require b divides a`, or what it is equal to, from `require a == …`. */
  private readonly multiples = new Map<string, Dim>();
  private readonly nonnegative: Dim[] = [];
  private readonly positive = new Set<string>();

  /** The same, to which more can be added apart. */
  copy(): Facts {
    const copy = new Facts();
    for (const [name, size] of this.multiples) copy.multiples.set(name, size);
    copy.nonnegative.push(...this.nonnegative);
    for (const name of this.positive) copy.positive.add(name);
    return copy;
  }

  /** A symbolic hyperparameter: at least 1. */
  assumePositive(name: string): void {
    this.positive.add(name);
  }

  assumeNonnegative(dim: Dim): void {
    if (dim.length > 0 && this.nonnegative.length < 64) this.nonnegative.push(tightened(this.normal(dim)));
  }

  assumeDivides(divisor: Dim, size: Dim): void {
    const n = this.normal(size);
    const only = asName(n);
    if (only === undefined || this.multiples.has(only)) return;
    const by = this.normal(divisor);
    if (by.some((term) => term.factors.includes(only))) return;
    const factor = print(quotient("floor", n, by));
    this.multiples.set(only, multiply(by, named(factor)));
    this.nonnegative.splice(0, this.nonnegative.length, ...this.nonnegative.map((fact) => tightened(this.normal(fact))));
    if (this.positive.has(only)) this.positive.add(factor);
  }

  /** One name of the two is from now on written as what it is equal to, so that shapes with the one are shapes with the other. */
  assumeEqual(a: Dim, b: Dim): void {
    this.assumeNonnegative(subtract(a, b));
    this.assumeNonnegative(subtract(b, a));
    const solved = solvedForName(subtract(this.normal(a), this.normal(b)));
    if (!solved) return;
    this.multiples.set(solved.name, solved.size);
    this.nonnegative.splice(0, this.nonnegative.length, ...this.nonnegative.map((fact) => tightened(this.normal(fact))).filter((fact) => fact.length > 0));
    this.assumeNonnegative(this.positive.has(solved.name) ? subtract(solved.size, ONE) : solved.size);
  }

  equal(a: Dim, b: Dim): boolean {
    if (a === b) return true;
    const [x, y] = [asNumber(a), asNumber(b)];
    if (x !== undefined && y !== undefined) return x === y;
    return equal(a, b) || equal(this.normal(a), this.normal(b));
  }

  /** The exact quotient, where b is known to divide a. */
  exactQuotient(a: Dim, b: Dim): Dim | undefined {
    const plain = divide(a, b);
    if (plain) return plain;
    return divide(this.normal(a), this.normal(b)) ? quotient("floor", a, b) : undefined;
  }

  /** Whether the size is at least 0 for all values of its names, given the facts and the sizes that are known to be positive here. */
  proves(dim: Dim, alsoNonnegative: readonly Dim[] = []): boolean {
    const written = this.normal(dim, alsoNonnegative);
    const goals = [...new Set([written, tightened(written)])].map((goal) => this.shifted(goal));
    if (goals.some(allNonnegative)) return true;
    const facts = [...this.nonnegative, ...alsoNonnegative.map((fact) => tightened(this.normal(fact, alsoNonnegative)))].map((fact) => this.shifted(fact));
    if (goals.some((goal) => follows(goal, facts.slice(0, 24), 3))) return true;
    const without = this.withoutQuotient(tightened(dim), alsoNonnegative);
    return without !== undefined && this.proves(subtract(without.divisor, ONE), alsoNonnegative) && this.proves(without.goal, alsoNonnegative);
  }

  /** Coefficient by coefficient the larger (or smaller): a bound, as sizes are not negative; those known to be positive count from 1. */
  bound(a: Dim, b: Dim, choose: (x: number, y: number) => number, alsoNonnegative: readonly Dim[]): Dim {
    const ones = new Set([...this.positive, ...alsoNonnegative.flatMap((dim) => asName(add(this.normal(dim), ONE)) ?? [])]);
    const [p, q] = [shift(this.normal(a), ones, 1), shift(this.normal(b), ones, 1)];
    const terms = new Map([...p, ...q].map((term) => [key([{ ...term, coefficient: 1 }]), term.factors]));
    const of = (dim: Dim, id: string): number => dim.find((term) => key([{ ...term, coefficient: 1 }]) === id)?.coefficient ?? 0;
    const chosen = add(...[...terms].map(([id, factors]) => scale([{ coefficient: 1, factors }], choose(of(p, id), of(q, id)))));
    return shift(chosen, ones, -1);
  }

  /** Multiples written out, quotients as names of their own: like all names these stand for what is not negative. */
  normal(dim: Dim, alsoNonnegative: readonly Dim[] = [], depth = 0): Dim {
    if (depth > 6) return dim;
    return add(
      ...dim.map((term) =>
        multiply(
          constant(term.coefficient),
          ...term.factors.map((factor) => {
            if (typeof factor === "string") {
              const multiple = this.multiples.get(factor);
              return multiple ? this.normal(multiple, alsoNonnegative, depth + 1) : named(factor);
            }
            return this.normalQuotient(factor.round, this.normal(factor.numerator, alsoNonnegative, depth + 1), this.normal(factor.denominator, alsoNonnegative, depth + 1), alsoNonnegative);
          }),
        ),
      ),
    );
  }

  /** What the divisor divides in front: (w*m - 1) / w is m - 1. What then may be negative is the difference of its positive and negative parts. */
  private normalQuotient(round: "floor" | "ceil", numerator: Dim, divisor: Dim, alsoNonnegative: readonly Dim[]): Dim {
    const { whole, rest } = division(numerator, divisor);
    if (rest.length === 0) return whole;
    const isSize = (size: Dim): boolean => this.proves(size, alsoNonnegative.filter(isOfNames));
    const between = (low: Dim, high: Dim): boolean => isSize(subtract(rest, low)) && isSize(subtract(high, rest));
    const most = subtract(divisor, ONE);
    if (between(round === "floor" ? ZERO : scale(most, -1), round === "floor" ? most : ZERO)) return whole;
    if (round === "floor" && between(scale(divisor, -1), constant(-1))) return subtract(whole, ONE);
    if (round === "ceil" && between(ONE, divisor)) return add(whole, ONE);
    const atom = (of: Dim): Dim => named(print(quotient(round, of, divisor)));
    if (isSize(divisor) && isSize(rest)) return add(whole, atom(rest));
    return isSize(divisor) && isSize(numerator) ? atom(numerator) : subtract(atom(numerator), named(`-${print(atom(numerator))}`));
  }

  /**
   * A goal that is nonnegative only if the given one is, without one of its quotients: n - d < d*floor(n/d) <= n, so
   * rest + c*floor(n/d) >= 0 follows from d*rest + c*n >= 0 where c < 0, and from d*rest + c*(n - d + 1) >= 0 where c > 0.
   * A quotient that stands alone, c being 1 or -1, is beside a whole number: floor(n/d) >= r says n >= d*r and r >= floor(n/d) says
   * d*r + d - 1 >= n, no more and no less.
   */
  private withoutQuotient(dim: Dim, alsoNonnegative: readonly Dim[]): { readonly goal: Dim; readonly divisor: Dim } | undefined {
    const found = dim.flatMap((term) => term.factors).find((factor) => typeof factor !== "string");
    if (!found) return undefined;
    const isIt = (factor: Factor): boolean => key([{ coefficient: 1, factors: [factor] }]) === key([{ coefficient: 1, factors: [found] }]);
    const slack = subtract(found.denominator, ONE);
    const [low, high] = found.round === "floor" ? [subtract(found.numerator, slack), found.numerator] : [found.numerator, add(found.numerator, slack)];
    const [term, ...others] = dim.filter(({ factors }) => factors.some(isIt));
    const isAlone = others.length === 0 && term!.factors.length === 1 && Math.abs(term!.coefficient) === 1;
    const [least, most] = isAlone ? [high, low] : [low, high];
    const parts: Dim[] = [];
    for (const term of dim) {
      const others = term.factors.filter((factor) => !isIt(factor)).map((factor): Dim => [{ coefficient: 1, factors: [factor] }]);
      const times = term.factors.length - others.length;
      if (times > 1 || (times === 1 && !others.every((other) => this.proves(other, alsoNonnegative)))) return undefined;
      parts.push(multiply(constant(term.coefficient), ...others, times === 0 ? found.denominator : term.coefficient < 0 ? most : least));
    }
    return { goal: add(...parts), divisor: found.denominator };
  }

  private shifted(dim: Dim): Dim {
    return this.positive.size === 0 ? dim : shift(dim, this.positive, 1);
  }
}

/** Each of the names with `by` added. */
function shift(dim: Dim, names: ReadonlySet<string>, by: number): Dim {
  return add(
    ...dim.map((term) =>
      multiply(
        constant(term.coefficient),
        ...term.factors.map((factor) => (typeof factor === "string" && names.has(factor) ? add(named(factor), constant(by)) : [{ coefficient: 1, factors: [factor] }])),
      ),
    ),
  );
}

/**
 * numerator = divisor * whole + rest. Of a number as divisor the rest has coefficients below it, and so is not negative; of a product of
 * sizes it is the terms that do not have it.
 */
function division(numerator: Dim, divisor: Dim): { readonly whole: Dim; readonly rest: Dim } {
  const exact = divide(numerator, divisor);
  if (exact) return { whole: exact, rest: ZERO };
  const by = asNumber(divisor);
  const whole = by === undefined || by < 1
    ? add(...(divisor.length === 1 ? numerator : []).map((term) => divide([term], divisor) ?? ZERO))
    : add(...numerator.map((term) => scale([{ ...term, coefficient: 1 }], Math.floor(term.coefficient / by))));
  return { whole, rest: subtract(numerator, multiply(divisor, whole)) };
}

/** name = size, where that is what `difference` = 0 says; the name is in one term by itself. */
function solvedForName(difference: Dim): { readonly name: string; readonly size: Dim } | undefined {
  for (const term of difference) {
    const rest = subtract(difference, [term]);
    const name = asName([{ ...term, coefficient: 1 }]);
    if (name === undefined || !isOfNames(rest) || rest.some(({ factors }) => factors.includes(name))) continue;
    const size = divide(scale(rest, -1), constant(term.coefficient));
    if (size) return { name, size };
  }
  return undefined;
}

/** The same of whole numbers: 2*n - 1 is not negative where n - 1 is not. */
function tightened(dim: Dim): Dim {
  const varying = dim.filter(({ factors }) => factors.length > 0);
  const common = varying.reduce((divisor, { coefficient }) => commonDivisor(divisor, Math.abs(coefficient)), 0);
  if (common < 2) return dim;
  const rest = asNumber(subtract(dim, varying))!;
  return add(varying.map((term) => ({ ...term, coefficient: term.coefficient / common })), constant(Math.floor(rest / common)));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A quotient that is left in may be negative. */
function allNonnegative(dim: Dim): boolean {
  return isOfNames(dim) && dim.every((term) => term.coefficient >= 0);
}

function isOfNames(dim: Dim): boolean {
  return dim.every((term) => term.factors.every((factor) => typeof factor === "string"));
}

/** Whether goal = Σ cᵢ·factᵢ + something nonnegative, with at most `steps` facts. */
function follows(goal: Dim, facts: readonly Dim[], steps: number): boolean {
  if (allNonnegative(goal)) return true;
  if (steps === 0) return false;
  const tried = new Set<string>();
  for (const fact of facts) {
    for (const times of multipliers(goal, fact)) {
      const rest = subtract(goal, multiply(times, fact));
      const id = key(rest);
      if (tried.has(id) || rest.length > goal.length + 2) continue;
      tried.add(id);
      if (follows(rest, facts, steps - 1)) return true;
    }
  }
  return false;
}

/** Nonnegative monomials that make a negative term of the goal cancel against a negative term of the fact. */
function multipliers(goal: Dim, fact: Dim): Dim[] {
  const found: Dim[] = [];
  for (const term of goal) {
    if (term.coefficient >= 0) continue;
    for (const against of fact) {
      if (against.coefficient >= 0) continue;
      const ratio = divide([{ ...term, coefficient: 1 }], [{ ...against, coefficient: 1 }]);
      if (ratio && allNonnegative(ratio)) found.push(scale(ratio, Math.max(1, Math.ceil(term.coefficient / against.coefficient))));
    }
  }
  return found;
}
