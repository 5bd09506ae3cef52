import { bpe } from "./bpe.ts";
import type { Merge } from "./bpe.ts";
import { vocabularyTooSmall } from "./errors.ts";
import { PairQueue } from "./pair-queue.ts";
import { BYTES, CHARACTERS, WORDS } from "./scheme.ts";
import type { Scheme } from "./scheme.ts";
import { SPECIAL_TOKENS } from "./tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Learns a vocabulary of at most `size` tokens from lines: the special tokens, every character (the commonest where there are too many),
 * then again and again the commonest pair of neighbours as one token, while there is one that occurs twice. The outcome depends only on
 * how often each word occurs: ties go to the pair whose tokens were learnt first.
 */
export function trainBpe(lines: Iterable<string>, size: number): Tokenizer {
  return train(WORDS, lines, size);
}

/** One token per character that occurs in the lines; line breaks count. */
export function characters(lines: Iterable<string>, size = Infinity): Tokenizer {
  return withoutMerges(CHARACTERS, lines, size);
}

/** One token per byte; nothing is learnt. */
export function bytes(): Tokenizer {
  return withoutMerges(BYTES, [], Infinity);
}

function withoutMerges(scheme: Scheme, lines: Iterable<string>, size: number): Tokenizer {
  return bpe(scheme, firstTokens(scheme, pieceCounts(scheme, lines), size), []);
}

function train(scheme: Scheme, lines: Iterable<string>, size: number): Tokenizer {
  const counts = pieceCounts(scheme, lines);
  const vocabulary = firstTokens(scheme, counts, size);
  const merges = learnMerges(counts, vocabulary, size);
  return bpe(scheme, vocabulary, merges);
}

function pieceCounts(scheme: Scheme, lines: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const text = scheme.normalise(line);
    if (text === "") continue;
    for (const piece of scheme.pieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return counts;
}

/** The special tokens, then the alphabet in the order of code points. */
function firstTokens(scheme: Scheme, counts: ReadonlyMap<string, number>, size: number): string[] {
  const room = size - SPECIAL_TOKENS.length;
  if (!(room >= 1)) throw vocabularyTooSmall(size, SPECIAL_TOKENS.length);
  const alphabet = new Map(scheme.alphabet.map((symbol) => [symbol, Infinity]));
  for (const [piece, count] of counts) for (const symbol of piece) alphabet.set(symbol, (alphabet.get(symbol) ?? 0) + count);
  const byCount = [...alphabet].sort(([a, m], [b, n]) => (m === n ? codePointOrder(a, b) : n - m));
  const kept = byCount.slice(0, Math.min(room, byCount.length)).map(([symbol]) => symbol);
  return [...SPECIAL_TOKENS, ...(scheme.alphabet.length > 0 ? scheme.alphabet : kept.sort(codePointOrder))];
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
  for (const [index, word] of words.entries()) addPairs(word, index, 1, queue);

  const merges: Merge[] = [];
  while (vocabulary.length < size) {
    const best = queue.commonest();
    if (best === undefined || best.count < 2) break;
    const [left, right] = best.pair;
    const token = `${vocabulary[left]}${vocabulary[right]}`;
    const id = idOf.get(token) ?? vocabulary.push(token) - 1;
    idOf.set(token, id);
    merges.push(best.pair);
    for (const index of best.words) {
      const word = words[index] as Word;
      addPairs(word, index, -1, queue);
      replacePair(word.ids, left, right, id);
      addPairs(word, index, 1, queue);
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

function addPairs(word: Word, index: number, sign: 1 | -1, queue: PairQueue): void {
  for (let i = 0; i + 1 < word.ids.length; i++) queue.add(word.ids[i] as number, word.ids[i + 1] as number, sign * word.count, index);
}

/** From left to right, in place: "aaa" with a, a → b becomes "ba". */
function replacePair(ids: number[], left: number, right: number, id: number): void {
  let length = 0;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      ids[length++] = id;
      i++;
    } else {
      ids[length++] = ids[i] as number;
    }
  }
  ids.length = length;
}
