import { existsSync, statSync } from "node:fs";
import { countBefore } from "../../runtime/data/index.ts";
import type { Examples } from "../../runtime/data/index.ts";
import { TfmError } from "../../runtime/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Failure, Result } from "../failure.ts";
import type { KnownClasses } from "./classes.ts";

/** What a source is asked to read. */
export interface SourceRequest {
  /** A file or folder, as it can be opened from here. */
  readonly path: string;
  /** The source's other arguments by name, with their defaults, as std/data.tfm declares them. */
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  /** Leave bad rows out and count them; else the first one is the failure. */
  readonly skipBadRows: boolean;
  /** The share at the end, 0 to below 1, that is not trained on; where nothing is said, what the files or their kind set aside. */
  readonly validation?: number | undefined;
  /** Of other data than those that are trained on: what is known of the classes. */
  readonly classes?: KnownClasses | undefined;
  /** Resolves a path among the arguments, which is relative to the model's folder. */
  readonly resolve: (path: string) => string;
}

/** Data as read. What is set aside for validation is not in `training`. */
export interface OpenedData {
  /** Every file that was read, in a fixed order. */
  readonly files: readonly string[];
  readonly training: Examples;
  readonly validation?: Examples;
  /** What evaluation takes when it is pointed to these files alone. */
  readonly whole: Examples;
  readonly badRows: number;
  /** Where classes are words: their names, 0 first. */
  readonly classes?: readonly string[];
}

/** How the files of a source are read. A new source is one such function, and its name in the table. */
export type Source = (request: SourceRequest) => Result<OpenedData> | Promise<Result<OpenedData>>;

/** The rows of a table, of which the last may be for validation. */
export function openedRows<T>({ path, validation = 0 }: SourceRequest, { items, badRows }: { readonly items: readonly T[]; readonly badRows: number }, of: (items: readonly T[]) => Examples, classes?: readonly string[]): Result<OpenedData> {
  const at = countBefore(items.length, validation);
  const whole = of(items);
  const opened = { files: [path], whole, badRows, ...(classes && { classes }) };
  if (at === items.length) return { ok: true, value: { ...opened, training: whole } };
  return { ok: true, value: { ...opened, training: of(items.slice(0, at)), validation: of(items.slice(at)) } };
}

export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

export function wrong(code: string, message: string, remedy?: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { code, exit: exitCodes.wrong, message, remedy } };
}

/** The value of a reader of the runtime, which knows no files: the file's name goes before its messages. */
export function reading<T>(file: string, read: () => T): Result<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof TfmError)) throw error;
    return { ok: false, failure: { code: error.code, exit: error.exit, message: `${file}: ${error.message}`, remedy: error.hint } };
  }
}
