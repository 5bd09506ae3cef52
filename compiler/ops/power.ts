/**
 * a^b, the same in every engine, so that what one compiles is what another compiles: in the last place of `Math.pow` V8's of Node 20 and 24
 * differ. A square, a quotient and one by a root are rounded alike everywhere; the others are the nearest double, theirs * (1 + e) where
 * e = b ln|a| - ln|theirs|, which is computed in fixed point.
 */
export function power(a: number, b: number): number {
  if (b === 2) return a * a;
  if (b === -1) return 1 / a;
  if (b === -0.5) return 1 / Math.sqrt(a);
  if (b === 0) return 1;
  const theirs = Math.pow(a, b);
  // 0, infinite or NaN is the same everywhere; of a denormal or of a power that large the last place is left.
  if (!(Math.abs(theirs) >= 2 ** -1022 && Math.abs(theirs) < Infinity && Math.abs(b) < 2 ** 32)) return theirs;
  const { whole, exponent } = parts(b);
  const wanted = whole * ln(Math.abs(a));
  const off = (exponent < 0 ? wanted / 2n ** BigInt(-exponent) : wanted * 2n ** BigInt(exponent)) - ln(Math.abs(theirs));
  return theirs + theirs * (Number(off) / Number(ONE));
}

/** Fixed point: 1 in units of the last place. */
const ONE = 2n ** 128n;
const LN2 = 2n * atanh(ONE / 3n);

/** x is above 0, and finite. */
function ln(x: number): bigint {
  const { whole, exponent } = parts(x);
  let bits = whole.toString(2).length;
  if (whole > (3n << BigInt(bits)) >> 2n) bits++;
  // whole / one is between 3/4 and 3/2.
  const one = 2n ** BigInt(bits - 1);
  return 2n * atanh((ONE * (whole - one)) / (whole + one)) + BigInt(exponent + bits - 1) * LN2;
}

/** By its series; z is at most 1/3. */
function atanh(z: bigint): bigint {
  const square = (z * z) / ONE;
  let sum = 0n;
  for (let odd = 1n, term = z; term !== 0n; odd += 2n, term = (term * square) / ONE) sum += term / odd;
  return sum;
}

/** x = whole * 2^exponent. */
function parts(x: number): { readonly whole: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn), fraction = bits & (2n ** 52n - 1n);
  const size = biased === 0 ? fraction : fraction + 2n ** 52n;
  return { whole: x < 0 ? -size : size, exponent: Math.max(1, biased) - 1075 };
}
