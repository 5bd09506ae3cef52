import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CHECKPOINT } from "../../runtime/index.ts";
import { tokenizerFacts } from "../experiment/check.ts";
import { readTrained } from "../experiment/use.ts";
import type { Trained } from "../experiment/use.ts";
import { valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";
import { changeSince, dataChanged, hashesOf } from "./hashes.ts";
import type { Traced } from "./hashes.ts";

/** How a run was begun; kept beside its folder, so that a later sitting goes on with it only if it would begin in the same way. */
export interface Begin {
  /** The command, as the row has it. */
  readonly train: string;
  /** When the runs that it starts from were trained, by their names. */
  readonly from: Readonly<Record<string, string>>;
}

export function noteBegin(folder: string, begin: Begin): void {
  mkdirSync(path.dirname(folder), { recursive: true });
  valueOf(writeAtomically(beginFile(folder), JSON.stringify(begin)));
}

/** Whether the folder has a run that was begun in this way, for the program and the data of today. */
export async function canGoOn(folder: string, begin: Begin, data: string | undefined): Promise<boolean> {
  if (!existsSync(beginFile(folder)) || !existsSync(path.join(folder, CHECKPOINT.manifest))) return false;
  if (readFileSync(beginFile(folder), "utf8") !== JSON.stringify(begin)) return false;
  const trace = traceOf(readTrained(folder));
  return changeSince(trace) === undefined && !(await dataChanged(trace, data));
}

/** What a run was compiled from and its hashes. */
export function traceOf({ model, tokenizer, checkpoint: { record } }: Trained): Traced {
  return {
    hashes: hashesOf(model, record.data.sha256),
    compiled: { file: record.sources[0]?.path ?? "", recipe: record.recipe, set: record.set, ...(tokenizer === undefined ? {} : { tokenizer: tokenizerFacts(tokenizer) }) },
  };
}

const beginFile = (folder: string): string => `${folder}.json`;
