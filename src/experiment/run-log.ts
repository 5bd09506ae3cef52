/** The log of a run: a row of JSON on each line, as docs/reports.md tells. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { logLine, logUpTo } from "../../runtime/index.ts";
import type { LogRow } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";

export const LOG = "log.jsonl";

/** Where rows go; `resumedAt` drops those of steps that will be done again. */
export function openLog(folder: string, resumedAt?: number): (row: LogRow) => void {
  const file = path.join(folder, LOG);
  const kept = resumedAt !== undefined && existsSync(file) ? logUpTo(readFileSync(file, "utf8"), resumedAt) : "";
  valueOf(writeAtomically(file, kept));
  let last = kept.slice(kept.lastIndexOf("\n", kept.length - 2) + 1);
  return (row) => {
    const line = logLine(row);
    // A run that had ended is measured once more, with the same outcome.
    if (line !== last) append(file, line);
    last = "";
  };
}

/** Adds a row to the log of a run that has ended. */
export function appendToLog(folder: string, row: LogRow): void {
  append(path.join(folder, LOG), logLine(row));
}

function append(file: string, line: string): void {
  try {
    appendFileSync(file, line);
  } catch (error) {
    throw new CommandFailure({ code: "file-not-writable", exit: exitCodes.wrong, message: `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`, remedy: "a run goes on from its last checkpoint with --resume" });
  }
}
