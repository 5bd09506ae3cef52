import { assemble } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import { bpeSegmenter } from "./bpe.ts";
import type { Merge } from "./bpe.ts";
import { BYTE_SYMBOLS } from "./byte-symbols.ts";
import { vocabularyTooSmall } from "./errors.ts";
import { fileOf, firstTokens, idsByToken } from "./own-file.ts";
import { partsOf } from "./parts.ts";
import { PairQueue } from "./pair-queue.ts";
import { replacePair } from "./replace-pair.ts";
import { BYTES, BYTE_WORDS, CHARACTERS, WORDS } from "./own-schemes.ts";
import type { Scheme } from "./scheme.ts";
import { SPECIAL_TOKENS, UNK } from "./tokenizer.ts";
import type { BpeModel } from "./tokenizer.ts";

export interface TrainingOptions {
  /** Special tokens behind the four that every tokenizer has. */
  readonly specials?: readonly string[];
  /** `kept`: line breaks and every space count, and the vocabulary spells bytes. Default `free`. */
  readonly spacing?: "kept" | "free";
}

/**
 * Learns a vocabulary of at most `size` tokens from lines: the special tokens, every character (the commonest where there are too many),
 * then again and again the commonest pair of neighbours as one token, while there is one that occurs twice. The outcome depends only on
 * how often each word occurs: ties go to the pair whose tokens were learnt first.
 */
export function trainBpe(lines: Iterable<string>, size: number, { specials = [], spacing = "free" }: TrainingOptions = {}): TokenizerWith<BpeModel> {
  const scheme = spacing === "kept" ? BYTE_WORDS : WORDS;
  const counts = pieceCounts(scheme, lines);
  const all = [...SPECIAL_TOKENS, ...specials];
  const vocabulary = [...all, ...alphabetOf(scheme, counts, size, all.length)];
  const merges = learnMerges(counts, vocabulary, size);
  return bpe(scheme, vocabulary, merges, all);
}

/** One token per character that occurs in the lines; line breaks count. */
export function characters(lines: Iterable<string>, size = Infinity, { specials = [] }: TrainingOptions = {}): TokenizerWith<BpeModel> {
  const all = [...SPECIAL_TOKENS, ...specials];
  return bpe(CHARACTERS, [...all, ...alphabetOf(CHARACTERS, pieceCounts(CHARACTERS, lines), size, all.length)], [], all);
}

/** One token per byte; nothing is learnt. */
export function bytes({ specials = [] }: TrainingOptions = {}): TokenizerWith<BpeModel> {
  const all = [...SPECIAL_TOKENS, ...specials];
  return bpe(BYTES, [...all, ...BYTE_SYMBOLS], [], all);
}

/** Of a vocabulary (the specials first) and merges. */
function bpe(scheme: Scheme, vocabulary: readonly string[], merges: readonly Merge[], specials: readonly string[]): TokenizerWith<BpeModel> {
  const added = firstTokens(specials);
  return assemble({ scheme, vocabulary, added, unk: UNK, segment: bpeSegmenter(vocabulary, merges, { unk: UNK }) }, fileOf(scheme, added, {
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
  }));
}

/** How often each piece occurs in the lines. */
export function pieceCounts(scheme: Scheme, lines: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) for (const part of partsOf(line)) {
    const text = scheme.normalise(part);
    if (text === "") continue;
    for (const piece of scheme.pieces(text, true)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return counts;
}

/** The symbols that the pieces are made of, in the order of code points; the commonest where there are too many. */
export function alphabetOf(scheme: Scheme, counts: ReadonlyMap<string, number>, size: number, specials: number): readonly string[] {
  const room = size - specials, bytes = scheme.inBytes ? BYTE_SYMBOLS.length : 0;
  if (!(room >= Math.max(1, bytes))) throw vocabularyTooSmall(size, specials, bytes);
  if (scheme.inBytes) return BYTE_SYMBOLS;
  const alphabet = new Map<string, number>();
  for (const [piece, count] of counts) for (const symbol of piece) alphabet.set(symbol, (alphabet.get(symbol) ?? 0) + count);
  const byCount = [...alphabet].sort(([a, m], [b, n]) => (m === n ? codePointOrder(a, b) : n - m));
  const kept = byCount.slice(0, Math.min(room, byCount.length)).map(([symbol]) => symbol);
  return kept.sort(codePointOrder);
}

function codePointOrder(a: string, b: string): number {
  return (a.codePointAt(0) as number) - (b.codePointAt(0) as number);
}

interface Word {
  readonly ids: number[];
  readonly count: number;
}

/** Extends the vocabulary. Counts of pairs are kept up to date: a merge only touches the words in which its pair occurs. */
function learnMerges(counts: ReadonlyMap<string, number>, vocabulary: string[], size: number): readonly Merge[] {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const words = wordsOf(counts, idOf);
  const queue = new PairQueue();
  for (const [index, { ids, count }] of words.entries()) for (let i = 1; i < ids.length; i++) queue.add(ids[i - 1] as number, ids[i] as number, count, index);

  const merges: Merge[] = [];
  while (vocabulary.length < size) {
    const best = queue.commonest();
    if (best === undefined || best.count < 2) break;
    const token = best.pair.map((part) => vocabulary[part]).join("");
    const id = idOf.get(token) ?? vocabulary.push(token) - 1;
    idOf.set(token, id);
    merges.push(best.pair);
    for (const index of best.words) {
      const { ids, count } = words[index] as Word;
      replacePair(ids, best.pair, id, (left, right, by) => queue.add(left, right, by * count, index));
    }
  }
  return merges;
}

/** The distinct pieces as ids. An unknown character breaks a piece, since nothing can be joined with it. */
function wordsOf(counts: ReadonlyMap<string, number>, idOf: ReadonlyMap<string, number>): readonly Word[] {
  const words: Word[] = [];
  for (const [piece, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let ids: number[] = [];
    for (const symbol of piece) {
      const id = idOf.get(symbol);
      if (id !== undefined) {
        ids.push(id);
      } else {
        words.push({ ids, count });
        ids = [];
      }
    }
    words.push({ ids, count });
  }
  return words.filter((word) => word.ids.length > 1);
}
