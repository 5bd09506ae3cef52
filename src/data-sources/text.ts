import { corruptedExamples, countBefore, sentenceExamples, splitText, textExamples } from "../../runtime/data/index.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { OpenedData, Source, SourceRequest } from "./source.ts";
import { bad, isTable, readRows } from "./rows.ts";
import { openedRows, wrong } from "./source.ts";

/** One text file, or a table with a document in each row, in the column that `column` names. */
export const textSource: Source = (request) => packed(request, (documents) => textExamples(documents, Number(request.arguments["length"])));

/** The same, in windows with spans taken out. */
export const corruptedSource: Source = (request) => {
  const { length, p, span } = request.arguments;
  return packed(request, (documents) => corruptedExamples(documents, { length: Number(length), p: Number(p), span: Number(span) }));
};

/**
 * A text file with a sentence on each line and an empty line between documents; without empty lines all of it is one document. Of a table
 * each row's `text` is a document, with a sentence on each of its lines.
 */
export const sentencesSource: Source = (request) => {
  const { length, packed: fills } = request.arguments;
  const of = (parted: readonly (readonly string[])[]): Examples => sentenceExamples(parted, Number(length), fills === true);
  if (isTable(request.path)) return rowsAsDocuments(request, "text", (texts) => of(texts.map(sentences)));
  return opened(request, (part) => of(documents(part)), true);
};

function packed(request: SourceRequest, of: (documents: readonly string[]) => Examples): ReturnType<Source> {
  return isTable(request.path) ? rowsAsDocuments(request, String(request.arguments["column"]), of) : opened(request, (text) => of([text]));
}

async function rowsAsDocuments(request: SourceRequest, column: string, of: (documents: readonly string[]) => Examples): Promise<Result<OpenedData>> {
  const read = await readRows(request.path, [column], request.skipBadRows, ({ values: [text = ""] }) => (text.trim() === "" ? bad("data-empty-column", `\`${column}\` is empty`, "fill it in or remove the row") : text));
  return read.ok ? openedRows({ ...request, validation: request.validation ?? LAST }, read.value, of) : read;
}

/** What is for validation where nobody says otherwise. */
const LAST = 0.1;

function opened({ path, validation: share = LAST }: SourceRequest, of: (text: string) => Examples, byLines = false): Result<OpenedData> {
  const text = readText(path);
  if (!text.ok) return text;
  if (text.value.trim() === "") return wrong("data-empty", `${path} is empty`, "give a text file");
  const [training, last] = byLines ? splitLines(text.value, share) : splitText(text.value, share);
  const validation = last === "" ? {} : { validation: of(last) };
  return { ok: true, value: { files: [path], training: of(training), ...validation, whole: of(text.value), badRows: 0 } };
}

function splitLines(text: string, share: number): readonly [string, string] {
  const lines = text.split("\n");
  const at = countBefore(lines.length, share);
  return [lines.slice(0, at).join("\n"), lines.slice(at).join("\n").trim()];
}

function documents(text: string): readonly (readonly string[])[] {
  return text.split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/).map(sentences).filter((document) => document.length > 0);
}

function sentences(document: string): readonly string[] {
  return document.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}
