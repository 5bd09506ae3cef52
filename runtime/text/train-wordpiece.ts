import { assemble } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import { Heap } from "./heap.ts";
import { fileOf, firstTokens, idsByToken } from "./own-file.ts";
import { BERT_WORDS, CONTINUES } from "./own-schemes.ts";
import { replacePair } from "./replace-pair.ts";
import { BERT_TOKENS, MASK, UNK } from "./tokenizer.ts";
import type { WordPieceModel } from "./tokenizer.ts";
import { alphabetOf, pieceCounts } from "./train-bpe.ts";
import type { TrainingOptions } from "./train-bpe.ts";
import { LONGEST_WORD, wordPieceSegmenter } from "./wordpiece.ts";

/**
 * Learns a vocabulary of at most `size` tokens from lines: the special tokens, every character at the beginning of a word and within,
 * then again and again, as one token, the pair of neighbours that raises the likelihood of the text under a unigram model most
 * (Schuster and Nakajima 2012): n(ab) · log(n(ab) · N / (n(a) · n(b))), while there is one that occurs twice. Ties go to the pair whose
 * tokens were learnt first. N is the number of characters of the text.
 */
export function trainWordPiece(lines: Iterable<string>, size: number, { specials = [] }: TrainingOptions = {}): TokenizerWith<WordPieceModel> {
  const counts = pieceCounts(BERT_WORDS, lines);
  // BERT's own mask serves where one is asked for.
  const all = [...BERT_TOKENS, ...specials.filter((token) => token !== MASK)];
  const known = new Set(alphabetOf(BERT_WORDS, counts, size, all.length));
  const words = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([word, count]) => {
    const symbols = Array.from(word);
    return symbols.every((symbol) => known.has(symbol)) ? [{ symbols: symbols.map((symbol, at) => (at === 0 ? symbol : `${CONTINUES}${symbol}`)), count }] : [];
  });
  const first = [...new Set(words.flatMap(({ symbols }) => symbols))].sort();
  const vocabulary = [...all, ...first].slice(0, size);
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const usable = words.flatMap(({ symbols, count }): readonly Word[] => {
    const ids = symbols.map((symbol) => idOf.get(symbol));
    return ids.includes(undefined) ? [] : [{ ids: ids as number[], count }];
  });
  learn(usable, vocabulary, idOf, size);
  return wordPiece(vocabulary, all);
}

/** Of a vocabulary, the specials first. */
function wordPiece(vocabulary: readonly string[], specials: readonly string[]): TokenizerWith<WordPieceModel> {
  const added = firstTokens(specials);
  const segment = wordPieceSegmenter(vocabulary, { unk: UNK, prefix: CONTINUES, longest: LONGEST_WORD });
  return assemble({ scheme: BERT_WORDS, vocabulary, added, unk: UNK, segment }, fileOf(BERT_WORDS, added, {
    type: "WordPiece",
    unk_token: BERT_TOKENS[UNK],
    continuing_subword_prefix: CONTINUES,
    max_input_chars_per_word: LONGEST_WORD,
    vocab: idsByToken(vocabulary),
  }));
}

interface Word {
  readonly ids: number[];
  readonly count: number;
}

interface Pair {
  readonly key: number;
  readonly left: number;
  readonly right: number;
  count: number;
  score: number;
  readonly words: Set<number>;
}

/** A pair with the score that it had when it was queued. */
interface Candidate {
  readonly pair: Pair;
  readonly score: number;
}

/** Above any number of ids; pairs are numbers so that maps of them are fast. */
const IDS = 2 ** 24;

/** Extends the vocabulary. */
function learn(words: readonly Word[], vocabulary: string[], idOf: Map<string, number>, size: number): void {
  const occurrences: number[] = [];
  const pairs = new Map<number, Pair>();
  const bySymbol = new Map<number, Set<Pair>>();
  const changed = new Set<Pair>();
  const candidates = new Heap<Candidate>((a, b) => (a.score !== b.score ? a.score > b.score : a.pair.key < b.pair.key));
  const total = words.reduce((sum, { ids, count }) => sum + ids.length * count, 0);

  const addSymbol = (id: number, count: number): void => {
    occurrences[id] = (occurrences[id] ?? 0) + count;
    for (const pair of bySymbol.get(id) ?? []) changed.add(pair);
  };
  const remember = (id: number, pair: Pair): void => {
    const known = bySymbol.get(id);
    if (known === undefined) bySymbol.set(id, new Set([pair]));
    else known.add(pair);
  };
  const addPair = (left: number, right: number, count: number, word: number): void => {
    const key = left * IDS + right;
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { key, left, right, count: 0, score: 0, words: new Set() };
      pairs.set(key, pair);
      remember(left, pair);
      remember(right, pair);
    }
    pair.count += count;
    changed.add(pair);
    if (count > 0) pair.words.add(word);
  };
  for (const [index, { ids, count }] of words.entries()) {
    for (const id of ids) addSymbol(id, count);
    for (let i = 1; i < ids.length; i++) addPair(ids[i - 1] as number, ids[i] as number, count, index);
  }

  while (vocabulary.length < size) {
    for (const pair of changed) {
      pair.score = pair.count < 2 ? 0 : pair.count * Math.log((pair.count * total) / ((occurrences[pair.left] as number) * (occurrences[pair.right] as number)));
      if (pair.score > 0) candidates.push({ pair, score: pair.score });
    }
    changed.clear();
    const best = bestPair(candidates);
    if (best === undefined) return;
    const { left, right } = best;
    const token = `${vocabulary[left]}${(vocabulary[right] as string).slice(CONTINUES.length)}`;
    const id = idOf.get(token) ?? vocabulary.push(token) - 1;
    idOf.set(token, id);
    for (const index of best.words) {
      const { ids, count } = words[index] as Word;
      const joined = count * replacePair(ids, [left, right], id, (before, after, by) => addPair(before, after, by * count, index));
      addSymbol(left, -joined);
      addSymbol(right, -joined);
      addSymbol(id, joined);
    }
  }
}

/** Of the largest score, of equals the one of smallest ids; scores that have changed since are passed over. */
function bestPair(candidates: Heap<Candidate>): Pair | undefined {
  for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
    if (candidate.score === candidate.pair.score) return candidate.pair;
  }
  return undefined;
}
