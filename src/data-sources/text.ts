import { corruptedExamples, heldOutSplit, sentenceExamples, textExamples } from "../../runtime/data/index.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import type { OpenedData, Source } from "./source.ts";
import { wrong } from "./source.ts";

/** One text file: the first nine tenths are trained on, the last tenth is held out. */
export const textSource: Source = ({ path, arguments: { length } }) => splitText(path, (part) => textExamples(part, Number(length)));

/** The same, in windows with spans taken out. */
export const corruptedSource: Source = ({ path, arguments: { length, p, span } }) =>
  splitText(path, (part) => corruptedExamples(part, { length: Number(length), p: Number(p), span: Number(span) }));

/** A text file with a sentence on each line and an empty line between documents; without empty lines all of it is one document. */
export const sentencesSource: Source = ({ path, arguments: { length } }) => splitText(path, (part) => sentenceExamples(documents(part), Number(length)), true);

function splitText(path: string, of: (text: string) => Examples, byLines = false): Result<OpenedData> {
  const text = readText(path);
  if (!text.ok) return text;
  if (text.value.trim() === "") return wrong("data-empty", `${path} is empty`, "give a text file");
  const [training, heldOut] = byLines ? splitLines(text.value) : heldOutSplit(text.value);
  const held = heldOut === "" ? {} : { heldOut: of(heldOut) };
  return { ok: true, value: { files: [path], training: of(training), ...held, whole: of(text.value), badRows: 0 } };
}

function splitLines(text: string): readonly [string, string] {
  const lines = text.split("\n");
  const at = Math.ceil(lines.length * 0.9);
  return [lines.slice(0, at).join("\n"), lines.slice(at).join("\n").trim()];
}

function documents(text: string): readonly (readonly string[])[] {
  return text.split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/).map((document) => document.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")).filter((document) => document.length > 0);
}
