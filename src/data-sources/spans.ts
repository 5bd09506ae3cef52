import { spanExamples } from "../../runtime/data/index.ts";
import type { Question } from "../../runtime/data/index.ts";
import type { BadRow } from "./rows.ts";
import { bad, readRows, shown } from "./rows.ts";
import type { Source } from "./source.ts";
import { withoutHeldOut } from "./source.ts";

/** A table of `question`, `context` and `answer`; the answer is where it first stands in the context. */
export const spansSource: Source = async ({ path, skipBadRows }) => {
  const read = await readRows(path, ["question", "context", "answer"], skipBadRows, ({ values }) => question(values.map(String)));
  return read.ok ? withoutHeldOut([path], spanExamples(read.value.items), read.value.badRows) : read;
};

function question([asked = "", context = "", answer = ""]: readonly string[]): Question | BadRow {
  if (answer.trim() === "") return bad("data-empty-column", "`answer` is empty", "fill it in or remove the row");
  const from = context.indexOf(answer);
  if (from < 0) return bad("answer-not-found", `the answer ${shown(answer)} does not stand in the context`, "write it as it stands there");
  return { question: asked, context, from, to: from + answer.length };
}
