import path from "node:path";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import { parquetRows } from "./parquet.ts";
import { wrong } from "./source.ts";

/** What stands in a row: the wanted columns' texts, or lists, in their order. */
export interface Row<Cell = string> {
  /** From 1; of a Parquet file the number of the row. */
  readonly line: number;
  readonly values: readonly Cell[];
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
export function readRows<T>(file: string, columns: readonly string[], skipBadRows: boolean, make: (row: Row) => T | BadRow): Promise<Result<RowsRead<T>>> {
  return readCells(file, columns, TEXTS, skipBadRows, make);
}

/** The same of columns of lists, which TSV and CSV write with spaces between their elements. */
export function readLists<T>(file: string, columns: readonly string[], skipBadRows: boolean, make: (row: Row<readonly string[]>) => T | BadRow): Promise<Result<RowsRead<T>>> {
  return readCells(file, columns, LISTS, skipBadRows, make);
}

/** The same of columns of anything: texts of TSV and CSV, whatever JSON and Parquet have. */
export function readValues<T>(file: string, columns: readonly string[], skipBadRows: boolean, make: (row: Row<unknown>) => T | BadRow): Promise<Result<RowsRead<T>>> {
  return readCells(file, columns, VALUES, skipBadRows, make);
}

/** How what stands in a cell is taken; undefined for what cannot be. */
interface Cells<Cell> {
  readonly of: (value: unknown) => Cell | undefined;
  readonly is: string;
}

const TEXTS: Cells<string> = { of: (value) => (isPlain(value) ? wellFormed(value) : undefined), is: "a text or a number" };
const LISTS: Cells<readonly string[]> = {
  of: (value) => (typeof value === "string" ? wellFormed(value).split(" ").filter((word) => word !== "") : Array.isArray(value) && value.every(isPlain) ? value.map(wellFormed) : undefined),
  is: "a list of texts or numbers",
};
const VALUES: Cells<unknown> = { of: (value) => value ?? undefined, is: "a value" };

async function readCells<Cell, T>(file: string, columns: readonly string[], cells: Cells<Cell>, skipBadRows: boolean, make: (row: Row<Cell>) => T | BadRow): Promise<Result<RowsRead<T>>> {
  const rows = await rowsOf(file, columns);
  if (!rows.ok) return rows;
  const items: T[] = [];
  let badRows = 0;
  for (const { line, content } of rows.value) {
    const values = isBad(content) ? content : cellsOf(content, columns, cells);
    const made = isBad(values) ? values : make({ line, values });
    if (!isBad(made)) items.push(made);
    else if (skipBadRows) badRows++;
    else return badRow(file, line, line === 1 && hasLines(file) ? { ...made, remedy: `${made.remedy}; a first line of names has ${columns.join(", ")}` } : made);
  }
  if (items.length === 0) return wrong("data-empty", `${file} holds no rows${badRows > 0 ? ` but ${badRows} bad ones` : ""}`, `give rows of ${columns.join(", ")}`);
  return { ok: true, value: { items, badRows } };
}

function cellsOf<Cell>(content: readonly unknown[], columns: readonly string[], cells: Cells<Cell>): readonly Cell[] | BadRow {
  const values: Cell[] = [];
  for (const [at, column] of columns.entries()) {
    const found = content[at];
    const value = cells.of(found);
    if (value === undefined) return bad("data-columns", found === undefined || found === null ? `no \`${column}\`` : `\`${column}\` is not ${cells.is}`, `each row needs ${columns.join(", ")}`);
    values.push(value);
  }
  return values;
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

/** Whether rows stand on lines and may have a line of names before them. */
function hasLines(file: string): boolean {
  return kindOf(file) === "csv" || kindOf(file) === "tsv";
}

async function rowsOf(file: string, columns: readonly string[]): Promise<Result<Iterable<RawRow>>> {
  const kind = kindOf(file);
  if (kind === "parquet") {
    const rows = await parquetRows(file, columns);
    return rows.ok ? { ok: true, value: rows.value.map((row, at) => ({ line: at + 1, content: columns.map((column) => row[column]) })) } : rows;
  }
  const text = readText(file);
  if (!text.ok) return text;
  return kind === "jsonl" ? { ok: true, value: jsonRows(text.value, columns) } : tableRows(file, kind === "csv" ? csvRecords(text.value) : tsvRecords(text.value), columns);
}

const LINE_BREAK = /\r\n|\n|\r/;

interface RawRow {
  readonly line: number;
  /** What stands in the wanted columns. */
  readonly content: readonly unknown[] | BadRow;
}

function* jsonRows(text: string, columns: readonly string[]): Iterable<RawRow> {
  for (const [at, line] of text.split(LINE_BREAK).entries()) {
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
  return columns.map((column) => (value as Readonly<Record<string, unknown>>)[column]);
}

type Plain = string | number | bigint | boolean;

export function isPlain(value: unknown): value is Plain {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

/** JSON can spell half of a surrogate pair, which no UTF-8 can hold: other programs could not read a vocabulary that has learnt it. */
export function wellFormed(value: Plain): string {
  return String(value).replace(/\p{Cs}/gu, "\uFFFD");
}

interface RawRecord {
  readonly line: number;
  readonly cells: readonly string[] | BadRow;
}

/** What else programs write between columns; spreadsheets write semicolons where numbers have a decimal comma. */
const SEPARATORS: readonly (readonly [sign: string, name: string])[] = [[";", "semicolons"], [",", "commas"], ["\t", "tabs"], ["|", "bars"]];

/** A first line that names some of the columns and not all, or all in other capitals, is no row, and no way to read the others. */
function tableRows(file: string, records: Generator<RawRecord, void>, columns: readonly string[]): Result<Iterable<RawRow>> {
  const first = records.next();
  const names = first.done === true || isBad(first.value.cells) ? [] : first.value.cells;
  const missing = columns.filter((column) => !names.includes(column));
  const alike = new Set(names.map((name) => name.trim().toLowerCase()));
  if (missing.length > 0 && columns.some((column) => alike.has(column.toLowerCase()))) {
    return wrong("data-columns", `${file}:1: the first line names no column \`${missing[0]}\`; it has ${names.join(", ")}`, `name its columns in the recipe's data, or write ${columns.join(", ")}`);
  }
  const isHeader = missing.length === 0;
  const places = columns.map((column, at) => (isHeader ? names.indexOf(column) : at));
  const width = isHeader ? names.length : columns.length;
  const rowOf = ({ line, cells }: RawRecord): RawRow => {
    if (isBad(cells)) return { line, content: cells };
    if (cells.length === width) return { line, content: places.map((place) => cells[place]) };
    const wanted = `each row has ${width}: ${columns.join(", ")}${width > columns.length ? " and others" : ""}`;
    const between = cells.length > 1 ? undefined : SEPARATORS.find(([sign]) => cells[0]?.split(sign).length === width)?.[1];
    if (between !== undefined) return { line, content: bad("data-columns", `${between} stand between the columns of ${shown(cells[0] as string)}`, `${wanted}; write commas between them in a file called .csv, tabs in one called .tsv`) };
    return { line, content: bad("data-columns", `${cells.length} ${cells.length === 1 ? "column" : "columns"} in ${shown(cells.join("\t"))}`, wanted) };
  };
  return {
    ok: true,
    value: (function* () {
      if (first.done !== true && !isHeader) yield rowOf(first.value);
      for (let next = records.next(); next.done !== true; next = records.next()) yield rowOf(next.value);
    })(),
  };
}

function* tsvRecords(text: string): Generator<RawRecord, void> {
  for (const [at, line] of text.split(LINE_BREAK).entries()) if (line.trim() !== "") yield { line: at + 1, cells: line.split("\t") };
}

/** Cells may be quoted, and then hold commas, line breaks and doubled quotes. */
function* csvRecords(text: string): Generator<RawRecord, void> {
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
        line += cell.split(LINE_BREAK).length - 1;
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
