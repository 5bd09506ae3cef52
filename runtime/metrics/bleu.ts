import { tokenize13a } from "./tokenize-13a.ts";

/** Corpus BLEU with what it was computed from. */
export interface Bleu {
  /** 0 to 100. */
  readonly score: number;
  /** Of n-grams of 1 to 4 words, in percent, smoothed. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Words. */
  readonly hypothesisLength: number;
  readonly referenceLength: number;
}

const ORDER = 4;

/**
 * BLEU (Papineni et al. 2002) as sacreBLEU computes it by default (Post 2018; signature nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp): over
 * the whole corpus, cased, one reference each. An order without a match counts as half a match, the next such order as a quarter, and so on.
 */
export function bleu(hypotheses: readonly string[], references: readonly string[]): Bleu {
  if (hypotheses.length !== references.length) throw new Error(`internal: ${hypotheses.length} hypotheses for ${references.length} references`);
  const matches = new Array<number>(ORDER).fill(0), totals = new Array<number>(ORDER).fill(0);
  let hypothesisLength = 0, referenceLength = 0;
  for (const [index, hypothesis] of hypotheses.entries()) {
    const ours = tokenize13a(hypothesis), theirs = tokenize13a(references[index] as string);
    hypothesisLength += ours.length;
    referenceLength += theirs.length;
    for (let n = 1; n <= ORDER; n++) {
      totals[n - 1] = (totals[n - 1] as number) + Math.max(0, ours.length - n + 1);
      matches[n - 1] = (matches[n - 1] as number) + commonCount(ngrams(ours, n), ngrams(theirs, n));
    }
  }
  const precisions = smoothed(matches, totals);
  const brevityPenalty = hypothesisLength >= referenceLength ? 1 : hypothesisLength === 0 ? 0 : Math.exp(1 - referenceLength / hypothesisLength);
  const meanLog = precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / ORDER;
  const score = matches.some((count) => count > 0) ? brevityPenalty * Math.exp(meanLog) : 0;
  return { score, precisions, brevityPenalty, hypothesisLength, referenceLength };
}

/** How often each run of n words occurs. No word contains a space, so a space joins them. */
function ngrams(words: readonly string[], n: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const ngram = words.slice(i, i + n).join(" ");
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

function commonCount(ours: ReadonlyMap<string, number>, theirs: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [ngram, count] of ours) common += Math.min(count, theirs.get(ngram) ?? 0);
  return common;
}

function smoothed(matches: readonly number[], totals: readonly number[]): readonly number[] {
  if (matches.every((count) => count === 0)) return matches.map(() => 0);
  let halving = 1;
  return matches.map((count, index) => {
    const total = totals[index] as number;
    if (total === 0) return 0;
    if (count > 0) return (100 * count) / total;
    halving *= 2;
    return 100 / (halving * total);
  });
}

/** The share of hypotheses that equal their reference, 0 to 1; 0 of none. */
export function exactMatch(hypotheses: readonly string[], references: readonly string[]): number {
  if (hypotheses.length !== references.length) throw new Error(`internal: ${hypotheses.length} hypotheses for ${references.length} references`);
  if (hypotheses.length === 0) return 0;
  return hypotheses.filter((hypothesis, index) => hypothesis === references[index]).length / hypotheses.length;
}
