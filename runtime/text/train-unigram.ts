import { assemble } from "./assemble.ts";
import type { TokenizerWith } from "./assemble.ts";
import { fileOf, firstTokens } from "./own-file.ts";
import { WORDS } from "./own-schemes.ts";
import { SPECIAL_TOKENS, UNK } from "./tokenizer.ts";
import type { UnigramModel } from "./tokenizer.ts";
import { alphabetOf, pieceCounts } from "./train-bpe.ts";
import type { TrainingOptions } from "./train-bpe.ts";
import { unigramSegmenter } from "./unigram.ts";

/** Characters of the longest token. */
const LONGEST = 16;
/** Rounds of expectation and maximisation between two prunings, and the share of tokens that a pruning keeps. */
const ROUNDS = 2, KEPT = 0.75;
/** A token that is expected less often than this is dropped; as in SentencePiece. */
const RARE = 0.5;

/**
 * Learns a vocabulary of at most `size` tokens with their probabilities (Kudo 2018, §3.2, as SentencePiece does): from many substrings
 * of the pieces, expectation-maximisation of the likelihood and pruning of the tokens whose loss would hurt it least, in turn. Every
 * character stays a token, the commonest where there are too many. The outcome depends only on how often each piece occurs.
 */
export function trainUnigram(lines: Iterable<string>, size: number, { specials = [] }: TrainingOptions = {}): TokenizerWith<UnigramModel> {
  const counts = pieceCounts(WORDS, lines);
  const all = [...SPECIAL_TOKENS, ...specials];
  const alphabet = new Set(alphabetOf(WORDS, counts, size, all.length));
  const pieces = knownParts(counts, alphabet);
  const wanted = size - all.length;
  let model = seeds(pieces, alphabet, Math.max(20_000, 8 * wanted));
  for (;;) {
    const edges = latticesOf(pieces, model);
    for (let round = 0; round < ROUNDS; round++) model = maximised(model, expected(model, edges));
    if (model.tokens.length <= wanted * 1.1) break;
    model = pruned(model, pieces, Math.max(wanted, Math.floor(model.tokens.length * KEPT)));
  }
  const order = model.tokens.map((token, at) => ({ token, score: model.scores[at] as number })).filter(({ score }) => score !== -Infinity);
  const better = (a: { token: string; score: number }, b: { token: string; score: number }): number => b.score - a.score || (a.token < b.token ? -1 : 1);
  const single = order.filter(({ token }) => alphabet.has(token));
  const longer = order.filter(({ token }) => !alphabet.has(token)).sort(better).slice(0, Math.max(0, wanted - single.length));
  const kept = [...single, ...longer].sort(better);
  return unigram([...all, ...kept.map(({ token }) => token)], [...all.map(() => 0), ...kept.map(({ score }) => score)], all);
}

/** Of a vocabulary, the specials first, whose scores are 0. */
function unigram(vocabulary: readonly string[], scores: readonly number[], specials: readonly string[]): TokenizerWith<UnigramModel> {
  const added = firstTokens(specials);
  const segment = unigramSegmenter(vocabulary, scores, UNK, (id) => id >= specials.length);
  return assemble({ scheme: WORDS, vocabulary, added, unk: UNK, segment }, fileOf(WORDS, added, {
    type: "Unigram", unk_id: UNK, byte_fallback: false, vocab: vocabulary.map((token, id) => [token, scores[id] as number] as const),
  }));
}

interface Piece {
  readonly characters: readonly string[];
  readonly count: number;
}

/** Tokens with the logarithms of their probabilities. */
interface Model {
  readonly tokens: readonly string[];
  readonly scores: Float64Array;
  /** Whether a token is a character, which stays. */
  readonly single: readonly boolean[];
}

