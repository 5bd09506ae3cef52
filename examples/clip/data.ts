// Two digits side by side with captions: npm run data -- clip --from FOLDER
// FOLDER has mnist/{train,val}-{images-idx3,labels-idx1}-ubyte.gz (LeCun, Cortes, Burges).
import { gunzipSync } from "node:zlib";
import { idxPictures } from "../../runtime/data/images.ts";
import type { Pictures } from "../../runtime/data/images.ts";
import { draws, shuffle } from "../../runtime/random/philox.ts";
import type { Draws } from "../../runtime/random/philox.ts";
import type { DataFile, DataRequest } from "../files.ts";

const SIDE = 28, TRAIN = 60_000, HELD_OUT = 2_000;
const WORDS = "zero one two three four five six seven eight nine".split(" ");

/**
 * `captions.txt` has the captions of all 100 pairs, "zero left of zero" first. `pairs/train-*` are pictures of 80 of the pairs; `pairs/val-*`
 * are the other 20, in which each digit stands twice on either side; `pairs/seen-*` are the 80 again. The digits of the last two come from
 * MNIST's own held-out pictures.
 */
export function files({ seed, read }: DataRequest): readonly DataFile[] {
  const digits = (part: string): ReadonlyMap<number, readonly Uint8Array[]> => {
    const [images, labels] = [`mnist/${part}-images-idx3-ubyte.gz`, `mnist/${part}-labels-idx1-ubyte.gz`].map((file) => gunzipSync(read(file)));
    return byDigit(idxPictures(images!, labels!));
  };
  const train = digits("train"), val = digits("val");
  const unseen = heldOutPairs(draws(seed));
  const pairs = Array.from({ length: 100 }, (_, pair) => pair);
  const seen = pairs.filter((pair) => !unseen.has(pair));
  return [
    ["captions.txt", pairs.map((pair) => `${WORDS[Math.floor(pair / 10)]} left of ${WORDS[pair % 10]}\n`).join("")],
    ...pictures("train", TRAIN, seen, train, draws(seed, 1)),
    ...pictures("val", HELD_OUT, [...unseen], val, draws(seed, 2)),
    ...pictures("seen", HELD_OUT, seen, val, draws(seed, 3)),
  ];
}

/** Twenty pairs: two different digits for each one on the left, so that each stands on the right of two. */
function heldOutPairs(random: Draws): ReadonlySet<number> {
  const left = WORDS.map((_, digit) => digit), right = [...left];
  shuffle(left, random);
  shuffle(right, random);
  return new Set(left.flatMap((digit, at) => [right[at]!, right[(at + 1) % 10]!].map((other) => 10 * digit + other)));
}

function byDigit({ pixels, labels }: Pictures): ReadonlyMap<number, readonly Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>(WORDS.map((_, digit) => [digit, []]));
  for (const [at, digit] of labels.entries()) found.get(digit)!.push(pixels.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE));
  return found;
}

/** IDX files of `count` pictures, each pair as often as any other, in a drawn order. */
function pictures(name: string, count: number, pairs: readonly number[], digits: ReadonlyMap<number, readonly Uint8Array[]>, random: Draws): readonly DataFile[] {
  const labels = Array.from({ length: count }, (_, at) => pairs[at % pairs.length]!);
  shuffle(labels, random);
  const images = new Uint8Array(count * SIDE * SIDE);
  for (const [at, pair] of labels.entries()) {
    const into = images.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE);
    for (const [half, digit] of [Math.floor(pair / 10), pair % 10].entries()) {
      const drawn = digits.get(digit)!;
      squeeze(drawn[random.below(drawn.length)]!, into, half * (SIDE / 2), random.below(5) - 2, random.below(5) - 2);
    }
  }
  return [
    [`pairs/${name}-images-idx3-ubyte`, idx([count, SIDE, SIDE], images)],
    [`pairs/${name}-labels-idx1-ubyte`, idx([count], Uint8Array.from(labels))],
  ];
}

/** Draws a digit at half its width from column `left` on, moved by some pixels of its own: two columns become their mean. */
function squeeze(digit: Uint8Array, into: Uint8Array, left: number, down: number, across: number): void {
  const ink = (row: number, column: number): number => (row < 0 || row >= SIDE || column < 0 || column >= SIDE ? 0 : digit[row * SIDE + column]!);
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE / 2; column++) {
      const from = 2 * column - across;
      into[row * SIDE + left + column] = Math.round((ink(row - down, from) + ink(row - down, from + 1)) / 2);
    }
}

function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}
