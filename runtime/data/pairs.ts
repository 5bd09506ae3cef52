import type { Tokenizer } from "../text/tokenizer.ts";
import type { Batch, Batches } from "./batches.ts";
import { noPairs, sequenceOverLimit } from "./errors.ts";
import { epochBatches } from "./schedule.ts";

/** A source and its target as texts. */
export interface TextPair {
  readonly source: string;
  readonly target: string;
}

/** A source and its target as ids, without `start` and `end`. */
export interface IdPair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

export interface PairOptions {
  readonly batch: number;
  readonly seed: number;
  /** Most tokens a side, `start` and `end` counted. */
  readonly limit: number;
  /** What becomes of longer ones; `refuse` throws TfmError `sequence-over-limit`. */
  readonly overlong: "refuse" | "cut";
  /** Batches whose examples are sorted by length together; more of them waste less padding. */
  readonly pool?: number;
}

/**
 * Pairs for a model that reads one text and writes another. Fields, padded to the longest of their batch:
 * `source` [B, S], `target` [B, T] (start, then the target's ids) and `next` [B, T] (the ids, then end).
 */
export function pairBatches(pairs: readonly TextPair[], tokenizer: Tokenizer, options: PairOptions): Batches {
  if (pairs.length === 0) throw noPairs();
  const encoded = pairs.map((pair, index) => encodePair(pair, index + 1, tokenizer, options));
  // By the longer side, then by both: on pairs of texts this pads less than sorting by either side or by the sum.
  const lengths = Float64Array.from(encoded, ({ source, target }) => Math.max(source.length, target.length + 1) * 2 ** 24 + source.length + target.length);
  const order = { batch: options.batch, seed: options.seed, pool: options.pool ?? 50 };
  const stepsPerEpoch = Math.ceil(pairs.length / options.batch);

  let current: { readonly epoch: number; readonly batches: readonly Uint32Array[] } | undefined;
  const epochOf = (epoch: number): readonly Uint32Array[] => {
    if (current?.epoch !== epoch) current = { epoch, batches: epochBatches(lengths, epoch, order) };
    return current.batches;
  };
  return {
    stepsPerEpoch,
    bounds: {
      B: Math.min(options.batch, pairs.length),
      S: longest(encoded, "source", 1),
      T: 1 + longest(encoded, "target", 0),
    },
    batch(step) {
      const rows = epochOf(Math.floor(step / stepsPerEpoch))[step % stepsPerEpoch] as Uint32Array;
      return padded(Array.from(rows, (row) => encoded[row] as IdPair), tokenizer);
    },
  };
}

/** The ids of a pair within the limit; `line` counts from 1 and stands in the error. */
function encodePair(pair: TextPair, line: number, tokenizer: Tokenizer, options: PairOptions): IdPair {
  const within = (side: "source" | "target", room: number): readonly number[] => {
    const ids = tokenizer.encode(pair[side]);
    if (ids.length <= room) return ids;
    if (options.overlong === "refuse") throw sequenceOverLimit(side, line, ids.length + options.limit - room, options.limit);
    return ids.slice(0, room);
  };
  return { source: within("source", options.limit), target: within("target", options.limit - 1) };
}

/** One batch of the given pairs, in their order. Also what evaluation and generation feed. */
export function padded(pairs: readonly IdPair[], tokenizer: Pick<Tokenizer, "pad" | "start" | "end">): Batch {
  const { pad, start, end } = tokenizer;
  const B = pairs.length;
  const S = longest(pairs, "source", 1);
  const T = 1 + longest(pairs, "target", 0);
  const source = new Int32Array(B * S).fill(pad), target = new Int32Array(B * T).fill(pad), next = new Int32Array(B * T).fill(pad);
  let tokens = 0;
  for (const [b, pair] of pairs.entries()) {
    source.set(pair.source, b * S);
    target[b * T] = start;
    target.set(pair.target, b * T + 1);
    next.set(pair.target, b * T);
    next[b * T + pair.target.length] = end;
    tokens += pair.target.length + 1;
  }
  return { sizes: { B, S, T }, fields: { source, target, next }, tokens };
}

function longest(pairs: readonly IdPair[], side: "source" | "target", least: number): number {
  return pairs.reduce((length, pair) => Math.max(length, pair[side].length), least);
}
