import path from "node:path";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import { parquetRows } from "./parquet.ts";
import { wrong } from "./source.ts";

/** What stands in a row: the wanted columns' texts in their order. A column of a list is its elements. */
export interface Row {
  /** From 1; of a Parquet file the number of the row. */
  readonly line: number;
  readonly values: readonly (string | readonly string[])[];
}

/** Why a row cannot be used: a stable code, the cause, and what to do. */
export interface BadRow {
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
}

export interface RowsRead<T> {
  readonly items: readonly T[];
  readonly badRows: number;
}

/**
 * Reads a table by its file's name: `.jsonl` has an object with the columns as keys on each line; `.parquet` has the columns by name;
 * `.csv` is RFC 4180, any other name TSV without quoting, and either may begin with a line of the columns' names; without one the file
 * has just these columns in this order. `make` judges a row. The first bad row is the failure, with file and line (of Parquet, the row),
 * unless bad rows are to be skipped. Empty lines say nothing.
 */
export async function readRows<T>(file: string, columns: readonly string[], skipBadRows: boolean, make: (row: Row) => T | BadRow): Promise<Result<RowsRead<T>>> {
  const rows = await rowsOf(file, columns);
  if (!rows.ok) return rows;
  const items: T[] = [];
  let badRows = 0;
  for (const row of rows.value) {
    const made = isBad(row.content) ? row.content : make({ line: row.line, values: row.content });
    if (!isBad(made)) items.push(made);
    else if (skipBadRows) badRows++;
    else return badRow(file, row.line, made);
  }
  if (items.length === 0) return wrong("data-empty", `${file} holds no rows${badRows > 0 ? ` but ${badRows} bad ones` : ""}`, `give rows of ${columns.join(", ")}`);
  return { ok: true, value: { items, badRows } };
}

export function bad(code: string, cause: string, remedy: string): BadRow {
  return { code, cause, remedy };
}

/** A bad row that stops a run: its place in its file, of Parquet the row. */
export function badRow(file: string, line: number, { code, cause, remedy }: BadRow): ReturnType<typeof wrong> {
  return wrong(code, `${file}:${kindOf(file) === "parquet" ? " row " : ""}${line}: ${cause}`, `${remedy}; --skip-bad-rows leaves such rows out`);
}

export function isBad(value: unknown): value is BadRow {
  return typeof value === "object" && value !== null && "cause" in value && "code" in value;
}

export type TableKind = "parquet" | "jsonl" | "csv" | "tsv";

/** By the file's name; what has no name that is known is TSV. */
export function kindOf(file: string): TableKind {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".ndjson") return "jsonl";
  return extension === ".parquet" || extension === ".jsonl" || extension === ".csv" ? (extension.slice(1) as TableKind) : "tsv";
}

/** Whether a file says by its name that it is a table, and not a text. */
export function isTable(file: string): boolean {
  return kindOf(file) !== "tsv" || path.extname(file).toLowerCase() === ".tsv";
}

async function rowsOf(file: string, columns: readonly string[]): Promise<Result<Iterable<RawRow>>> {
  const kind = kindOf(file);
  if (kind === "parquet") {
    const rows = await parquetRows(file, columns);
    return rows.ok ? { ok: true, value: rows.value.map((row, at) => ({ line: at + 1, content: objectRow(row, columns) })) } : rows;
  }
  const text = readText(file);
  if (!text.ok) return text;
  return { ok: true, value: kind === "jsonl" ? jsonRows(text.value, columns) : tableRows(kind === "csv" ? csvRecords(text.value) : tsvRecords(text.value), columns) };
}

interface RawRow {
  readonly line: number;
  readonly content: Row["values"] | BadRow;
}

function* jsonRows(text: string, columns: readonly string[]): Iterable<RawRow> {
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === "") continue;
    yield { line: at + 1, content: jsonRow(line, columns) };
  }
}

function jsonRow(line: string, columns: readonly string[]): RawRow["content"] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return bad("data-not-json", `not JSON: ${(error as Error).message}`, "write one JSON object per line");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("data-not-json", "not a JSON object", "write one JSON object per line");
  return objectRow(value as Readonly<Record<string, unknown>>, columns);
}

function objectRow(found: Readonly<Record<string, unknown>>, columns: readonly string[]): RawRow["content"] {
  const values: (string | readonly string[])[] = [];
  for (const column of columns) {
    const cell = found[column];
    if (Array.isArray(cell) && cell.every((item) => isPlain(item))) values.push(cell.map(String));
    else if (isPlain(cell)) values.push(String(cell));
    else return bad("data-columns", cell === undefined || cell === null ? `no \`${column}\`` : `\`${column}\` is neither text nor number`, `each row needs ${columns.join(", ")}`);
  }
  return values;
}

function isPlain(value: unknown): value is string | number | bigint | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

interface RawRecord {
  readonly line: number;
  readonly cells: readonly string[] | BadRow;
}

function* tableRows(records: Iterable<RawRecord>, columns: readonly string[]): Iterable<RawRow> {
  let places: readonly number[] | undefined;
  let width = columns.length;
  for (const { line, cells } of records) {
    if (isBad(cells)) {
      yield { line, content: cells };
      continue;
    }
    if (places === undefined) {
      const named = columns.map((column) => cells.indexOf(column));
      const header = !named.includes(-1);
      places = header ? named : columns.map((_, at) => at);
      if (header) {
        width = cells.length;
        continue;
      }
    }
    yield cells.length === width
      ? { line, content: places.map((place) => cells[place] as string) }
      : { line, content: bad("data-columns", `${cells.length} columns in ${shown(cells.join("\t"))}`, `each row has ${width}: ${columns.join(", ")}${width > columns.length ? " and others" : ""}`) };
  }
}

function* tsvRecords(text: string): Iterable<RawRecord> {
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) if (line.trim() !== "") yield { line: at + 1, cells: line.split("\t") };
}

/** Cells may be quoted, and then hold commas, line breaks and doubled quotes. */
function* csvRecords(text: string): Iterable<RawRecord> {
  let line = 1, at = 0;
  while (at < text.length) {
    const first = line;
    const cells: string[] = [];
    let problem: BadRow | undefined;
    for (let more = true; more; ) {
      let cell = "";
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1);
        if (end >= text.length) {
          // Nobody knows where it was to end: the line is bad, and not all that follows.
          problem = bad("data-quotes", "a quote that is not closed", 'double the quotes within a cell: ""');
          at = endOfLine(text, at);
          break;
        }
        cell = text.slice(at + 1, end).replaceAll('""', '"');
        line += cell.split("\n").length - 1;
        at = end + 1;
      }
      const rest = /[^,\r\n]*/y;
      rest.lastIndex = at;
      cell += rest.exec(text)?.[0] ?? "";
      at = rest.lastIndex;
      cells.push(cell);
      more = text[at] === ",";
      if (more) at++;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    if (cells.length > 1 || cells[0]?.trim() !== "") yield { line: first, cells: problem ?? cells };
  }
}

function endOfLine(text: string, from: number): number {
  const end = /[\r\n]|$/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return text.length;
}

/** In quotes, tabs and control characters visible, cut after 60 characters. */
export function shown(text: string): string {
  const characters = Array.from(text);
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : text);
}

/** A class from 0, or why it is none. */
export function classOf(text: string, classes: number, column: string): number | BadRow {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= 0 && value < classes) return value;
  return bad("label-range", `\`${column}\` is ${shown(text)} and not a class from 0 to ${classes - 1}`, "write classes as numbers from 0, and how many there are in the recipe's data");
}
