import type { TextPair } from "../../runtime/data/index.ts";
import { bleu, exactMatch } from "../../runtime/metrics/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Translator } from "./translator.ts";

export interface Evaluation {
  /** By the recipe's names: `bleu` from 0 to 100, `exact_match` from 0 to 1. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly source: string;
  readonly wanted: string;
  readonly given: string;
}

type Metric = (given: readonly string[], wanted: readonly string[]) => number;

/** The metrics that compare texts, by the names that a recipe's `metrics` uses, with how they are written. */
export const METRICS: ReadonlyMap<string, { readonly measure: Metric; readonly title: string; readonly digits: number }> = new Map([
  ["bleu", { measure: (given, wanted) => bleu(given, wanted).score, title: "BLEU", digits: 1 }],
  ["exact_match", { measure: exactMatch, title: "exact match", digits: 2 }],
]);

/** Translates every source and compares with the targets. */
export async function evaluate(translator: Translator, pairs: readonly TextPair[], reports: readonly string[], onProgress?: (done: number) => void): Promise<Evaluation> {
  const names = knownReports(reports);
  const given = await translator.translate(pairs.map(({ source }) => source), onProgress);
  const wanted = pairs.map(({ target }) => translator.reference(target));
  const metrics = Object.fromEntries(names.map((name) => [name, METRICS.get(name)?.measure(given, wanted) ?? Number.NaN]));
  return { metrics, answers: pairs.map(({ source }, at) => ({ source, wanted: wanted[at] as string, given: given[at] as string })) };
}

/** Those of a recipe's metrics that can be measured on texts; all where it names none. */
function knownReports(reports: readonly string[]): readonly string[] {
  const known = reports.filter((name) => METRICS.has(name));
  if (reports.length === 0) return [...METRICS.keys()];
  if (known.length > 0) return known;
  throw new CommandFailure({ code: "metric-not-built", exit: exitCodes.wrong, message: `the recipe's metrics (${reports.join(", ")}) cannot be measured here yet`, remedy: `name some of ${[...METRICS.keys()].join(", ")}` });
}

/** "BLEU 71.3, exact match 0.78". */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics).map(([name, value]) => `${METRICS.get(name)?.title ?? name.replaceAll("_", " ")} ${value.toFixed(METRICS.get(name)?.digits ?? 3)}`).join(", ");
}
