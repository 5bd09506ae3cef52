import { spanExamples } from "../../runtime/data/index.ts";
import type { Question } from "../../runtime/data/index.ts";
import type { BadRow } from "./rows.ts";
import { bad, readRows, shown } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/** A table of `question`, `context` and `answer`; the answer is where it first stands in the context. */
export const spansSource: Source = async (request) => {
  const read = await readRows(request.path, ["question", "context", "answer"], request.skipBadRows, ({ line, values }) => question(line, values));
  return read.ok ? openedRows(request, read.value, spanExamples) : read;
};

function question(line: number, [asked = "", context = "", answer = ""]: readonly string[]): Question | BadRow {
  if (answer.trim() === "") return bad("data-empty-column", "`answer` is empty", "fill it in or remove the row");
  const from = context.indexOf(answer);
  if (from < 0) return bad("answer-not-found", `the answer ${shown(answer)} does not stand in the context`, "write it as it stands there");
  return { question: asked, context, from, to: from + answer.length, line };
}
