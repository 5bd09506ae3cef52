import { draws } from "../random/philox.ts";
import { STREAMS } from "../random/streams.ts";
import { partsOf } from "../text/parts.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Batch } from "./batches.ts";
import { textTooShort, windowOverLimit } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { given } from "./examples.ts";

/**
 * Texts for a model that goes on with them, packed: one after the other, `end` between them, so that a window may hold several. Fields
 * `ids` [B, T] and `next` [B, T], the ids one later. A training batch is `batch` windows at drawn places, as in nanoGPT, a function of seed
 * and step alone; evaluation goes through the text in windows side by side, in which every token but the first is predicted once.
 */
export function textExamples(documents: readonly string[], length: number): Examples {
  const characters = documents.reduce((sum, text) => sum + countCharacters(text), 0);
  return {
    count: characters,
    unit: "characters",
    text: { lines: () => documents, spacing: "kept", specials: [] },
    written: { grows: "ids", next: "next" },
    encode({ tokenizer, batch, seed, limit }) {
      if (limit !== undefined && length > limit) throw windowOverLimit(length, limit);
      const ids = packed(documents, given(tokenizer));
      if (ids.length < 2) throw textTooShort(ids.length);
      const T = Math.min(length, ids.length - 1);
      const places = ids.length - T;
      return {
        stepsPerEpoch: Math.ceil((ids.length - 1) / (batch * T)),
        bounds: { B: batch, T },
        batch(step) {
          const random = draws(seed, STREAMS.windows + step);
          return windows(ids, Array.from({ length: batch }, () => random.below(places)), T);
        },
        *inOrder() {
          const whole = Math.floor((ids.length - 1) / T);
          for (let at = 0; at < whole; at += batch) {
            yield windows(ids, Array.from({ length: Math.min(batch, whole - at) }, (_, b) => (at + b) * T), T);
          }
          const rest = ids.length - 1 - whole * T;
          if (rest > 0) yield windows(ids, [whole * T], rest);
        },
        characters: (characters * (ids.length - 1)) / ids.length,
      };
    },
  };
}

function windows(ids: Int32Array, starts: readonly number[], T: number): Batch {
  const B = starts.length;
  const now = new Int32Array(B * T), next = new Int32Array(B * T);
  for (const [b, start] of starts.entries()) {
    now.set(ids.subarray(start, start + T), b * T);
    next.set(ids.subarray(start + 1, start + 1 + T), b * T);
  }
  return { sizes: { B, T }, fields: { ids: now, next }, tokens: B * T };
}

/** The tokens of documents, `end` between them. */
export function packed(documents: readonly string[], tokenizer: Tokenizer): Int32Array {
  let ids = new Int32Array(2 ** 16), length = 0;
  const add = (more: readonly number[]): void => {
    if (length + more.length > ids.length) {
      const longer = new Int32Array(2 * (length + more.length));
      longer.set(ids.subarray(0, length));
      ids = longer;
    }
    ids.set(more, length);
    length += more.length;
  };
  for (const [at, text] of documents.entries()) {
    if (at > 0) add([tokenizer.end]);
    for (const part of partsOf(text)) add(tokenizer.encode(part));
  }
  return ids.slice(0, length);
}

/** A text without its last share, 0 to 1, and that share, cut between characters. */
export function splitText(text: string, share: number): readonly [first: string, last: string] {
  let place = 0;
  for (let left = countBefore(countCharacters(text), share); left > 0; left--) place += (text.codePointAt(place) as number) > 0xffff ? 2 : 1;
  return [text.slice(0, place), text.slice(place)];
}

/** How many of `count` stand before the last share of them, as nanoGPT counts: rounded down. */
export function countBefore(count: number, share: number): number {
  // What a share such as 0.9 lacks to a whole number by its rounding is not a reason to count one less.
  return Math.floor(count * (1 - share) + 1e-9);
}

/** Code points. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
