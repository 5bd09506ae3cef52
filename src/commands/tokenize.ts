import path from "node:path";
import { CHECKPOINT } from "../../runtime/index.ts";
import { loadTokenizer } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { inPlace } from "../experiment/run-folder.ts";
import { textTokenizer } from "../experiment/translator.ts";
import { readTrained } from "../experiment/use.ts";
import { valueOf } from "../failure.ts";
import { readText } from "../files.ts";
import type { Output } from "../output.ts";
import type { Command } from "./command.ts";
import { reporting } from "./refused.ts";

export const tokenizeCommand: Command = {
  name: "tokenize",
  summary: "draw the pieces that a tokenizer cuts texts into, with their ids",
  details: `The text that the pieces make again follows where it is not the one that was given. --json gives ids and pieces.

  tfmc tokenize runs/translation "dans trois jours"
  tfmc tokenize tokenizer.json "unbelievable"`,
  arguments: [
    { name: "tokenizer", count: "one", doc: "a run folder, a model file for its newest run in runs/, or a tokenizer.json" },
    { name: "texts", count: "many", mayBeEmpty: true, doc: "what to cut" },
  ],
  options: [],
  needsAdapter: false,
  run: ({ arguments: [place = "", ...texts], output }) => reporting(output, () => Promise.resolve(tokenize(place, texts, output))),
};

function tokenize(place: string, texts: readonly string[], output: Output): ExitCode {
  const tokenizer = tokenizerAt(place);
  for (const [at, text] of texts.entries()) {
    const ids = tokenizer.encode(text);
    const again = tokenizer.decode(ids);
    if (output.json) {
      output.dataJson({ text, ids, pieces: ids.map((id) => tokenizer.token(id)), decoded: again });
      continue;
    }
    if (at > 0) output.data("");
    for (const line of drawn(ids.map((id) => [visible(tokenizer.token(id)), String(id)] as const), process.stdout.columns || 100)) output.data(line);
    output.say(`${ids.length} tokens for ${Array.from(text).length} characters${again === text ? "" : `; decoded: ${JSON.stringify(again)}`}`);
  }
  return exitCodes.ok;
}

function tokenizerAt(place: string): Tokenizer {
  if (path.extname(place) !== ".json") return textTokenizer(readTrained(place).tokenizer);
  const read = (): Tokenizer => loadTokenizer(valueOf(readText(place)));
  return path.basename(place) === CHECKPOINT.tokenizer ? inPlace(path.dirname(place), read) : read();
}

/** Two lines for as many pieces as fit, the ids below the pieces, with a bar between one piece and the next. */
export function drawn(pieces: readonly (readonly [piece: string, id: string])[], columns: number): readonly string[] {
  const lines: string[] = [];
  let above = "", below = "";
  const flush = (): void => {
    if (above !== "") lines.push(above, below);
    [above, below] = ["", ""];
  };
  for (const [piece, id] of pieces) {
    const width = Math.max(length(piece), id.length);
    if (above !== "" && length(above) + 1 + width > columns) flush();
    const bar = above === "" ? "" : "│";
    above += `${bar}${piece}${" ".repeat(width - length(piece))}`;
    below += `${bar}${id.padEnd(width)}`;
  }
  flush();
  return lines;
}

const length = (text: string): number => Array.from(text).length;

/** Line breaks and other signs that would not stay in their column. */
function visible(piece: string): string {
  return piece.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (sign) => JSON.stringify(sign).slice(1, -1)).replaceAll(" ", "␣");
}
