/** Batches of a recipe whose first steps are fed otherwise: with shorter sequences, or other numbers of them. */
import type { Recipe } from "../../compiler/check/model.ts";
import type { Batch, EncodedExamples, Examples } from "../../runtime/data/index.ts";
import type { Sizes } from "../../runtime/index.ts";
import type { Data } from "./data.ts";

export interface PhasedBatches {
  /** The batch of a step, from 1: a function of the step alone. */
  batch(step: number): Batch;
  /** Of the last phase. */
  readonly stepsPerEpoch: number;
  /** The largest value of each size in any phase. */
  readonly bounds: Sizes;
}

/** `encode` makes batches of so many rows. */
export function phasedBatches(data: Data, recipe: Recipe, encode: (examples: Examples, batch: number) => EncodedExamples): PhasedBatches {
  const last = encode(data.training, recipe.batch);
  const phases = (recipe.phases ?? []).map(({ until, batch = recipe.batch }, at) => ({
    end: phaseEnd(until, recipe.steps),
    batches: encode(data.phases[at] ?? data.training, batch),
  }));
  const all = [...phases.map(({ batches }) => batches), last];
  return {
    // Every phase counts steps from the run's first: none begins where another began.
    batch: (step) => (phases.find(({ end }) => step <= end)?.batches ?? last).batch(step - 1),
    stepsPerEpoch: last.stepsPerEpoch,
    bounds: largest(all.map(({ bounds }) => bounds)),
  };
}

/** The last step of the share of all steps. */
export function phaseEnd(until: number, steps: number): number {
  return Math.round(until * steps);
}

function largest(all: readonly EncodedExamples["bounds"][]): Sizes {
  const bounds: Record<string, number> = {};
  for (const one of all) for (const [name, value] of Object.entries(one)) bounds[name] = Math.max(bounds[name] ?? 0, value);
  return bounds;
}
