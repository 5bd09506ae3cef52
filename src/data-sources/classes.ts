/** Classes and tags of tables: numbers from 0, or words, which are numbered as they are sorted. */
import type { Result } from "../failure.ts";
import type { BadRow, RowsRead } from "./rows.ts";
import { bad, shown } from "./rows.ts";
import { wrong } from "./source.ts";

export interface Classes {
  readonly count: number;
  /** Where they are words: their names, 0 first. */
  readonly names?: readonly string[];
}

/** What is known of the classes from the data that are trained on: their names, or that they are numbers. */
export type KnownClasses = readonly string[] | "numbers";

/** A class from 0, or why it is none. */
export function classOf(text: string, { count, names }: Classes, column: string): number | BadRow {
  if (names !== undefined) {
    const at = names.indexOf(text.trim());
    return at >= 0 ? at : bad("label-range", `\`${column}\` is ${shown(text)} and no class that is trained on`, `the classes are ${classList(names)}`);
  }
  const value = isNumber(text) ? Number(text) : -1;
  if (value >= 0 && value < count) return value;
  return bad("label-range", `\`${column}\` is ${shown(text)} and not a class from 0 to ${count - 1}`, "write classes as numbers from 0, and how many there are in the recipe's data, or all of them as words");
}

/** With ".0" where a program wrote a column of numbers as reals. */
function isNumber(text: string): boolean {
  return /^\s*\d+(\.0+)?\s*$/.test(text);
}

/** "0 bad, 1 good", of many the first. */
export function classList(names: readonly string[]): string {
  return `${names.slice(0, 10).map((name, at) => `${at} ${name}`).join(", ")}${names.length > 10 ? `, … ${names.length - 1} ${names.at(-1)}` : ""}`;
}

export interface ClassesRequest<T> {
  readonly file: string;
  readonly count: number;
  /** As a recipe's data call that number: `classes`. */
  readonly counted: string;
  /** How another number of them is written, if not as an argument of that name. */
  readonly written?: ((count: number) => string) | undefined;
  readonly known: KnownClasses | undefined;
  /** Every label that can be read; undefined where the file cannot. */
  readonly labels: () => Promise<readonly string[] | undefined>;
  readonly read: (classes: Classes) => Promise<Result<RowsRead<T>>>;
}

/** Rows whose classes are numbers, or where the data that are trained on have no number among them, words. */
export async function readByClass<T>({ file, count, counted, written = (many) => `${counted}: ${many} in the recipe's data`, known, labels, read }: ClassesRequest<T>): Promise<Result<{ readonly rows: RowsRead<T>; readonly names?: readonly string[] }>> {
  const byNumber = known === undefined || known === "numbers" ? await read({ count }) : undefined;
  if (byNumber?.ok === true) return { ok: true, value: { rows: byNumber.value } };
  const names = known === undefined ? sortedWords(await labels()) : known;
  if (byNumber !== undefined && (names === undefined || names === "numbers")) return byNumber;
  const words = names as readonly string[];
  if (words.length !== count) return wrong("classes-count", `${file} has ${words.length} ${counted} (${classList(words)}); the recipe says ${count}`, `write ${written(words.length)}`);
  const rows = await read({ count, names: words });
  return rows.ok ? { ok: true, value: { rows: rows.value, names: words } } : rows;
}

/** Undefined where there is a number among them, so that the others are mistakes, or nothing. */
function sortedWords(labels: readonly string[] = []): readonly string[] | undefined {
  const words = new Set(labels.map((label) => label.trim()).filter((label) => label !== ""));
  return words.size === 0 || [...words].some(isNumber) ? undefined : [...words].sort();
}
