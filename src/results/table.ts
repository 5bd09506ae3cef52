import type { Results, RunResult } from "./record.ts";
import { markText, reached } from "./row.ts";
import type { Figure, Row } from "./row.ts";

/** Why the rows whose program has changed since they were trained stand no more, by `row/run`. */
export type Stale = ReadonlyMap<string, string>;

/** `examples/RESULTS.md`. */
export function resultsTable(rows: readonly Row[], results: Results, stale: Stale): string {
  return `${[
    "# Results",
    "",
    "Made by `npm run train:all`, which trains every example on real data by the commands below, measures it, and leaves out what still stands. `DATA` is the",
    "folder of real data, `RUNS` where the row's runs are. The time is that of training, on what the adapter's name says.",
    "",
    "| example | figure | reached | mark | |",
    "| --- | --- | --- | --- | --- |",
    ...rows.flatMap((row) => row.figures.map((figure) => `| [${row.name}](${row.name}/README.md) | ${figureCells(row, figure, results, stale)} |`)),
    "",
    "## How",
    "",
    ...rows.flatMap((row) => howLines(row, results, stale)),
  ].join("\n").trimEnd()}\n`;
}

/** Between the first bar and the last: what a figure is, what was reached, the mark, and the verdict. */
export function figureCells(row: Row, figure: Figure, results: Results, stale: Stale): string {
  const value = valueOf(row, figure, results);
  const missing = Object.keys(row.runs).some((run) => results[row.name]?.[run] === undefined);
  const old = Object.keys(row.runs).some((run) => stale.has(`${row.name}/${run}`));
  const verdict = value === undefined ? (missing ? "not trained yet" : "not measured") : `${reached(figure, value) ? "reached" : "missed"}${old ? ", stale" : ""}`;
  return `${figure.title} | ${value === undefined ? "" : value.toFixed(figure.digits)} | ${markText(figure)} | ${verdict}`;
}

/** Undefined until all that it takes was measured. */
function valueOf({ name }: Row, { of }: Figure, results: Results): number | undefined {
  const rows = Object.fromEntries(Object.entries(results).map(([row, all]) => [row, Object.fromEntries(Object.entries(all).map(([run, { measured }]) => [run, measured]))]));
  try {
    const value = of(rows[name] ?? {}, rows);
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function howLines(row: Row, results: Results, stale: Stale): readonly string[] {
  const trained = Object.entries(row.runs).flatMap(([run]) => {
    const result = results[row.name]?.[run];
    return result === undefined ? [] : [runLines(run, result, stale.get(`${row.name}/${run}`))];
  });
  return trained.length === 0 ? [] : [`### ${row.name}`, "", ...trained.flat()];
}

function runLines(run: string, { train, measure, seconds, steps, adapter, date, hashes }: RunResult, stale: string | undefined): readonly string[] {
  const commands = [`npx --no-install tfmc train ${train}`, ...Object.values(measure).map((line) => `npx --no-install tfmc ${line.replace(/^\w+/, (command) => `${command} RUNS/${run}`)}`)];
  return [
    ...(stale === undefined ? [] : [`**Stale: ${stale}.**`]),
    `\`${run}\`: ${steps.toLocaleString("en-US")} steps in ${minutesText(seconds)} on ${adapter}, ${date.slice(0, 10)}; recipe ${hashes.recipe}, data ${hashes.data}, program ${hashes.program}`,
    "",
    ...commands.map((line) => `    ${line}`),
    "",
  ];
}

/** "13:45" */
export function minutesText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
