import { corruptedExamples, countBefore, sentenceExamples, splitText, textExamples } from "../../runtime/data/index.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { OpenedData, Source, SourceRequest } from "./source.ts";
import { wrong } from "./source.ts";

/** One text file. */
export const textSource: Source = (request) => opened(request, (part) => textExamples(part, Number(request.arguments["length"])));

/** The same, in windows with spans taken out. */
export const corruptedSource: Source = (request) => {
  const { length, p, span } = request.arguments;
  return opened(request, (part) => corruptedExamples(part, { length: Number(length), p: Number(p), span: Number(span) }));
};

/** A text file with a sentence on each line and an empty line between documents; without empty lines all of it is one document. */
export const sentencesSource: Source = (request) => opened(request, (part) => sentenceExamples(documents(part), Number(request.arguments["length"])), true);

/** Where nobody says otherwise, the last tenth is for validation. */
function opened({ path, validation: share = 0.1 }: SourceRequest, of: (text: string) => Examples, byLines = false): Result<OpenedData> {
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
  return text.split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/).map((document) => document.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")).filter((document) => document.length > 0);
}
