import type { Tokenizer } from "../text/tokenizer.ts";
import type { Batch } from "./batches.ts";
import { noPairs, sequenceOverLimit } from "./errors.ts";
import type { EncodedExamples, Examples, Overlong } from "./examples.ts";
import { DEFAULT_LIMIT, fittingRows, given, lineOf } from "./examples.ts";
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

interface PairOptions {
  readonly batch: number;
  readonly seed: number;
  /** Most tokens a side, `start` and `end` counted. */
  readonly limit: number;
}

/**
 * Pairs for a model that reads one text and writes another. Fields, padded to the longest of their batch:
 * `source` [B, S], `target` [B, T] (start, then the target's ids) and `next` [B, T] (the ids, then end).
 */
export function pairExamples(pairs: readonly TextPair[]): Examples {
  // What fits is asked before batches are made, and phases make their own: a tokenizer goes over the texts once.
  const known = new WeakMap<Tokenizer, readonly IdPair[]>();
  const idsBy = (tokenizer: Tokenizer): readonly IdPair[] => {
    const ids = known.get(tokenizer) ?? pairs.map((pair) => encodePair(pair, tokenizer));
    known.set(tokenizer, ids);
    return ids;
  };
  const examples: Examples = {
    count: pairs.length,
    unit: "pairs",
    text: { lines: () => linesOf(pairs), spacing: "free", specials: [] },
    written: { grows: "target", reads: "source", next: "next" },
    pairs,
    fitting({ tokenizer, limit = DEFAULT_LIMIT }) {
      const ids = idsBy(given(tokenizer));
      return fittingRows(pairs, examples, (_, line, at) => overlongOf(ids[at] as IdPair, line, limit), pairExamples);
    },
    encode: ({ tokenizer, batch, seed, limit = DEFAULT_LIMIT }) => batchesOf(pairs, idsBy(given(tokenizer)), given(tokenizer), { batch, seed, limit }),
  };
  return examples;
}

function* linesOf(pairs: readonly TextPair[]): Iterable<string> {
  for (const { source, target } of pairs) {
    yield source;
    yield target;
  }
}

/** Throws TfmError `sequence-over-limit` for the first that is too long. */
function batchesOf(pairs: readonly TextPair[], encoded: readonly IdPair[], tokenizer: Tokenizer, { batch, seed, limit }: PairOptions): EncodedExamples {
  if (pairs.length === 0) throw noPairs();
  for (const [at, ids] of encoded.entries()) {
    const overlong = overlongOf(ids, lineOf(pairs[at] as TextPair, at), limit);
    if (overlong !== undefined) throw sequenceOverLimit(overlong);
  }
  // By the longer side, then by both: on pairs of texts this pads less than sorting by either side or by the sum.
  const lengths = Float64Array.from(encoded, ({ source, target }) => Math.max(source.length, target.length + 1) * 2 ** 24 + source.length + target.length);
  return listBatches(lengths, {
    batch,
    seed,
    bounds: { S: longest(encoded, "source", 1), T: 1 + longest(encoded, "target", 0) },
    assemble: (rows) => padded(rows.map((row) => encoded[row] as IdPair), tokenizer),
  });
}

function encodePair({ source, target }: TextPair, tokenizer: Tokenizer): IdPair {
  return { source: tokenizer.encode(source), target: tokenizer.encode(target) };
}

/** The side that is too long, if one is. A target has `start` before it, and `end` behind it where it is what comes next. */
function overlongOf({ source, target }: IdPair, line: number, limit: number): Overlong | undefined {
  if (source.length > limit) return { line, side: "source", tokens: source.length, limit };
  return target.length + 1 > limit ? { line, side: "target", tokens: target.length + 1, limit } : undefined;
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
