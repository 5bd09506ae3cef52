import { pairExamples } from "../../runtime/data/index.ts";
import type { TextPair } from "../../runtime/data/index.ts";
import { normalise } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Failure, Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { BadRow, Row } from "./rows.ts";
import { bad, kindOf, readRows, shown } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/** Pairs of texts: TSV without a header, or CSV, JSONL or Parquet with the columns that `from` and `to` name. */
export const pairsSource: Source = async (request) => {
  const { path, arguments: given, skipBadRows } = request;
  if (kindOf(path) !== "tsv") {
    const columns = [String(given["from"]), String(given["to"])];
    const read = await readRows(path, columns, skipBadRows, (row) => pairOfRow(row, columns));
    return read.ok ? openedRows(request, read.value, pairExamples) : read;
  }
  const text = readText(path);
  if (!text.ok) return text;
  const left: Failure[] = [];
  const pairs = pairsOf(text.value, path, skipBadRows ? left : undefined);
  if (!pairs.ok) return pairs;
  return openedRows(request, { items: pairs.value.map((pair, at) => ({ ...pair, line: pair.line ?? at + 1 })), badRows: left.length }, pairExamples);
};

function pairOfRow({ line, values }: Row, columns: readonly string[]): TextPair | BadRow {
  const [source = "", target = ""] = values;
  const empty = [source, target].findIndex((text) => normalise(text) === "");
  return empty < 0 ? { source, target, line } : bad("data-empty-column", `\`${columns[empty]}\` is empty`, "fill it in or remove the row");
}

/**
 * The pairs of a TSV file: UTF-8, a pair per line as source, tab, target, no header and no quoting; lines may end in CR LF, and a byte
 * order mark is skipped. Empty lines are allowed at the end only. The texts are as they stand; the tokenizer normalises them.
 */
export function readPairs(file: string): Result<readonly TextPair[]> {
  const text = readText(file);
  return text.ok ? pairsOf(text.value, file) : text;
}

/** The same for text at hand; `name` stands in failures. With `leftOut`, bad lines are left out and said there. */
export function pairsOf(text: string, name: string, leftOut?: Failure[]): Result<readonly TextPair[]> {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  if (lines.length === 0) return { ok: false, failure: empty(name) };

  const pairs: TextPair[] = [];
  for (const [index, line] of lines.entries()) {
    const pair = pairOf(line, `${name}:${index + 1}`);
    if (pair.ok) pairs.push(pairs.length === index ? pair.value : { ...pair.value, line: index + 1 });
    else if (leftOut === undefined) return pair;
    else leftOut.push(pair.failure);
  }
  return pairs.length > 0 ? { ok: true, value: pairs } : { ok: false, failure: empty(name) };
}

function pairOf(line: string, place: string): Result<TextPair> {
  const [source, target, ...more] = line.split("\t");
  if (source === undefined || target === undefined) return { ok: false, failure: noTab(place, line) };
  if (more.length > 0) return { ok: false, failure: tooManyColumns(place, line, more.length + 2) };
  if (normalise(source) === "") return { ok: false, failure: emptyColumn(place, line, "source (before the tab)") };
  if (normalise(target) === "") return { ok: false, failure: emptyColumn(place, line, "target (after the tab)") };
  return { ok: true, value: { source, target } };
}

const FORMAT = "each line is a source, a tab and a target, without a header";

function empty(name: string): Failure {
  return { code: "data-empty", exit: exitCodes.wrong, message: `${name} holds no pairs`, remedy: FORMAT };
}

function noTab(place: string, line: string): Failure {
  const cause = line.trim() === "" ? "the line is empty" : `no tab in ${shown(line)}`;
  return { code: "data-no-tab", exit: exitCodes.wrong, message: `${place}: ${cause}`, remedy: FORMAT };
}

function tooManyColumns(place: string, line: string, count: number): Failure {
  return { code: "data-columns", exit: exitCodes.wrong, message: `${place}: ${count} columns in ${shown(line)}`, remedy: `keep two of them: ${FORMAT}` };
}

function emptyColumn(place: string, line: string, column: string): Failure {
  return { code: "data-empty-column", exit: exitCodes.wrong, message: `${place}: the ${column} is empty in ${shown(line)}`, remedy: "fill it in or remove the line" };
}
