import path from "node:path";
import { parseArgs } from "node:util";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

export interface TrainAllOptions {
  /** Examples; all where none is named. */
  readonly names: readonly string[];
  /** The folder of real data. */
  readonly data: string;
  /** Train what still stands as well. */
  readonly again: boolean;
  /** Train nothing: write the table anew, with stale rows marked. */
  readonly markOnly: boolean;
}

const HELP = `npm run train:all -- [NAME …] [--data DIR] [--again] [--mark]

Trains the examples on real data, measures them and writes what was reached into examples/RESULTS.md and each example's README. What was
trained before and still stands is left out; what was interrupted goes on.

  --data DIR   the folder of real data; ../shared/data by default
  --again      train what still stands as well
  --mark       train nothing, only mark the rows whose recipe or program has changed
`;

/** Throws a failure for what it does not know; "help" where that was asked for and given. */
export function trainAllOptions(args: readonly string[]): TrainAllOptions | "help" {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    process.stdout.write(HELP);
    return "help";
  }
  return { names: positionals, data: values.data ?? path.join("..", "shared", "data"), again: values.again === true, markOnly: values.mark === true };
}

const KNOWN = { data: { type: "string" }, again: { type: "boolean" }, mark: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ readonly options: typeof KNOWN; readonly allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: KNOWN, allowPositionals: true });
  } catch (error) {
    throw new CommandFailure({ code: "usage", exit: exitCodes.usage, message: error instanceof Error ? error.message : String(error), remedy: "npm run train:all -- --help" });
  }
}
