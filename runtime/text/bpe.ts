import { tokenOutsideVocabulary } from "./errors.ts";
import type { Scheme } from "./scheme.ts";
import { SPECIAL_TOKENS } from "./tokenizer.ts";
import type { HuggingFaceTokenizer, Tokenizer } from "./tokenizer.ts";

/** Two ids that are joined; pairs that stand earlier are joined first. */
export type Merge = readonly [number, number];

const [PAD, START, END, UNK] = [0, 1, 2, 3] as const;
const specialExpression = new RegExp(`(${SPECIAL_TOKENS.join("|")})`);
/** Pieces that are remembered: words recur, and joining is the slow part. */
const REMEMBERED = 50_000;

/**
 * The tokenizer of a vocabulary (the specials first) and merges by byte-pair encoding (Sennrich, Haddow, Birch 2016, §3.2): within a piece
 * the earliest merge of the list is applied, at its leftmost place, until none applies.
 */
export function bpe(scheme: Scheme, vocabulary: readonly string[], merges: readonly Merge[]): Tokenizer {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const size = vocabulary.length;
  const ranks = new Map(merges.map(([left, right], rank) => [left * size + right, rank]));
  const joined = merges.map(([left, right]) => idOf.get(`${vocabulary[left]}${vocabulary[right]}`) as number);
  const memory = new Map<string, readonly number[]>();

  const idsOfPiece = (piece: string): readonly number[] => {
    const known = memory.get(piece);
    if (known !== undefined) return known;
    const ids = join(Array.from(piece, (symbol) => idOf.get(symbol) ?? UNK), ranks, joined, size);
    if (memory.size >= REMEMBERED) memory.clear();
    memory.set(piece, ids);
    return ids;
  };

  const encode = (text: string): number[] => {
    const ids: number[] = [];
    for (const [index, part] of text.split(specialExpression).entries()) {
      if (index % 2 === 1) {
        ids.push(idOf.get(part) as number);
        continue;
      }
      const plain = scheme.normalise(part);
      if (plain === "") continue;
      for (const piece of scheme.pieces(plain)) for (const id of idsOfPiece(piece)) ids.push(id);
    }
    return ids;
  };

  const decode = (ids: Iterable<number>): string => {
    let text = "";
    let run: string[] = [];
    for (const id of ids) {
      if (!Number.isInteger(id) || id < 0 || id >= size) throw tokenOutsideVocabulary(id, size);
      if (id === PAD || id === START || id === END) continue;
      if (id === UNK && scheme.name === "bytes") {
        text += `${scheme.join(run)}\uFFFD`;
        run = [];
      } else {
        run.push(id === UNK ? "\uFFFD" : (vocabulary[id] as string));
      }
    }
    return text + scheme.join(run);
  };

  return { size, pad: PAD, start: START, end: END, unk: UNK, encode, decode, toJSON: () => huggingFace(scheme, vocabulary, merges) };
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

function huggingFace(scheme: Scheme, vocabulary: readonly string[], merges: readonly Merge[]): HuggingFaceTokenizer {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: scheme.normalizer,
    pre_tokenizer: scheme.preTokenizer,
    post_processor: null,
    decoder: scheme.decoder,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: SPECIAL_TOKENS[UNK],
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => [vocabulary[left] as string, vocabulary[right] as string] as const),
    },
  };
}
