import type { Segmenter } from "./assemble.ts";

/** Longer words are unknown as a whole, as in BERT. */
export const LONGEST_WORD = 100;

export interface WordPieceSettings {
  readonly unk: number;
  /** What begins a token that goes on with a word. */
  readonly prefix: string;
  /** Characters of the longest word that is cut. */
  readonly longest: number;
}

/**
 * BERT's way (Devlin et al. 2019; Schuster and Nakajima 2012): a word is cut from the left, each time at the longest token of the
 * vocabulary; tokens within a word begin with ##. A word that cannot be cut to its end is unknown as a whole.
 */
export function wordPieceSegmenter(vocabulary: readonly string[], { unk, prefix, longest }: WordPieceSettings): Segmenter {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const longestToken = vocabulary.reduce((length, token) => Math.max(length, token.length), 0);
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > longest) return [unk];
    const ids: number[] = [];
    for (let from = 0, to = 0; from < characters.length; from = to) {
      let found: number | undefined;
      for (to = Math.min(characters.length, from + longestToken); to > from; to--) {
        found = idOf.get(`${from > 0 ? prefix : ""}${characters.slice(from, to).join("")}`);
        if (found !== undefined) break;
      }
      if (found === undefined) return [unk];
      ids.push(found);
    }
    return ids;
  };
}
