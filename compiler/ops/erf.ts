/**
 * The error function in f32, for kernels: below 475/512 a minimax polynomial of degree 13, above it 1 - exp of one of degree 6 (N. Juffa's
 * single-precision erf). Both are evaluated by plain products and sums, and the whole stays within 1e-7 absolute.
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
