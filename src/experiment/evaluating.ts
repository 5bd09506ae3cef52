/** Evaluation during training: what was measured decides which weights are kept as the best, and when it is enough. */
import type { Recipe } from "../../compiler/check/model.ts";
import type { Examples } from "../../runtime/data/index.ts";
import { train } from "../../runtime/index.ts";
import type { TrainOptions, TrainResult } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { metricsText } from "./evaluate.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Measuring } from "./measure.ts";

/** What a checkpoint keeps of a run's evaluations. */
export interface Standing {
  /** The figure that decides. */
  readonly figure: string;
  /** The last step after which it was measured; 0 before any. */
  readonly evaluated: number;
  readonly best?: { readonly step: number; readonly value: number };
  /** Evaluations since the best one. */
  readonly since: number;
}

export interface Evaluating {
  standing(): Standing;
  /** Whether a step is followed by an evaluation. */
  due(step: number): boolean;
  /** Whether the figure has been no better for as long as the recipe is patient. */
  enough(): boolean;
  /** Measures after a step. An interrupted evaluation counts for nothing: it is done again when the run goes on. */
  after(step: number): Promise<void | "enough">;
  dispose(): void;
}

export interface EvaluatingParts {
  readonly recipe: Recipe;
  readonly steps: number;
  /** Of the run that is gone on with. */
  readonly standing?: Standing | undefined;
  readonly signal?: { readonly aborted: boolean } | undefined;
  readonly open: () => Promise<Measuring>;
  /** Keeps the weights as they are as the best. */
  readonly keepBest: (step: number) => Promise<void>;
  readonly onEvaluation: (step: number, evaluation: Evaluation, standing: Standing) => void;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The figure that decides: what the recipe watches, or else the first of its metrics, of its functions, or the loss. */
export function decidingFigure({ watch, reports, metrics }: Pick<Recipe, "watch" | "reports" | "metrics">): string {
  return watch ?? reports[0] ?? metrics[0]?.name ?? "loss";
}

/** Of loss and perplexity less is better, of everything else more. */
function isBetter(figure: string, value: number, than: number): boolean {
  return figure === "loss" || figure === "perplexity" ? value < than : value > than;
}

/** A function that gives classes is told by its accuracy. */
export function figureOf(figure: string, metrics: Readonly<Record<string, number>>): number {
  return metrics[figure] ?? metrics[`${figure}_accuracy`] ?? Number.NaN;
}

/** What is not a number is no better than anything. */
export function judged(before: Standing, step: number, value: number): Standing {
  const { figure, best, since } = before;
  const better = !Number.isNaN(value) && (best === undefined || isBetter(figure, value, best.value));
  return better ? { figure, evaluated: step, best: { step, value }, since: 0 } : { ...before, evaluated: step, since: since + 1 };
}

/** "loss 1.912, perplexity 6.767, the best so far". */
export function evaluationText({ step, metrics, standing: { best } }: Evaluation & { readonly step: number; readonly standing: Standing }): string {
  return `${metricsText(metrics)}${best === undefined ? "" : best.step === step ? ", the best so far" : `; best after step ${best.step}`}`;
}

/** Throws CommandFailure where a recipe wants to be evaluated on nothing. */
export function checkEvaluated({ evaluate }: Recipe, validation: Examples | undefined): void {
  if (evaluate === undefined || validation !== undefined) return;
  throw new CommandFailure({ code: "no-validation", exit: exitCodes.wrong, message: "the recipe evaluates while it trains, but all of the data is trained on", remedy: 'set `validation = 0.1` or `validation = "val.tsv"` in it, or give --validation PATH|SHARE' });
}

export function createEvaluating({ recipe, steps, standing: saved, signal, open, keepBest, onEvaluation, onProgress }: EvaluatingParts): Evaluating {
  const { evaluate = 0, patience = Infinity } = recipe;
  const figure = decidingFigure(recipe);
  // Of another figure than before, the best so far is not known.
  let standing: Standing = saved?.figure === figure ? saved : { figure, evaluated: 0, since: 0 };
  let measuring: Measuring | undefined;
  const enough = (): boolean => standing.since >= patience;
  return {
    standing: () => standing,
    due: (step) => step > 0 && (step % evaluate === 0 || step === steps),
    enough,
    after: async (step) => {
      let evaluation: Evaluation;
      try {
        measuring ??= await open();
        evaluation = await measuring.measure((done) => {
          if (signal?.aborted === true) throw new Interrupted();
          onProgress?.(done);
        });
      } catch (error) {
        if (error instanceof Interrupted) return undefined;
        throw error;
      }
      standing = judged(standing, step, figureOf(figure, evaluation.metrics));
      onEvaluation(step, evaluation, standing);
      if (standing.best?.step === step) await keepBest(step);
      return enough() ? "enough" : undefined;
    },
    dispose: () => measuring?.dispose(),
  };
}

class Interrupted extends Error {}

/** Trains with evaluations in between. */
export async function trainEvaluating(options: TrainOptions, evaluating: Evaluating | undefined): Promise<TrainResult> {
  if (evaluating === undefined) return train(options);
  const { from = 0, steps, pause, pauseAfter } = options;
  try {
    const wasInterrupted = evaluating.due(from) && evaluating.standing().evaluated < from;
    if (wasInterrupted) await evaluating.after(from);
    if (evaluating.enough()) {
      if (wasInterrupted) await options.checkpoint?.(from);
      return { step: from, end: from >= steps ? "done" : "enough" };
    }
    return await train({
      ...options,
      pauseAfter: (step) => pauseAfter?.(step) === true || evaluating.due(step),
      pause: async (step) => {
        if (pauseAfter?.(step) === true) await pause?.(step);
        return evaluating.due(step) ? evaluating.after(step) : undefined;
      },
    });
  } finally {
    evaluating.dispose();
  }
}
