import { rmSync } from "node:fs";
import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readTrained } from "../experiment/use.ts";
import { CommandFailure } from "../failure.ts";
import { readFacts } from "../report/write.ts";
import { changeSince, dataChanged } from "./hashes.ts";
import type { Results, RunResult } from "./record.ts";
import { canGoOn, noteBegin, traceOf } from "./sitting.ts";
import type { Row, TrainedRun } from "./row.ts";
import { tfmc } from "./tfmc.ts";

/** Where things are; all relative to the project's folder, so that commands can be typed again as they are told. */
export interface Places {
  /** The folder of real data. */
  readonly data: string;
  /** The folder of all runs. */
  readonly runs: string;
}

export const runFolder = ({ runs }: Places, row: string, run: string): string => path.join(runs, row, run);

/** The words behind `tfmc train` or `tfmc eval`, with the folders that they stand for. */
export function commandLine(text: string, row: Row, places: Places): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "").map((word) => word.replace(/^DATA(?=\/|$)/, places.data).replace(/^RUNS\//, `${path.join(places.runs, row.name)}/`));
}

/** Why a run has to be made again; undefined where its result stands. The row's data are to be there. */
export async function reasonToTrain(row: Row, name: string, results: Results, places: Places): Promise<string | undefined> {
  const run = runOf(row, name);
  const result = results[row.name]?.[name];
  if (result === undefined) return "not trained yet";
  if (result.train !== run.train) return "another command";
  const change = changeSince(result);
  if (change !== undefined) return change.what === "program" ? "another program" : "another model or recipe";
  if (await dataChanged(result, dataOf(commandLine(run.train, row, places)))) return "other data";
  const earlier = earlierRuns(run.train).find((one) => (results[row.name]?.[one]?.date ?? "~") > result.date);
  return earlier === undefined ? undefined : `${earlier} was trained since`;
}

/** The row's runs that a command starts from. */
const earlierRuns = (train: string): readonly string[] => [...train.matchAll(/(?:^|\s)RUNS\/([\w-]+)/g)].map((match) => match[1] as string);

/** What a command names in the place of the recipe's data. */
const dataOf = (args: readonly string[]): string | undefined => (args.includes("--data") ? args[args.indexOf("--data") + 1] : undefined);

/** Trains and measures. What an earlier sitting began is gone on with, unless it is to be trained `anew`. */
export async function trainRun(row: Row, name: string, places: Places, results: Results, anew: boolean): Promise<RunResult> {
  const run = runOf(row, name);
  const folder = runFolder(places, row.name, name);
  const args = commandLine(run.train, row, places);
  const begin = { train: run.train, from: Object.fromEntries(earlierRuns(run.train).map((one) => [one, results[row.name]?.[one]?.date ?? ""])) };
  if (!anew && (await canGoOn(folder, begin, dataOf(args)))) {
    await succeeded("train", ["--resume", folder]);
  } else {
    rmSync(folder, { recursive: true, force: true });
    noteBegin(folder, begin);
    await succeeded("train", [...args, "--out", folder]);
  }
  const trained = readTrained(folder);
  const facts = readFacts(folder);
  return {
    train: run.train,
    ...(await measureRun(row, name, places)),
    seconds: Math.round((facts?.sittings ?? []).reduce((sum, { seconds }) => sum + seconds, 0)),
    steps: trained.checkpoint.manifest.step,
    adapter: facts?.machine.find(([title]) => title === "adapter")?.[1] ?? "",
    date: new Date().toISOString(),
    ...traceOf(trained),
  };
}

/** Whether what is measured has changed since, so that a run that stands has to be measured again. */
export function measuredOtherwise(row: Row, name: string, result: RunResult): boolean {
  return JSON.stringify(runOf(row, name).measure) !== JSON.stringify(result.measure);
}

export async function measureRun(row: Row, name: string, places: Places): Promise<Pick<RunResult, "measure" | "measured">> {
  const { measure } = runOf(row, name);
  const measured: Record<string, Readonly<Record<string, number>>> = {};
  for (const [title, text] of Object.entries(measure)) {
    const [command = "", ...args] = commandLine(text, row, places);
    const lines = (await succeeded(command, [runFolder(places, row.name, name), ...args, "--json"])).trim().split("\n").map((line) => JSON.parse(line) as Record<string, number>);
    measured[title] = command === "inspect" ? extremes(lines) : (lines.at(-1) ?? {});
  }
  return { measure, measured };
}

/** Of all values that were inspected. */
function extremes(values: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  return { min: Math.min(...values.map(({ min = Number.NaN }) => min)), max: Math.max(...values.map(({ max = Number.NaN }) => max)) };
}

function runOf(row: Row, name: string): TrainedRun {
  const run = row.runs[name];
  if (run === undefined) throw new Error(`internal: ${row.name} has no run ${name}`);
  return run;
}

/** What a command wrote; its failure, which it has told itself, ends this program too. */
async function succeeded(command: string, args: readonly string[]): Promise<string> {
  process.stderr.write(`\n$ tfmc ${[command, ...args].join(" ")}\n`);
  const { code, stdout } = await tfmc([command, ...args]);
  if (code === exitCodes.ok) return stdout;
  const message = code === exitCodes.interrupted ? `interrupted in tfmc ${command}` : `tfmc ${command} failed with exit code ${code}`;
  throw new CommandFailure({ code: "row-not-done", exit: code as ExitCode, message, remedy: "the same command goes on where this one ended" });
}
