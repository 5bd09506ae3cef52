import { largest } from "../largest.ts";
import { draws, shuffle } from "../random/philox.ts";
import type { Draws } from "../random/philox.ts";
import { STREAMS } from "../random/streams.ts";
import { textTooShort, windowOverLimit } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { padded } from "./pairs.ts";
import type { IdPair } from "./pairs.ts";
import { countCharacters, packed } from "./text.ts";

export interface Corruption {
  /** Tokens of a window before it is corrupted. */
  readonly length: number;
  /** The share of tokens that are taken out. */
  readonly p: number;
  /** Their mean number in a row. */
  readonly span: number;
}

/**
 * Span corruption (Raffel et al. 2020, §3.1.4): of a window of the texts, which are packed as `textExamples` does, spans are taken out
 * and a sentinel is left for each. Fields `source` [B, S], what is left, `target` [B, T], start and each sentinel with what it stands for,
 * and `next` [B, T], the same up to end. Windows stand at drawn places, a function of seed and step; in evaluation they stand side by
 * side, spans drawn from the seed alone.
 */
export function corruptedExamples(documents: readonly string[], corruption: Corruption): Examples {
  const { length } = corruption;
  const sentinels = Array.from({ length: spansOf(length, corruption) }, (_, at) => sentinel(at));
  return {
    count: documents.reduce((sum, text) => sum + countCharacters(text), 0),
    unit: "characters",
    text: { lines: () => documents, spacing: "kept", specials: sentinels },
    written: { grows: "target", reads: "source", next: "next" },
    encode({ tokenizer: maybe, batch, seed, limit }) {
      const tokenizer = given(maybe);
      const ids = packed(documents, tokenizer);
      if (ids.length < 2) throw textTooShort(ids.length);
      const whole = Math.min(length, ids.length);
      const lengths = [whole, ids.length % whole].filter((size) => size > 1).map((size) => sidesOf(size, corruption));
      const bounds = { B: batch, S: largest(lengths, ({ S }) => S), T: largest(lengths, ({ T }) => T) };
      const longest = Math.max(bounds.S, bounds.T);
      if (limit !== undefined && longest > limit) throw windowOverLimit(longest, limit);
      const sentinelIds = sentinels.map((spelling) => tokenizer.specials.get(spelling) as number);
      const evaluated = (): readonly Corrupted[] => {
        const starts = Array.from({ length: Math.ceil(ids.length / whole) }, (_, at) => at * whole).filter((start) => ids.length - start > 1);
        return starts.map((start, at) => corrupt(ids.subarray(start, start + whole), corruption, sentinelIds, draws(seed, STREAMS.evaluation + at)));
      };
      return {
        stepsPerEpoch: Math.ceil(ids.length / (batch * whole)),
        bounds,
        batch(step) {
          const random = draws(seed, STREAMS.corruption + step);
          const starts = Array.from({ length: batch }, () => random.below(ids.length - whole + 1));
          return padded(starts.map((start) => corrupt(ids.subarray(start, start + whole), corruption, sentinelIds, random)), tokenizer);
        },
        *inOrder() {
          const rows = evaluated();
          for (let at = 0; at < rows.length; at += batch) yield padded(rows.slice(at, at + batch), tokenizer);
        },
        get characters() {
          return evaluated().reduce((sum, { taken }) => sum + taken.reduce((more, span) => more + countCharacters(tokenizer.decode(span)), 0), 0);
        },
      };
    },
  };
}

/** How the sentinel of a window's nth span is spelt, n from 0. */
export function sentinel(n: number): string {
  return `<extra_id_${n}>`;
}

/** The source is what is left, the target sentinels and what they stand for. */
interface Corrupted extends IdPair {
  readonly taken: readonly (readonly number[])[];
}

/** Tokens taken out of a window: at least one, and one is left. */
function takenOf(length: number, { p }: Corruption): number {
  return Math.min(length - 1, Math.max(1, Math.round(length * p)));
}

/** Spans: at least one, and no two that touch. */
function spansOf(length: number, corruption: Corruption): number {
  const taken = takenOf(length, corruption);
  return Math.max(1, Math.min(Math.round(taken / corruption.span), taken, length - taken));
}

/** The lengths of the two sides that a window becomes; the target's with start. */
function sidesOf(length: number, corruption: Corruption): { readonly S: number; readonly T: number } {
  const taken = takenOf(length, corruption), spans = spansOf(length, corruption);
  return { S: length - taken + spans, T: taken + spans + 1 };
}

/** Begins with a token that is left, as in T5; every division into spans is equally likely. */
function corrupt(ids: Int32Array, corruption: Corruption, sentinelIds: readonly number[], random: Draws): Corrupted {
  const taken = takenOf(ids.length, corruption), spans = spansOf(ids.length, corruption);
  const out = divided(taken, spans, random), left = divided(ids.length - taken, spans, random);
  const source: number[] = [], target: number[] = [], parts: (readonly number[])[] = [];
  let at = 0;
  for (let n = 0; n < spans; n++) {
    source.push(...ids.subarray(at, at + (left[n] as number)), sentinelIds[n] as number);
    at += left[n] as number;
    const part = [...ids.subarray(at, at + (out[n] as number))];
    target.push(sentinelIds[n] as number, ...part);
    parts.push(part);
    at += out[n] as number;
  }
  return { source, target, taken: parts };
}

/** `total` as a sum of `parts` numbers of at least 1. */
function divided(total: number, parts: number, random: Draws): readonly number[] {
  const cuts = Array.from({ length: total - 1 }, (_, at) => at < parts - 1);
  shuffle(cuts, random);
  const sizes = [1];
  for (const cut of cuts) {
    if (cut) sizes.push(1);
    else sizes[sizes.length - 1] = (sizes.at(-1) as number) + 1;
  }
  return sizes;
}
