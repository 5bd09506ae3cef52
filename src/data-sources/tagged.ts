import { taggedExamples } from "../../runtime/data/index.ts";
import type { Tagged } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { BadRow, RowsRead } from "./rows.ts";
import { classOf, readByClass } from "./classes.ts";
import type { Classes } from "./classes.ts";
import { bad, isBad, kindOf, readLists, shown } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows, wrong } from "./source.ts";

/** Sentences of words, each with its tag, a number or a word: a word, a tab and its tag on each line and an empty line between sentences, or JSONL, Parquet or CSV with `words` and `tags`, lists or with spaces between. */
export const taggedSource: Source = async (request) => {
  const { path: file, arguments: { tags }, skipBadRows, classes: known } = request;
  const inColumns = kindOf(file) === "tsv";
  const read = await readByClass<Tagged>({
    file, count: Number(tags), counted: "tags", known,
    labels: () => (inColumns ? Promise.resolve(tagsInColumns(file)) : tagsInLists(file)),
    read: (classes) => (inColumns ? Promise.resolve(readColumns(file, skipBadRows, classes)) : readLists(file, COLUMNS, skipBadRows, ({ values: [words = [], given = []] }) => sentence(words, given, classes))),
  });
  return read.ok ? openedRows(request, read.value.rows, taggedExamples, read.value.names) : read;
};

const COLUMNS = ["words", "tags"];

async function tagsInLists(file: string): Promise<readonly string[] | undefined> {
  const rows = await readLists(file, COLUMNS, true, ({ values: [, tags = []] }) => tags);
  return rows.ok ? rows.value.items.flat() : undefined;
}

function tagsInColumns(file: string): readonly string[] | undefined {
  const text = readText(file);
  return text.ok ? text.value.split(LINE).flatMap((line) => line.split("\t").slice(1, 2)) : undefined;
}

const LINE = /\r\n|\n|\r/;

function sentence(words: readonly string[], given: readonly string[], classes: Classes): Tagged | BadRow {
  if (words.length === 0) return bad("data-empty-column", "a sentence without words", "remove it");
  if (words.length !== given.length) return bad("data-columns", `${words.length} words and ${given.length} tags`, "give each word one tag");
  const tags: number[] = [];
  for (const tag of given) {
    const value = classOf(tag, classes, "tag");
    if (isBad(value)) return value;
    tags.push(value);
  }
  return { words, tags };
}

/** A bad line makes its sentence a bad row. */
function readColumns(file: string, skipBadRows: boolean, classes: Classes): Result<RowsRead<Tagged>> {
  const text = readText(file);
  if (!text.ok) return text;
  const items: Tagged[] = [];
  let badRows = 0, words: string[] = [], tags: string[] = [], problem: (BadRow & { readonly line: number }) | undefined, from = 1;
  for (const [at, line] of [...text.value.split(LINE), ""].entries()) {
    if (line.trim() !== "") {
      const cells = line.split("\t");
      if (words.length === 0 && problem === undefined) from = at + 1;
      const value = cells.length === 2 && cells[0]?.trim() !== "" ? classOf(cells[1] as string, classes, "tag") : bad("data-columns", `no word, tab and tag in ${shown(line)}`, "write a word, a tab and its tag on each line");
      if (isBad(value)) problem ??= { ...value, line: at + 1 };
      words.push(cells[0] ?? "");
      tags.push(cells[1] ?? "");
      continue;
    }
    if (words.length === 0) continue;
    const made = problem ?? sentence(words, tags, classes);
    if (!isBad(made)) items.push(made);
    else if (skipBadRows) badRows++;
    else return wrong(made.code, `${file}:${problem?.line ?? from}: ${made.cause}`, `${made.remedy}; --skip-bad-rows leaves such sentences out`);
    [words, tags, problem] = [[], [], undefined];
  }
  return items.length > 0 ? { ok: true, value: { items, badRows } } : wrong("data-empty", `${file} holds no sentences`, "write a word, a tab and its tag on each line, and an empty line between sentences");
}
