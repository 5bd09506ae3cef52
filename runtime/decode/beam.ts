/**
 * Beam search: at every step the `width` likeliest prefixes of each request go on. A prefix that ends is put aside and its place is taken
 * by the next. Sequences are compared by log p(Y) / lp(Y), lp(Y) = ((5 + |Y|) / 6)^α (Wu et al. 2016, eq. 14), where |Y| counts `end`. The
 * search is over when no open prefix can surpass the best that has ended, or when `width` have ended and none is behind an open one: a
 * count alone would let ends that are hardly likely, of which a smoothed model has one at every step, crowd out the sequence that is.
 */
import { batchesOf, lastLength, prefixesOf, sourcesOf } from "./batches.ts";
import { highest } from "./highest.ts";
import type { Continuation, DecodeOptions, DecodeRequest, NextLogits } from "./next-logits.ts";

export interface BeamWidth {
  /** Prefixes of a request that go on at a time; 1 is greedy decoding. */
  readonly width: number;
  /** α ≥ 0: 0 compares probabilities, which favours short sequences; larger values favour longer ones. */
  readonly lengthPenalty: number;
}

export interface Hypothesis {
  /** New ids, without the prefix and without `end`. */
  readonly ids: readonly number[];
  readonly logProbability: number;
  /** `logProbability` over the length penalty. */
  readonly score: number;
  /** False where it was cut at the longest length. */
  readonly ended: boolean;
}

export function lengthPenalty(length: number, alpha: number): number {
  return ((5 + length) / 6) ** alpha;
}

/** For each request what was found, at most `width` sequences, the best first; sequences that were cut only where none ended. */
export async function beam(model: NextLogits, requests: readonly DecodeRequest[], shape: BeamWidth, options: DecodeOptions): Promise<readonly (readonly Hypothesis[])[]> {
  const found: (readonly Hypothesis[])[] = requests.map(() => []);
  let done = 0;
  for (const batch of batchesOf(requests, Math.floor(model.limits.rows / shape.width), options)) {
    const searches = await searchBatch(model, batch.map((at) => requests[at] as DecodeRequest), shape, options);
    batch.forEach((at, row) => (found[at] = (searches[row] as Search).result()));
    done += batch.length;
    options.onProgress?.(done);
  }
  return found;
}

async function searchBatch(model: NextLogits, batch: readonly DecodeRequest[], shape: BeamWidth, options: DecodeOptions): Promise<readonly Search[]> {
  const continuation = model.begin(sourcesOf(batch, options.pad));
  const first = batch[0]?.prefix.length ?? 0;
  const last = lastLength(model, first, options);
  const searches = batch.map(({ prefix }) => new Search(Array.from(prefix), shape, { end: options.end, longest: last - first + 1 }));
  for (let length = first; length <= last; length++) {
    const open = searches.flatMap((search, row) => (search.over ? [] : search.live.map((one) => ({ search, row, one }))));
    if (open.length === 0) break;
    const logits = await allLogits(model, continuation, open.map(({ row, one }) => ({ row, sequence: one.sequence })), options);
    for (const search of new Set(open.map((each) => each.search))) search.step(logits.filter((_, at) => open[at]?.search === search));
  }
  return searches;
}

/** Of each prefix, in as many runs as the model's rows make necessary. */
async function allLogits(model: NextLogits, continuation: Continuation, open: readonly { readonly row: number; readonly sequence: readonly number[] }[], options: DecodeOptions): Promise<readonly Float32Array[]> {
  const logits: Float32Array[] = [];
  for (let from = 0; from < open.length; from += model.limits.rows) {
    const part = open.slice(from, from + model.limits.rows);
    options.signal?.throwIfAborted();
    const { ids, length } = prefixesOf(part.map(({ sequence }) => sequence), model, options);
    const values = await continuation.next(part.map(({ row }) => row), ids, length);
    const vocabulary = values.length / part.length;
    part.forEach((_, at) => logits.push(values.subarray(at * vocabulary, (at + 1) * vocabulary)));
  }
  return logits;
}

interface Live {
  /** The prefix and the new ids. */
  readonly sequence: readonly number[];
  readonly logProbability: number;
}

/** The search of one request. */
class Search {
  live: readonly Live[];
  over = false;
  /** The best that have ended, best first, at most `width`. */
  private ended: readonly Hypothesis[] = [];
  private readonly first: number;
  private readonly shape: BeamWidth;
  private readonly limits: { readonly end: number; readonly longest: number };

  constructor(prefix: readonly number[], shape: BeamWidth, limits: { readonly end: number; readonly longest: number }) {
    this.live = [{ sequence: prefix, logProbability: 0 }];
    this.first = prefix.length;
    this.shape = shape;
    this.limits = limits;
  }

  /** Logits of the id after each live prefix. */
  step(logits: readonly Float32Array[]): void {
    const { width } = this.shape;
    // Each prefix ends in one way only, so twice the width leaves enough that go on.
    const candidates = this.live.flatMap((one, at) => continuations(one, logits[at] as Float32Array, 2 * width));
    candidates.sort((a, b) => b.logProbability - a.logProbability);
    const live: Live[] = [];
    const ended = [...this.ended];
    for (const [rank, { from, id, logProbability }] of candidates.slice(0, 2 * width).entries()) {
      if (id !== this.limits.end) {
        if (live.length < width) live.push({ sequence: [...from.sequence, id], logProbability });
      } else if (rank < width) {
        ended.push(this.hypothesis({ sequence: from.sequence, logProbability }, true));
      }
    }
    this.live = live;
    this.ended = leading(ended, width);
    this.over = live.length === 0 || this.isDecided(live[0] as Live);
  }

  private isDecided(first: Live): boolean {
    const { width, lengthPenalty: alpha } = this.shape;
    const [best] = this.ended;
    if (best === undefined) return false;
    // log p never rises, and lp is largest at the longest length.
    if (best.score >= first.logProbability / lengthPenalty(this.limits.longest, alpha)) return true;
    return this.ended.length === width && (this.ended.at(-1) as Hypothesis).score >= this.hypothesis(first, false).score;
  }

  result(): readonly Hypothesis[] {
    return this.ended.length > 0 ? this.ended : leading(this.live.map((one) => this.hypothesis(one, false)), this.shape.width);
  }

  private hypothesis({ sequence, logProbability }: Live, ended: boolean): Hypothesis {
    const ids = sequence.slice(this.first);
    return { ids, logProbability, score: logProbability / lengthPenalty(ids.length + (ended ? 1 : 0), this.shape.lengthPenalty), ended };
  }
}

function leading(hypotheses: readonly Hypothesis[], count: number): readonly Hypothesis[] {
  return hypotheses.toSorted((a, b) => b.score - a.score).slice(0, count);
}

/** The likeliest ways to go on with a prefix, log-probabilities of the whole. */
function continuations(from: Live, logits: Float32Array, count: number): { readonly from: Live; readonly id: number; readonly logProbability: number }[] {
  const ids = highest(logits, count);
  const most = logits[ids[0] ?? 0] ?? 0;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp((logits[id] as number) - most);
  const all = most + Math.log(sum);
  return ids.map((id) => ({ from, id, logProbability: from.logProbability + (logits[id] as number) - all }));
}
