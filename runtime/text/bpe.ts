import { assemble, idsByToken } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import { Heap } from "./heap.ts";
import type { Scheme } from "./scheme.ts";
import { SPECIAL_TOKENS, UNK } from "./tokenizer.ts";
import type { BpeModel } from "./tokenizer.ts";

/** Two ids that are joined; pairs that stand earlier are joined first. */
export type Merge = readonly [number, number];

/**
 * The tokenizer of a vocabulary (the specials first) and merges by byte-pair encoding (Sennrich, Haddow, Birch 2016, §3.2): within a piece
 * the earliest merge of the list is applied, at its leftmost place, until none applies.
 */
export function bpe(scheme: Scheme, vocabulary: readonly string[], merges: readonly Merge[], specials: readonly string[]): TokenizerWith<BpeModel> {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const size = vocabulary.length;
  const ranks = new Map(merges.map(([left, right], rank) => [left * size + right, rank]));
  const joined = merges.map(([left, right]) => idOf.get(`${vocabulary[left]}${vocabulary[right]}`) as number);
  return assemble(scheme, vocabulary, specials, {
    idsOf: (piece) => join(Array.from(piece, (symbol) => idOf.get(symbol) ?? UNK), ranks, joined, size),
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

/** Two neighbours that a merge joins: the place of the first, and both as they stood when this was noted. */
interface Candidate {
  readonly rank: number;
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

/** Tokens are a linked list by places, so that a long piece, such as a gene, takes little longer for each of its symbols than a word. */
function join(ids: number[], ranks: ReadonlyMap<number, number>, joined: readonly number[], size: number): number[] {
  if (ranks.size === 0) return ids;
  const end = ids.length;
  const next = ids.map((_, at) => at + 1), previous = ids.map((_, at) => at - 1);
  const candidates = new Heap<Candidate>((a, b) => (a.rank !== b.rank ? a.rank < b.rank : a.at < b.at));
  const note = (at: number): void => {
    const after = next[at] as number;
    if (at < 0 || after >= end) return;
    const left = ids[at] as number, right = ids[after] as number;
    const rank = ranks.get(left * size + right);
    if (rank !== undefined) candidates.push({ rank, at, left, right });
  };
  for (let at = 0; at + 1 < end; at++) note(at);
  for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
    const { at, rank, left, right } = best;
    const after = next[at] as number;
    if (ids[at] !== left || after >= end || ids[after] !== right) continue;
    ids[at] = joined[rank] as number;
    ids[after] = GONE;
    const behind = (next[at] = next[after] as number);
    if (behind < end) previous[behind] = at;
    note(previous[at] as number);
    note(at);
  }
  return ids.filter((id) => id !== GONE);
}

/** In the place of a token that has been joined to the one before it. */
const GONE = -1;