/** The pieces, sorted; a character outside the alphabet breaks one. */
function knownParts(counts: ReadonlyMap<string, number>, alphabet: ReadonlySet<string>): readonly Piece[] {
  const parts: Piece[] = [];
  for (const [piece, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let characters: string[] = [];
    for (const symbol of [...piece, ""]) {
      if (alphabet.has(symbol)) {
        characters.push(symbol);
      } else {
        if (characters.length > 0) parts.push({ characters, count });
        characters = [];
      }
    }
  }
  return parts;
}

/** The alphabet and the substrings that cover most of the text. */
function seeds(pieces: readonly Piece[], alphabet: ReadonlySet<string>, most: number): Model {
  const found = new Map<string, number>();
  for (const { characters, count } of pieces) {
    for (let from = 0; from < characters.length; from++) {
      let token = "";
      for (let to = from; to < Math.min(characters.length, from + LONGEST); to++) {
        token += characters[to];
        found.set(token, (found.get(token) ?? 0) + count);
      }
    }
  }
  const weights = [...found].map(([token, count]) => ({ token, count, weight: count * Array.from(token).length }));
  const longer = weights.filter(({ token, count }) => count >= 2 && !alphabet.has(token)).sort((a, b) => b.weight - a.weight || (a.token < b.token ? -1 : 1)).slice(0, most);
  const kept = [...weights.filter(({ token }) => alphabet.has(token)).sort((a, b) => (a.token < b.token ? -1 : 1)), ...longer];
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return {
    tokens: kept.map(({ token }) => token),
    scores: Float64Array.from(kept, ({ weight }) => Math.log(weight / total)),
    single: kept.map(({ token }) => alphabet.has(token)),
  };
}

/** A piece's tokens by the places between its characters: edge e leads from `from[e]` to `to[e]`, sorted by `from`. */
interface Lattice {
  readonly length: number;
  readonly count: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly token: Int32Array;
}

function latticesOf(pieces: readonly Piece[], { tokens }: Model): readonly Lattice[] {
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  return pieces.map(({ characters, count }) => latticeOf(characters, count, idOf));
}

function latticeOf(characters: readonly string[], count: number, idOf: ReadonlyMap<string, number>): Lattice {
  const from: number[] = [], to: number[] = [], token: number[] = [];
  for (let at = 0; at < characters.length; at++) {
    let spelt = "";
    for (let end = at; end < Math.min(characters.length, at + LONGEST); end++) {
      spelt += characters[end];
      const id = idOf.get(spelt);
      if (id === undefined) continue;
      from.push(at);
      to.push(end + 1);
      token.push(id);
    }
  }
  return { length: characters.length, count, from: Uint32Array.from(from), to: Uint32Array.from(to), token: Int32Array.from(token) };
}

/** How often each token is expected over all ways to cut the pieces (forward and backward sums, in logarithms). */
function expected({ tokens, scores }: Model, lattices: readonly Lattice[]): Float64Array {
  const counts = new Float64Array(tokens.length);
  for (const { length, count, from, to, token } of lattices) {
    const ahead = new Float64Array(length + 1).fill(-Infinity), behind = new Float64Array(length + 1).fill(-Infinity);
    ahead[0] = 0;
    behind[length] = 0;
    for (let e = 0; e < token.length; e++) ahead[to[e] as number] = logAdd(ahead[to[e] as number] as number, (ahead[from[e] as number] as number) + (scores[token[e] as number] as number));
    for (let e = token.length - 1; e >= 0; e--) behind[from[e] as number] = logAdd(behind[from[e] as number] as number, (behind[to[e] as number] as number) + (scores[token[e] as number] as number));
    const all = ahead[length] as number;
    for (let e = 0; e < token.length; e++) {
      const id = token[e] as number;
      counts[id] = (counts[id] as number) + count * Math.exp((ahead[from[e] as number] as number) + (scores[id] as number) + (behind[to[e] as number] as number) - all);
    }
  }
  return counts;
}

function logAdd(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** The probabilities of a Bayesian estimate, which is kinder to what is common; rare tokens are dropped. */
function maximised({ tokens, single }: Model, counts: Float64Array): Model {
  // Edges of a lattice name tokens by number, so within the rounds nothing is renumbered: what is dropped gets no probability.
  const kept = tokens.map((_, id) => single[id] === true || (counts[id] as number) >= RARE);
  const total = counts.reduce((sum, count, id) => sum + (kept[id] ? Math.max(count, RARE) : 0), 0);
  const logTotal = digamma(total);
  return { tokens, single, scores: Float64Array.from(tokens, (_, id) => (kept[id] ? digamma(Math.max(counts[id] as number, RARE)) - logTotal : -Infinity)) };
}

/** The derivative of the logarithm of the gamma function, for x > 0: recurrence, then the asymptotic series. */
function digamma(x: number): number {
  let result = 0, at = x;
  for (; at < 7; at++) result -= 1 / at;
  const shifted = at - 0.5, square = 1 / (shifted * shifted);
  return result + Math.log(shifted) + square * (1 / 24 - square * (7 / 960 - square * (31 / 8064 - (square * 127) / 30720)));
}

/** The `most` tokens that the likelihood needs most: what it loses when a token's places are cut in the next best way. */
function pruned({ tokens, scores, single }: Model, pieces: readonly Piece[], most: number): Model {
  const alive = tokens.map((_, id) => scores[id] !== -Infinity);
  const idOf = new Map(tokens.flatMap((token, id) => (alive[id] ? [[token, id] as const] : [])));
  const used = new Float64Array(tokens.length);
  let total = 0;
  for (const { characters, count } of pieces) {
    for (const id of bestPath(latticeOf(characters, count, idOf), scores)) used[id] = (used[id] as number) + count;
    total += count;
  }
  const candidates = tokens.flatMap((token, id) => {
    if (!alive[id] || single[id] === true) return [];
    const own = scores[id] as number;
    const other = bestPath(latticeOf(Array.from(token), 1, idOf), scores, id);
    const alternative = other.reduce((sum, part) => sum + (scores[part] as number), 0);
    return [{ id, loss: ((used[id] as number) / total) * (own - alternative) }];
  });
  candidates.sort((a, b) => b.loss - a.loss || a.id - b.id);
  const singles = tokens.map((_, id) => id).filter((id) => single[id] === true);
  const kept = [...singles, ...candidates.slice(0, Math.max(0, most - singles.length)).map(({ id }) => id)].sort((a, b) => a - b);
  return { tokens: kept.map((id) => tokens[id] as string), scores: Float64Array.from(kept, (id) => scores[id] as number), single: kept.map((id) => single[id] as boolean) };
}

/** The likeliest tokens of a piece, without one of them if given. */
function bestPath({ length, from, to, token }: Lattice, scores: Float64Array, without = -1): readonly number[] {
  const best = new Float64Array(length + 1).fill(-Infinity);
  const by = new Int32Array(length + 1).fill(-1);
  best[0] = 0;
  for (let e = 0; e < token.length; e++) {
    if (token[e] === without) continue;
    const score = (best[from[e] as number] as number) + (scores[token[e] as number] as number);
    if (score > (best[to[e] as number] as number)) {
      best[to[e] as number] = score;
      by[to[e] as number] = e;
    }
  }
  const path: number[] = [];
  for (let at = length; at > 0; at = from[by[at] as number] as number) path.push(token[by[at] as number] as number);
  return path.reverse();
}
