import { changeSince } from "./hashes.ts";
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
  const change = changeSince(result, programs);
  if (change === undefined) return undefined;
  return change.what === "file" ? "the file is no longer accepted" : `the ${change.what} is ${change.today} today`;
}
