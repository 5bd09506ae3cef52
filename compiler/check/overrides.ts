/** `--set d=48`: values from the command line, and the place that messages about them show. */
import type { Span } from "../../grammar/source.ts";
import { sourceFile } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { sizeVal } from "./evaluate.ts";
import type { FileScope } from "./scope.ts";
import { builtin, declared } from "./scope.ts";
import type { Val } from "./value.ts";
import { flag, number } from "./value.ts";

/** A place for messages about `--set`. */
export function setSpan(path: string, text: string): Span {
  const file = sourceFile("--set", `${path}=${text}`);
  return { file, start: 0, end: file.text.length };
}

/** Numbers, flags and names as `--set` writes them; anything else is a text. */
export function valueFromText(text: string, span: Span, home: FileScope): Val {
  if (/^-?\d{1,15}$/.test(text)) return sizeVal(dims.constant(Number(text)), text, { text, span });
  if (text === "true" || text === "false") return flag(text === "true");
  if (text.trim() !== "" && Number.isFinite(Number(text))) return number(Number(text));
  return declared(home, text) ?? builtin(text) ?? { kind: "text", value: text };
}
