import { existsSync, readFileSync } from "node:fs";
import type { TokenizerFacts } from "../../compiler/check/tokenizer.ts";
import { valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";
import type { Settings } from "../experiment/settings.ts";

/** What is kept of a run that was trained and measured. */
export interface RunResult {
  readonly train: string;
  readonly measure: Readonly<Record<string, string>>;
  /** Of training, over all sittings. */
  readonly seconds: number;
  readonly steps: number;
  readonly adapter: string;
  /** When training ended, ISO 8601. */
  readonly date: string;
  readonly measured: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly hashes: Hashes;
  readonly compiled: Compiled;
}

/** What a program was compiled from, and with, so that it can be compiled again without the data. */
export interface Compiled {
  readonly file: string;
  readonly recipe: string;
  readonly set: Settings;
  readonly tokenizer?: TokenizerFacts;
}

/** The first twelve digits of SHA-256. */
export interface Hashes {
  /** The recipe with the model's hyperparameters, as checked; comments and layout do not count. */
  readonly recipe: string;
  /** The training data. */
  readonly data: string;
  /** All that was compiled: kernels, plan, initial values, schedules. */
  readonly program: string;
}

/** By row and run. */
export type Results = Readonly<Record<string, Readonly<Record<string, RunResult>>>>;

export function readResults(file: string): Results {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Results) : {};
}

export function writeResults(file: string, results: Results): void {
  valueOf(writeAtomically(file, `${JSON.stringify(results, null, 1)}\n`));
}
