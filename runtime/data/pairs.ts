import type { Tokenizer } from "../text/tokenizer.ts";
import type { Batch } from "./batches.ts";
import { noPairs, sequenceOverLimit } from "./errors.ts";
import type { EncodedExamples, Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { listBatches } from "./list.ts";

/** A source and its target as texts. */
export interface TextPair {
  readonly source: string;
  readonly target: string;
  /** In its file, from 1; by default its place among the pairs. */
  readonly line?: number;
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

/** Tokens a side where the model sets no limit of its own. */
const DEFAULT_LIMIT = 512;

/**
 * Pairs for a model that reads one text and writes another. Fields, padded to the longest of their batch:
 * `source` [B, S], `target` [B, T] (start, then the target's ids) and `next` [B, T] (the ids, then end).
 */
export function pairExamples(pairs: readonly TextPair[]): Examples {
  return {
    count: pairs.length,
    unit: "pairs",
    text: { lines: () => linesOf(pairs), spacing: "free", specials: [] },
    written: { grows: "target", reads: "source", next: "next" },
    pairs,
    encode: ({ tokenizer, batch, seed, limit = DEFAULT_LIMIT }) => pairBatches(pairs, given(tokenizer), { batch, seed, limit, overlong: "refuse" }),
  };
}

function* linesOf(pairs: readonly TextPair[]): Iterable<string> {
  for (const { source, target } of pairs) {
    yield source;
    yield target;
  }
}

/** The same with a choice of what becomes of long ones. */
export function pairBatches(pairs: readonly TextPair[], tokenizer: Tokenizer, options: PairOptions): EncodedExamples {
  if (pairs.length === 0) throw noPairs();
  const encoded = pairs.map((pair, index) => encodePair(pair, pair.line ?? index + 1, tokenizer, options));
  // By the longer side, then by both: on pairs of texts this pads less than sorting by either side or by the sum.
  const lengths = Float64Array.from(encoded, ({ source, target }) => Math.max(source.length, target.length + 1) * 2 ** 24 + source.length + target.length);
  return listBatches(lengths, {
    batch: options.batch,
    seed: options.seed,
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    bounds: { S: longest(encoded, "source", 1), T: 1 + longest(encoded, "target", 0) },
    assemble: (rows) => padded(rows.map((row) => encoded[row] as IdPair), tokenizer),
  });
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
