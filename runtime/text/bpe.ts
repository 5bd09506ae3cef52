import { assemble, idsByToken } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import type { Scheme } from "./scheme.ts";
import { SPECIAL_TOKENS, UNK } from "./tokenizer.ts";
import type { BpeModel } from "./tokenizer.ts";

/** Two ids that are joined; pairs that stand earlier are joined first. */
export type Merge = readonly [number, number];

/**
 * The tokenizer of a vocabulary (the specials first) and merges by byte-pair encoding (Sennrich, Haddow, Birch 2016, §3.2): within a piece
 * the earliest merge of the list is applied, at its leftmost place, until none applies.
 */
export function bpe(scheme: Scheme, vocabulary: readonly string[], merges: readonly Merge[], specials: readonly string[] = SPECIAL_TOKENS): TokenizerWith<BpeModel> {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const size = vocabulary.length;
  const ranks = new Map(merges.map(([left, right], rank) => [left * size + right, rank]));
  const joined = merges.map(([left, right]) => idOf.get(`${vocabulary[left]}${vocabulary[right]}`) as number);
  return assemble(scheme, vocabulary, specials, {
    idsOf: (piece) => join(Array.from(piece, (symbol) => idOf.get(symbol) ?? UNK), ranks, joined, size),
    fusesUnknown: false,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: SPECIAL_TOKENS[UNK],
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: idsByToken(vocabulary),
      merges: merges.map(([left, right]) => [vocabulary[left] as string, vocabulary[right] as string] as const),
    },
  });
}

/** Joins in place. A piece is a word, so looking for the best pair anew after each merge is as fast as a queue. Pieces as long as a text have no merges. */
function join(ids: number[], ranks: ReadonlyMap<number, number>, joined: readonly number[], size: number): number[] {
  while (ids.length > 1 && ranks.size > 0) {
    let best = Infinity, at = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const rank = ranks.get((ids[i] as number) * size + (ids[i + 1] as number));
      if (rank !== undefined && rank < best) {
        best = rank;
        at = i;
      }
    }
    if (at < 0) break;
    ids.splice(at, 2, joined[best] as number);
  }
  return ids;
}
