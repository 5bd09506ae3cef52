import { labelledExamples } from "../../runtime/data/index.ts";
import type { Labelled } from "../../runtime/data/index.ts";
import { normalise } from "../../runtime/text/index.ts";
import type { BadRow, Row } from "./rows.ts";
import { classOf, readByClass } from "./classes.ts";
import type { Classes } from "./classes.ts";
import { bad, isBad, readRows } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/** A table with a text, or two, and a class in each row, a number or a word: `first`, `second` and `label` name the columns. */
export const labelledSource: Source = async (request) => {
  const { path, arguments: given, skipBadRows, classes: known } = request;
  const [first, second, label] = [String(given["first"]), String(given["second"]), String(given["label"])];
  const columns = [first, ...(second === "" ? [] : [second]), label];
  const read = await readByClass<Labelled>({
    file: path, count: Number(given["classes"]), counted: "classes", known,
    labels: async () => {
      const rows = await readRows(path, columns, true, ({ values }) => values.at(-1) ?? "");
      return rows.ok ? rows.value.items : undefined;
    },
    read: (classes) => readRows(path, columns, skipBadRows, (row) => labelled(row, columns, classes)),
  });
  return read.ok ? openedRows(request, read.value.rows, labelledExamples, read.value.names) : read;
};

function labelled({ values }: Row, columns: readonly string[], classes: Classes): Labelled | BadRow {
  const texts = values.slice(0, -1);
  const empty = texts.findIndex((text) => normalise(text) === "");
  if (empty >= 0) return bad("data-empty-column", `\`${columns[empty]}\` is empty`, "fill it in or remove the row");
  const label = classOf(values.at(-1) ?? "", classes, columns.at(-1) as string);
  if (isBad(label)) return label;
  const [first = "", second] = texts;
  return { first, label, ...(second === undefined ? {} : { second }) };
}
