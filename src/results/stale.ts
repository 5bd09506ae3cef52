import { hashesToday } from "./hashes.ts";
import type { Results, RunResult } from "./record.ts";
import type { Stale } from "./table.ts";

/** The runs whose recipe or program is another today than when they were trained. */
export function staleRuns(results: Results): Stale {
  const programs = new Map<string, string>();
  return new Map(
    Object.entries(results).flatMap(([row, runs]) =>
      Object.entries(runs).flatMap(([run, result]) => {
        const reason = staleness(result, programs);
        return reason === undefined ? [] : [[`${row}/${run}`, reason] as const];
      }),
    ),
  );
}

function staleness(result: RunResult, programs: Map<string, string>): string | undefined {
  const today = hashesToday(result, programs);
  if (today === undefined) return "the file is no longer accepted";
  if (today.recipe !== result.hashes.recipe) return `the recipe is ${today.recipe} today`;
  return today.program === result.hashes.program ? undefined : `the program is ${today.program} today`;
}
