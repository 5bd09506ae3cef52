import { taggedExamples } from "../../runtime/data/index.ts";
import type { Tagged } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { BadRow, RowsRead } from "./rows.ts";
import { bad, classOf, isBad, kindOf, readLists, shown } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows, wrong } from "./source.ts";

/** Sentences of tagged words: a word, a tab and its tag on each line and an empty line between sentences, or JSONL, Parquet or CSV with `words` and `tags`, lists or with spaces between. */
export const taggedSource: Source = async (request) => {
  const { path: file, arguments: { tags }, skipBadRows } = request;
  const read =
    kindOf(file) === "tsv"
      ? readColumns(file, skipBadRows, Number(tags))
      : await readLists(file, ["words", "tags"], skipBadRows, ({ values: [words = [], given = []] }) => sentence(words, given, Number(tags)));
  return read.ok ? openedRows(request, read.value, taggedExamples) : read;
};

function sentence(words: readonly string[], given: readonly string[], classes: number): Tagged | BadRow {
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
function readColumns(file: string, skipBadRows: boolean, classes: number): Result<RowsRead<Tagged>> {
  const text = readText(file);
  if (!text.ok) return text;
  const items: Tagged[] = [];
  let badRows = 0, words: string[] = [], tags: string[] = [], problem: (BadRow & { readonly line: number }) | undefined, from = 1;
  for (const [at, line] of [...text.value.split(/\r\n|\n|\r/), ""].entries()) {
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
