/**
 * Symbolic sizes: polynomials with integer coefficients over named sizes (`B`, `S`, `T`) and opaque quotients.
 * The compiler computes with them (compiler/dim.ts); the runtime only evaluates them.
 */

/** A sum of terms in canonical order; the empty sum is 0. */
export type Size = readonly Term[];

export interface Term {
  readonly coefficient: number;
  /** Sorted by `factorKey`; repeated for powers. Empty for the constant term. */
  readonly factors: readonly Factor[];
}

export type Factor = string | Quotient;

/** floor(numerator / denominator) or ceil(…), where the division is not known to be exact. */
export interface Quotient {
  readonly round: "floor" | "ceil";
  readonly numerator: Size;
  readonly denominator: Size;
}

export type Sizes = Readonly<Record<string, number>>;

/** The number a size stands for. Throws when a named size is missing: callers check their sizes first. */
export function evaluateSize(size: Size, sizes: Sizes): number {
  let total = 0;
  for (const term of size) {
    let product = term.coefficient;
    for (const factor of term.factors) product *= evaluateFactor(factor, sizes);
    total += product;
  }
  return total;
}

function evaluateFactor(factor: Factor, sizes: Sizes): number {
  if (typeof factor !== "string") {
    const ratio = evaluateSize(factor.numerator, sizes) / evaluateSize(factor.denominator, sizes);
    return factor.round === "floor" ? Math.floor(ratio) : Math.ceil(ratio);
  }
  const value = sizes[factor];
  if (value === undefined) throw new Error(`internal: size ${factor} is not known`);
  return value;
}

/** The extents of a shape. */
export function evaluateShape(shape: readonly Size[], sizes: Sizes): number[] {
  return shape.map((size) => evaluateSize(size, sizes));
}

/** The elements of a tensor of these extents: 1 where it has no axes. */
export function elementCount(extents: readonly number[]): number {
  return extents.reduce((product, extent) => product * extent, 1);
}

/** The elements of several tensors together, such as the parameters of a model. */
export function totalElements(tensors: Iterable<{ readonly shape: readonly number[] }>): number {
  let total = 0;
  for (const { shape } of tensors) total += elementCount(shape);
  return total;
}

/** For each axis of a row-major tensor, how many elements lie between one of its places and the next. */
export function stridesOf(extents: readonly number[]): readonly number[] {
  return extents.map((_, axis) => elementCount(extents.slice(axis + 1)));
}

/** Whether a shape depends on a named size. */
export function isSymbolic(shape: readonly Size[]): boolean {
  return shape.some((size) => size.some(({ factors }) => factors.length > 0));
}

/** The names a size depends on, in order of first use. */
export function sizeNames(size: Size): string[] {
  const names = new Set<string>();
  const visit = (part: Size): void => {
    for (const term of part)
      for (const factor of term.factors)
        if (typeof factor === "string") names.add(factor);
        else {
          visit(factor.numerator);
          visit(factor.denominator);
        }
  };
  visit(size);
  return [...names];
}

/** What `c - a·N >= 0` leaves to the size N; undefined where `size` is of another form. */
export function upperLimit(size: Size): { readonly name: string; readonly most: number } | undefined {
  const [open, ...others] = size.filter(({ factors }) => factors.length > 0);
  const name = open?.factors[0];
  if (open === undefined || others.length > 0 || open.factors.length !== 1 || typeof name !== "string" || open.coefficient >= 0) return undefined;
  const constant = size.find(({ factors }) => factors.length === 0)?.coefficient ?? 0;
  return { name, most: Math.max(0, Math.floor(constant / -open.coefficient)) };
}
