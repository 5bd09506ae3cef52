/** What `examples/rows.ts` says of a row: what is trained, what is measured, and which figures must come out. */

/** Each example trains one or several runs; its figures are computed from what they measured. */
export interface Row {
  /** The folder in `examples/`. */
  readonly name: string;
  /** Whether `npm run data` makes the row's data. */
  readonly makesData?: boolean;
  /** By their names, in the order in which they are made: a later one may start from an earlier one. */
  readonly runs: Readonly<Record<string, TrainedRun>>;
  readonly figures: readonly Figure[];
}

/**
 * Command lines as a person types them behind `tfmc train`, and, by names of their own, `eval …` or `inspect …` without the run's folder.
 * `DATA` stands for the folder of real data, `RUNS/a` for the folder of the row's run `a`.
 */
export interface TrainedRun {
  readonly train: string;
  readonly measure: Readonly<Record<string, string>>;
}

/** `{ gpt: { heldout: { nats: 1.88 } } }`: runs, their measurements, metrics. */
export type Measured = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

export interface Figure {
  readonly title: string;
  /** Of what the row's own runs measured, and those of all rows by their names. */
  readonly of: (measured: Measured, rows: Readonly<Record<string, Measured>>) => number;
  readonly mark: { readonly atLeast: number } | { readonly atMost: number };
  readonly digits: number;
}

/** One metric of a measurement. Throws for one that was not measured. */
export function metric(measured: Measured, run: string, measurement: string, name: string): number {
  const value = measured[run]?.[measurement]?.[name];
  if (value === undefined) throw new Error(`internal: ${run} has no ${name} in ${measurement}; it has ${Object.keys(measured[run]?.[measurement] ?? {}).join(", ")}`);
  return value;
}

export function reached({ mark }: Figure, value: number): boolean {
  return "atLeast" in mark ? value >= mark.atLeast : value <= mark.atMost;
}

/** "≥ 0.90" */
export function markText({ mark, digits }: Figure): string {
  return "atLeast" in mark ? `≥ ${mark.atLeast.toFixed(digits)}` : `≤ ${mark.atMost.toFixed(digits)}`;
}
