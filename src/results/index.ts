import { readFileSync } from "node:fs";
import path from "node:path";
import { rows } from "../../examples/rows.ts";
import { reporting } from "../commands/refused.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";
import { terminalOutput } from "../output.ts";
import { packageRoot } from "../package-root.ts";
import { startProgram, told } from "../program.ts";
import { nearest } from "../../grammar/suggest.ts";
import { trainAllOptions } from "./options.ts";
import { readResults, writeResults } from "./record.ts";
import type { Results, RunResult } from "./record.ts";
import type { Row } from "./row.ts";
import { makeData } from "./make-data.ts";
import { withReached } from "./readme.ts";
import { staleRuns } from "./stale.ts";
import { resultsTable } from "./table.ts";
import { measureRun, measuredOtherwise, reasonToTrain, trainRun } from "./train-run.ts";
import type { Places } from "./train-run.ts";

const RESULTS = path.join("examples", "results.json");
const TABLE = path.join("examples", "RESULTS.md");

// `npm run train:all`, once the set-up is done.
startProgram(() => {
  const output = terminalOutput({ json: false, quiet: false, color: true });
  return told(output, () => reporting(output, async () => {
    const options = trainAllOptions(process.argv.slice(2));
    if (options === "help") return exitCodes.ok;
    process.chdir(packageRoot);
    const chosen = options.names.length === 0 ? rows : options.names.map(rowOf);
    const places = { data: options.data, runs: path.join("runs", "all") };
    try {
      if (!options.markOnly) for (const row of chosen) await trainRow(row, places, options.again, (line) => output.say(line));
    } finally {
      // Once, because it compiles every row anew.
      writeTables(readResults(RESULTS));
    }
    return exitCodes.ok;
  }));
});

/** Each run's result is kept as soon as it is there: an interruption loses none. */
async function trainRow(row: Row, places: Places, again: boolean, say: (line: string) => void): Promise<void> {
  await makeData(row, places);
  for (const name of Object.keys(row.runs)) {
    const results = readResults(RESULTS);
    const before = results[row.name]?.[name];
    const reason = again ? "trained again" : await reasonToTrain(row, name, results, places);
    if (before === undefined || reason !== undefined) {
      say(`${row.name}/${name}: ${reason ?? ""}`);
      keep(row, name, await trainRun(row, name, places, results, again));
    } else if (measuredOtherwise(row, name, before)) {
      say(`${row.name}/${name}: measured otherwise`);
      keep(row, name, { ...before, ...(await measureRun(row, name, places)) });
    } else {
      say(`${row.name}/${name}: stands`);
    }
  }
}

function keep(row: Row, name: string, result: RunResult): void {
  const results = readResults(RESULTS);
  writeResults(RESULTS, ordered({ ...results, [row.name]: { ...results[row.name], [name]: result } }));
}

/** In the order of the rows, without what they no longer name. */
function ordered(results: Results): Results {
  return Object.fromEntries(rows.flatMap((row) => {
    const runs = Object.keys(row.runs).flatMap((run) => {
      const result = results[row.name]?.[run];
      return result === undefined ? [] : [[run, result] as const];
    });
    return runs.length === 0 ? [] : [[row.name, Object.fromEntries(runs)] as const];
  }));
}

/** Into RESULTS.md, and of each example into its README. */
function writeTables(results: Results): void {
  const stale = staleRuns(results);
  valueOf(writeAtomically(TABLE, resultsTable(rows, results, stale)));
  for (const row of rows) {
    const readme = path.join("examples", row.name, "README.md");
    valueOf(writeAtomically(readme, withReached(readFileSync(readme, "utf8"), row, results, stale)));
  }
}

function rowOf(name: string): Row {
  const row = rows.find((one) => one.name === name);
  if (row !== undefined) return row;
  const names = rows.map((one) => one.name);
  const near = nearest(name, names);
  throw new CommandFailure({ code: "unknown-row", exit: exitCodes.usage, message: `there is no example ${JSON.stringify(name)} to train`, remedy: `${near === undefined ? "" : `did you mean ${near}? `}there are ${names.join(", ")}` });
}
