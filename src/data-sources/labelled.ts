import { labelledExamples } from "../../runtime/data/index.ts";
import type { Labelled } from "../../runtime/data/index.ts";
import { normalise } from "../../runtime/text/index.ts";
import type { BadRow, Row } from "./rows.ts";
import { bad, classOf, isBad, readRows } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/** A table with a text, or two, and a class in each row: `first`, `second` and `label` name the columns. */
export const labelledSource: Source = async (request) => {
  const { path, arguments: given, skipBadRows } = request;
  const [first, second, label] = [String(given["first"]), String(given["second"]), String(given["label"])];
  const columns = [first, ...(second === "" ? [] : [second]), label];
  const read = await readRows(path, columns, skipBadRows, (row) => labelled(row, columns, Number(given["classes"])));
  return read.ok ? openedRows(request, read.value, labelledExamples) : read;
};

function labelled({ values }: Row, columns: readonly string[], classes: number): Labelled | BadRow {
  const texts = values.slice(0, -1);
  const empty = texts.findIndex((text) => normalise(text) === "");
  if (empty >= 0) return bad("data-empty-column", `\`${columns[empty]}\` is empty`, "fill it in or remove the row");
  const label = classOf(values.at(-1) ?? "", classes, columns.at(-1) as string);
  if (isBad(label)) return label;
  const [first = "", second] = texts;
  return { first, label, ...(second === undefined ? {} : { second }) };
}
