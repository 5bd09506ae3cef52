/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a function from a 128-bit
 * counter and a 64-bit key to 128 random bits. There is no state to carry or to save: who draws what is decided by the counter alone, so a
 * resumed run, a recomputed mask and a kernel on any number of threads see the same bits.
 */
export type Words4 = readonly [number, number, number, number];
export type Words2 = readonly [number, number];

const M0 = 0xd2511f53, M1 = 0xcd9e8d57;             // multipliers of the two halves
const W0 = 0x9e3779b9, W1 = 0xbb67ae85;             // Weyl constants added to the key every round

/** The 128 random bits of `counter` under `key`, as four unsigned words. */
export function philox4x32(counter: Words4, key: Words2): Words4 {
  let [x0, x1, x2, x3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const hi0 = high(M0, x0), lo0 = Math.imul(M0, x0);
    const hi1 = high(M1, x2), lo1 = Math.imul(M1, x2);
    x0 = (hi1 ^ x1 ^ k0) >>> 0;
    x1 = lo1 >>> 0;
    x2 = (hi0 ^ x3 ^ k1) >>> 0;
    x3 = lo0 >>> 0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [x0 >>> 0, x1 >>> 0, x2 >>> 0, x3 >>> 0];
}

/** The upper 32 bits of a 32 × 32 bit product, from four 16-bit ones; every intermediate is exact below 2^53. */
function high(a: number, b: number): number {
  const ah = a >>> 16, al = a & 0xffff, bh = b >>> 16, bl = b & 0xffff;
  const middle = ah * bl + ((al * bl) >>> 16);
  const lower = al * bh + (middle & 0xffff);        // below 2^32
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(lower / 65536)) >>> 0;
}

/** A float in [0, 1) from the top 24 bits of a word: exact in f32, so that TypeScript and WGSL agree. */
export function unitFloat(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** A sequence of draws: the counter is (position, 0, stream, 0), the key is the seed; equal seed and stream, equal draws. */
export interface Draws {
  /** The next 32 bits. */
  word(): number;
  /** Uniform in [0, 1), a multiple of 2^-24. */
  uniform(): number;
  /** Uniform integer in 0 … n-1 (1 ≤ n ≤ 2^32), without modulo bias. */
  below(n: number): number;
  /** Standard normal in f64 by Box and Muller (1958). */
  normal(): number;
}

/** Seeds and streams are integers below 2^53; both of their halves take part. */
export function draws(seed: number, stream = 0): Draws {
  const key: Words2 = split(seed);
  const [low, upper] = split(stream);
  let block: Words4 = [0, 0, 0, 0];
  let position = 0;
  let spare: number | undefined;

  const word = (): number => {
    if (position % 4 === 0) block = philox4x32([(position / 4) >>> 0, 0, low, upper], key);
    return block[position++ % 4] as number;
  };
  return {
    word,
    uniform: () => unitFloat(word()),
    below(n) {
      const limit = 2 ** 32 - (2 ** 32 % n);
      let drawn = word();
      while (drawn >= limit) drawn = word();
      return drawn % n;
    },
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log((word() + 0.5) * 2 ** -32));
      const angle = 2 * Math.PI * (word() + 0.5) * 2 ** -32;
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/** Low and high word of a non-negative integer below 2^53. */
function split(value: number): Words2 {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`internal: ${value} is not a seed`);
  return [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];
}

/** A uniformly drawn order of 0 … n-1 (Fisher and Yates), the same for the same seed and stream. */
export function permutation(n: number, seed: number, stream = 0): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  shuffle(order, draws(seed, stream));
  return order;
}

/** Shuffles in place; every order is equally likely. */
export function shuffle<T>(items: { length: number; [index: number]: T }, random: Draws): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = items[i] as T;
    items[i] = items[j] as T;
    items[j] = item;
  }
}

/**
 * The same function in WGSL, `philox4x32(counter: vec4u, key: vec2u) -> vec4u`, and `unit_float(word: u32) -> f32`. WGSL has no product
 * with 64 bits, so the upper halves are put together from 16-bit ones; all additions stay below 2^32.
 */
export const philoxWgsl = /* wgsl */ `
fn philox_high(a: u32, b: u32) -> u32 {
  let ah = a >> 16u; let al = a & 0xffffu; let bh = b >> 16u; let bl = b & 0xffffu;
  let middle = ah * bl + ((al * bl) >> 16u);
  let lower = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16u) + (lower >> 16u);
}
fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var x = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let hi0 = philox_high(0xd2511f53u, x.x);
    let hi1 = philox_high(0xcd9e8d57u, x.z);
    x = vec4u(hi1 ^ x.y ^ k.x, 0xcd9e8d57u * x.z, hi0 ^ x.w ^ k.y, 0xd2511f53u * x.x);
    k = k + vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}
fn unit_float(word: u32) -> f32 {
  return f32(word >> 8u) * 5.9604644775390625e-8;
}
`;
