import { noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { DEFAULT_LIMIT, given } from "./examples.ts";
import { segmentBatches } from "./labelled.ts";
import { paddedRows } from "./list.ts";
import type { Segments } from "./segments.ts";

/** Words with a class each. */
export interface Tagged {
  readonly words: readonly string[];
  readonly tags: readonly number[];
}

interface Row extends Segments {
  readonly tag: readonly number[];
  readonly scored: readonly number[];
}

/** Fields `ids`, `segment`, `tag` [B, T], where all pieces of a word have its tag, and `scored` [B, T], 1 at each word's first piece. */
export function taggedExamples(rows: readonly Tagged[]): Examples {
  return {
    count: rows.length,
    unit: "sentences",
    scored: "scored",
    text: { lines: () => rows.map(({ words }) => words.join(" ")), spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LIMIT }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("sentences");
      const encoded = rows.map(({ words, tags }): Row => {
        const pieces = words.flatMap((word, at) => tokenizer.encode(word).map((id, n) => ({ id, tag: tags[at] as number, scored: n === 0 ? 1 : 0 }))).slice(0, limit - 2);
        return {
          ids: [tokenizer.start, ...pieces.map(({ id }) => id), tokenizer.end],
          segment: new Array<number>(pieces.length + 2).fill(0),
          tag: [0, ...pieces.map(({ tag }) => tag), 0],
          scored: [0, ...pieces.map(({ scored }) => scored), 0],
        };
      });
      return segmentBatches(encoded, { batch, seed, pad: tokenizer.pad }, (some, T) => ({
        tag: paddedRows(some.map(({ tag }) => tag), T, 0),
        scored: paddedRows(some.map(({ scored }) => scored), T, 0),
      }));
    },
  };
}
