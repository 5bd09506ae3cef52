import { changeSince } from "./hashes.ts";
import type { Anew } from "./hashes.ts";
import type { Results, RunResult } from "./record.ts";
import type { Stale } from "./table.ts";

/** The runs whose recipe or program is another today than when they were trained. */
export function staleRuns(results: Results): Stale {
  const anew: Anew = new Map();
  return new Map(
    Object.entries(results).flatMap(([row, runs]) =>
      Object.entries(runs).flatMap(([run, result]) => {
        const reason = staleness(result, anew);
        return reason === undefined ? [] : [[`${row}/${run}`, reason] as const];
      }),
    ),
  );
}

function staleness(result: RunResult, anew: Anew): string | undefined {
  const change = changeSince(result, anew);
  if (change === undefined) return undefined;
  return change.what === "file" ? "the file is no longer accepted" : `the ${change.what} is ${change.today} today`;
}
