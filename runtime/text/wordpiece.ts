import { assemble, idsByToken } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import { BERT_WORDS, CONTINUES } from "./scheme.ts";
import { BERT_TOKENS, UNK } from "./tokenizer.ts";
import type { WordPieceModel } from "./tokenizer.ts";

/** Longer words are unknown as a whole, as in BERT. */
export const LONGEST_WORD = 100;

/**
 * BERT's tokenizer (Devlin et al. 2019; Schuster and Nakajima 2012): a word is cut from the left, each time at the longest token of the
 * vocabulary; tokens within a word begin with ##. A word that cannot be cut to its end is unknown as a whole.
 */
export function wordPiece(vocabulary: readonly string[], specials: readonly string[]): TokenizerWith<WordPieceModel> {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const longest = vocabulary.reduce((length, token) => Math.max(length, token.length), 0);
  return assemble(BERT_WORDS, vocabulary, specials, {
    idsOf: (word) => cut(Array.from(word), idOf, longest),
    model: {
      type: "WordPiece",
      unk_token: BERT_TOKENS[UNK],
      continuing_subword_prefix: CONTINUES,
      max_input_chars_per_word: LONGEST_WORD,
      vocab: idsByToken(vocabulary),
    },
  });
}

function cut(characters: readonly string[], idOf: ReadonlyMap<string, number>, longest: number): readonly number[] {
  if (characters.length > LONGEST_WORD) return [UNK];
  const ids: number[] = [];
  let from = 0;
  while (from < characters.length) {
    let found: number | undefined;
    let to = Math.min(characters.length, from + longest);
    for (; to > from; to--) {
      found = idOf.get(`${from > 0 ? CONTINUES : ""}${characters.slice(from, to).join("")}`);
      if (found !== undefined) break;
    }
    if (found === undefined) return [UNK];
    ids.push(found);
    from = to;
  }
  return ids;
}
