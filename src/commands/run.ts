import { readFileSync } from "node:fs";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { generateOf, restoredTranslator } from "../experiment/translator.ts";
import { readTrained } from "../experiment/use.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import type { Command } from "./command.ts";
import { reporting } from "./refused.ts";

export const runCommand: Command = {
  name: "run",
  summary: "use a trained model: text in, text out",
  details: `Each argument is a text; without arguments, each line of stdin is one. A line of stdout answers each, in order.

  tfmc run runs/translation "le 14 juillet 1998" "dans trois jours"
  tfmc run examples/translation/model.tfm < phrases.txt`,
  arguments: [
    { name: "run", count: "one", doc: "a run folder, or a model file for its newest run in runs/" },
    { name: "texts", count: "any", doc: "what to translate" },
  ],
  options: [],
  needsAdapter: true,
  run: ({ arguments: [place = "", ...texts], output }) => reporting(output, () => runModel(place, texts, output)),
};

async function runModel(place: string, given: readonly string[], output: Output): Promise<ExitCode> {
  const trained = readTrained(place);
  const { method } = generateOf(trained.model);
  if (method !== "greedy") output.say(`the recipe asks for ${method} decoding, which is not built yet: the likeliest token is taken each time`);
  const texts = given.length > 0 ? given : stdinLines(output);
  if (texts.length === 0) return exitCodes.ok;
  const translator = restoredTranslator(trained.checkpoint, trained.model, trained.tokenizer, valueOf(await commandDevice()));
  try {
    const answers = await translator.translate(texts);
    answers.forEach((answer, at) => (output.json ? output.dataJson({ text: texts[at], answer }) : output.data(answer)));
    return exitCodes.ok;
  } finally {
    translator.dispose();
  }
}

function stdinLines(output: Output): readonly string[] {
  if (process.stdin.isTTY) output.say("reading texts from the keyboard, a line each; Ctrl-D ends");
  const bytes = readFileSync(0);
  try {
    const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).split(/\r\n|\n|\r/);
    if (lines.at(-1) === "") lines.pop();
    return lines;
  } catch {
    throw new CommandFailure({ code: "file-not-utf8", exit: exitCodes.wrong, message: "stdin is not UTF-8", remedy: "convert it, for instance with iconv" });
  }
}
