import type { Dim } from "../../compiler/dim.ts";
import type { Sizes } from "../../runtime/index.ts";
import { evaluateSize } from "../../runtime/size.ts";
import type { Prepared } from "./prepare.ts";

/** The sizes of steps' micro-batches. */
export type StepSizes = readonly (readonly Sizes[])[];

/** What a run is fed: some of its steps, and the largest value of each size in any of them. */
export interface FedSizes {
  readonly steps: StepSizes;
  readonly bounds: Sizes;
}

const SAMPLES = 64;

/** Of 64 steps that lie evenly in the run, so that each phase of it has its share, or of all where it has fewer. */
export function fedSizes({ recipe: { steps }, batches, bounds }: { readonly recipe: Pick<Prepared["recipe"], "steps"> } & Pick<Prepared, "batches" | "bounds">): FedSizes {
  const samples = Math.min(steps, SAMPLES);
  const numbers = Array.from({ length: samples }, (_, at) => 1 + Math.floor(((at + 0.5) * steps) / samples));
  return { steps: numbers.map((step) => batches(step).map(({ sizes }) => sizes)), bounds };
}

/** The mean over steps of what their micro-batches come to. A product of sizes has another mean than its factors. */
export function meanOf(figure: Dim, steps: StepSizes): number {
  return mean(steps.map((parts) => parts.reduce((sum, sizes) => sum + evaluateSize(figure, sizes), 0)));
}

/** The mean of each size over steps; rows are those of a whole step. */
export function meanSizes(steps: StepSizes): Sizes {
  const names = [...new Set(steps.flatMap((parts) => parts.flatMap((sizes) => Object.keys(sizes))))];
  const ofStep = (name: string, parts: readonly Sizes[]): number => parts.reduce((sum, sizes) => sum + (sizes[name] ?? 0), 0) / (name === "B" ? 1 : parts.length);
  return Object.fromEntries(names.map((name) => [name, mean(steps.map((parts) => ofStep(name, parts)))]));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
