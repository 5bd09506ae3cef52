/** The rows of `log.jsonl`, one JSON object a line: a training row every few steps, and one for each evaluation. */
import type { StepRow } from "./step-reports.ts";

export interface TrainingLogRow {
  readonly step: number;
  readonly loss: number;
  readonly learning_rate: number;
  readonly grad_norm: number;
  readonly tokens_per_second: number;
  readonly ms: number;
}

/** `eval_loss`, `eval_bleu`, `eval_exact_match`: whatever was measured. */
export type EvaluationLogRow = { readonly step: number } & { readonly [metric: `eval_${string}`]: number };

export type LogRow = TrainingLogRow | EvaluationLogRow;

export function trainingRow(row: StepRow): TrainingLogRow {
  return {
    step: row.step,
    loss: row.loss,
    learning_rate: row.learningRate,
    grad_norm: row.gradNorm,
    tokens_per_second: Math.round(row.tokensPerSecond),
    ms: Math.round(row.ms * 100) / 100,
  };
}

/** Metric names without their prefix: `{ bleu: 61.2 }`. */
export function evaluationRow(step: number, metrics: Readonly<Record<string, number>>): EvaluationLogRow {
  return { step, ...Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`eval_${name}`, value])) };
}

/** With its line break; what is not finite becomes null, as JSON has no other word for it. */
export function logLine(row: LogRow): string {
  return `${JSON.stringify(row)}\n`;
}

/**
 * The rows of a log that a resumed run goes on with: those up to `step`, so that steps done again are not told twice. A last line that a
 * crash cut off is dropped.
 */
export function logUpTo(text: string, step: number): string {
  const kept = text.split("\n").filter((line) => {
    try {
      const row = JSON.parse(line) as { readonly step?: unknown };
      return typeof row.step === "number" && row.step <= step;
    } catch {
      return false;
    }
  });
  return kept.map((line) => `${line}\n`).join("");
}
