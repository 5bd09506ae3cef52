/**
 * Decoding by drawing each id from the model's distribution, sharpened by a temperature and cut to the likeliest: the `topK` likeliest
 * (Fan et al. 2018), or the fewest that hold `topP` of the probability (Holtzman et al. 2020). Draws are a function of the seed and of a
 * request's place among all, so the batches that requests are run in make no difference.
 */
import { draws } from "../random/philox.ts";
import { STREAMS } from "../random/streams.ts";
import { extend } from "./extend.ts";
import type { Choice, ExtendOptions } from "./extend.ts";
import { likeliest } from "./greedy.ts";
import { highest } from "./highest.ts";
import type { DecodeRequest, NextLogits } from "./next-logits.ts";

export interface Sampling {
  /** Logits are divided by it; 0 takes the likeliest id. Default 1. */
  readonly temperature?: number;
  /** At least 1. */
  readonly topK?: number;
  /** In (0, 1]; of what `topK` leaves. */
  readonly topP?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The new ids of each request, without its prefix and without `end`. */
export function sample(model: NextLogits, requests: readonly DecodeRequest[], { seed = 0, ...shape }: Sampling, options: ExtendOptions): Promise<number[][]> {
  const choiceFor = (request: number): Choice => {
    const random = draws(seed, STREAMS.answers + request);
    return (logits) => drawn(distribution(logits, shape), random.uniform());
  };
  return extend(model, requests, choiceFor, options);
}

/** What an id is drawn from: the probabilities of `ids`, the likeliest first, sum to 1. */
export interface Distribution {
  readonly ids: readonly number[];
  readonly probabilities: readonly number[];
}

export function distribution(logits: Float32Array, { temperature = 1, topK = logits.length, topP = 1 }: Omit<Sampling, "seed">): Distribution {
  const ids = temperature === 0 ? [likeliest(logits)] : highest(logits, topK);
  // Where no value is finite there is nothing to weigh.
  if (ids.length === 0) return { ids: [likeliest(logits)], probabilities: [1] };
  const most = logits[ids[0] as number] as number;
  const weights = ids.map((id) => (temperature === 0 ? 1 : Math.exp(((logits[id] as number) - most) / temperature)));
  const kept = weights.slice(0, nucleus(weights, topP));
  const sum = total(kept);
  return { ids: ids.slice(0, kept.length), probabilities: kept.map((weight) => weight / sum) };
}

/** The number of first weights that together have at least this share of all. */
function nucleus(weights: readonly number[], share: number): number {
  if (share >= 1) return weights.length;
  const wanted = share * total(weights);
  let sum = 0;
  const last = weights.findIndex((weight) => (sum += weight) >= wanted);
  return last < 0 ? weights.length : last + 1;
}

/** The id in whose part of [0, 1) `uniform` lies. */
export function drawn({ ids, probabilities }: Distribution, uniform: number): number {
  let sum = 0;
  const at = probabilities.findIndex((probability) => (sum += probability) > uniform);
  return ids[at < 0 ? ids.length - 1 : at] as number;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
