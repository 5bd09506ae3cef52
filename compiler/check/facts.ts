/** What is known of named sizes: which divide which, which differences are not negative. Proofs are by polynomials. */
import type { Dim } from "../dim.ts";
import { add, asNumber, constant, divide, equal, key, multiply, named, print, quotient, scale, subtract } from "../dim.ts";

export class Facts {
  /** name → divisor * quotient, from `require b divides a`. */
  private readonly multiples = new Map<string, Dim>();
  private readonly nonnegative: Dim[] = [];
  private readonly positive = new Set<string>();

  /** A symbolic hyperparameter: at least 1. */
  assumePositive(name: string): void {
    this.positive.add(name);
  }

  assumeNonnegative(dim: Dim): void {
    if (dim.length > 0 && this.nonnegative.length < 64) this.nonnegative.push(this.normal(dim));
  }

  assumeDivides(divisor: Dim, size: Dim): void {
    const n = this.normal(size);
    const only = n.length === 1 && n[0]!.coefficient === 1 && n[0]!.factors.length === 1 ? n[0]!.factors[0] : undefined;
    if (typeof only !== "string" || this.multiples.has(only)) return;
    const by = this.normal(divisor);
    if (by.some((term) => term.factors.includes(only))) return;
    const factor = `floor((${print(n)})/(${print(by)}))`;
    this.multiples.set(only, multiply(by, named(factor)));
    if (this.positive.has(only)) this.positive.add(factor);
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
    const goal = this.shifted(this.normal(dim));
    if (allNonnegative(goal)) return true;
    const facts = [...this.nonnegative, ...alsoNonnegative.map((fact) => this.normal(fact))].map((fact) => this.shifted(fact));
    if (follows(goal, facts.slice(0, 24), 3)) return true;
    const without = withoutQuotient(dim);
    return without !== undefined && this.proves(subtract(without.divisor, constant(1)), alsoNonnegative) && this.proves(without.goal, alsoNonnegative);
  }

  /** Coefficient by coefficient the larger (or smaller): a bound, as sizes are not negative; those known to be positive count from 1. */
  bound(a: Dim, b: Dim, choose: (x: number, y: number) => number, alsoNonnegative: readonly Dim[]): Dim {
    const ones = new Set([...this.positive, ...alsoNonnegative.flatMap((dim) => onlyName(add(this.normal(dim), constant(1))) ?? [])]);
    const [p, q] = [shift(this.normal(a), ones, 1), shift(this.normal(b), ones, 1)];
    const terms = new Map([...p, ...q].map((term) => [key([{ ...term, coefficient: 1 }]), term.factors]));
    const of = (dim: Dim, id: string): number => dim.find((term) => key([{ ...term, coefficient: 1 }]) === id)?.coefficient ?? 0;
    const chosen = add(...[...terms].map(([id, factors]) => scale([{ coefficient: 1, factors }], choose(of(p, id), of(q, id)))));
    return shift(chosen, ones, -1);
  }

  /** Quotients as atoms, multiples written out. */
  normal(dim: Dim, depth = 0): Dim {
    if (depth > 6) return dim;
    return add(
      ...dim.map((term) =>
        multiply(
          constant(term.coefficient),
          ...term.factors.map((factor) => {
            if (typeof factor === "string") {
              const multiple = this.multiples.get(factor);
              return multiple ? this.normal(multiple, depth + 1) : named(factor);
            }
            const n = this.normal(factor.numerator, depth + 1);
            const d = this.normal(factor.denominator, depth + 1);
            return divide(n, d) ?? named(`${factor.round}((${print(n)})/(${print(d)}))`);
          }),
        ),
      ),
    );
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

function onlyName(dim: Dim): string | undefined {
  const [term, ...more] = dim;
  const factor = term?.factors[0];
  return term && more.length === 0 && term.coefficient === 1 && term.factors.length === 1 && typeof factor === "string" ? factor : undefined;
}

/**
 * A goal that is nonnegative only if the given one is, without the first of its quotients: n - d < d*floor(n/d) <= n, so
 * rest + c*floor(n/d) >= 0 follows from d*rest + c*n >= 0 where c < 0, and from d*rest + c*(n - d + 1) >= 0 where c > 0.
 */
function withoutQuotient(dim: Dim): { readonly goal: Dim; readonly divisor: Dim } | undefined {
  const at = dim.findIndex((term) => term.factors.some((factor) => typeof factor !== "string"));
  const term = dim[at];
  const found = term?.factors.find((factor) => typeof factor !== "string");
  if (!term || !found || typeof found === "string") return undefined;
  const others = term.factors.filter((factor) => factor !== found).map((factor): Dim => [{ coefficient: 1, factors: [factor] }]);
  const slack = subtract(found.denominator, constant(1));
  const least = found.round === "floor" ? subtract(found.numerator, slack) : found.numerator;
  const most = found.round === "floor" ? found.numerator : add(found.numerator, slack);
  const bound = multiply(constant(term.coefficient), ...others, term.coefficient < 0 ? most : least);
  const rest = dim.filter((_, k) => k !== at);
  return { goal: add(multiply(found.denominator, rest), bound), divisor: found.denominator };
}

function allNonnegative(dim: Dim): boolean {
  return dim.every((term) => term.coefficient >= 0);
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
      if (ratio) found.push(scale(ratio, Math.max(1, Math.ceil(term.coefficient / against.coefficient))));
    }
  }
  return found;
}
