/**
 * The error function in f64 and, for kernels, in f32.
 *
 * f64: Kummer's series erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!! (Abramowitz & Stegun 7.1.6), whose terms are all of one
 * sign, up to 3; above, the continued fraction 7.1.14 for 1 - erf. Right to 1e-15.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (a > 6) return Math.sign(x);
  if (a > 3) {
    let fraction = a;
    for (let k = 60; k >= 1; k--) fraction = a + k / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
  }
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * f32: below 475/512 a minimax polynomial of degree 13, above it 1 - exp of one of degree 6 (N. Juffa's single-precision erf). Both are
 * evaluated by plain products and sums, and the whole stays within 1e-7 absolute.
 */
export const ERF_SMALL: readonly number[] = [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1];
export const ERF_LARGE: readonly number[] = [
  -1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1,
];

/** coefficients[0]·v^n + … + coefficients[n], as WGSL. */
const horner = (coefficients: readonly number[], variable: string): string =>
  coefficients.slice(1).reduce((sum, c) => `(${sum} * ${variable} + ${literal(c)})`, literal(coefficients[0]!));

const literal = (value: number): string => (value < 0 ? `(${value}f)` : `${value}f`);

export const ERF_WGSL = `fn tfm_erf(a: f32) -> f32 {
  let t = min(abs(a), 10.0f);
  let s = a * a;
  let near = ${horner(ERF_SMALL, "s")} * a + a;
  let power = ${horner(ERF_LARGE, "t")} * t - t;
  let far = sign(a) * (1.0f - exp(power));
  return select(near, far, t > 0.927734375f);
}`;
