import { choiceExamples } from "../../runtime/data/index.ts";
import type { Choice } from "../../runtime/data/index.ts";
import { normalise } from "../../runtime/text/index.ts";
import type { BadRow } from "./rows.ts";
import { classOf } from "./classes.ts";
import { bad, isBad, readRows } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/** A table of `question`, `choice1`, `choice2`, … and `label`, the place of the right one, from 0. */
export const choicesSource: Source = async (request) => {
  const count = Number(request.arguments["choices"]);
  const columns = ["question", ...Array.from({ length: count }, (_, at) => `choice${at + 1}`), "label"];
  const read = await readRows(request.path, columns, request.skipBadRows, ({ values }) => choice(values, columns));
  return read.ok ? openedRows(request, read.value, choiceExamples) : read;
};

function choice(values: readonly string[], columns: readonly string[]): Choice | BadRow {
  const empty = values.findIndex((text) => normalise(text) === "");
  if (empty >= 0) return bad("data-empty-column", `\`${columns[empty]}\` is empty`, "fill it in or remove the row");
  const label = classOf(values.at(-1) ?? "", { count: columns.length - 2 }, "label");
  return isBad(label) ? label : { question: values[0] ?? "", answers: values.slice(1, -1), label };
}
