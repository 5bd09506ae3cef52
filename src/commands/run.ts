import { isatty } from "node:tty";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { classifierOf, classify } from "../experiment/classifier.ts";
import type { Classifier } from "../experiment/classifier.ts";
import { choiceOf, decodingOptions } from "../experiment/decoding.ts";
import type { DecodingChoice } from "../experiment/decoding.ts";
import { restoredTranslator } from "../experiment/translator.ts";
import type { Follow } from "../experiment/translator.ts";
import { readTrained, sayWhich } from "../experiment/use.ts";
import type { Trained } from "../experiment/use.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readStdin } from "../files.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import type { Command } from "./command.ts";
import { bestOption } from "./model-options.ts";
import { reporting } from "./refused.ts";

export const runCommand: Command = {
  name: "run",
  summary: "use a trained model: text in, text out, or its class",
  details: `Each argument is a text; without arguments, each line of stdin is one. stdout answers each, in order, with a line, or with what a
model that continues texts goes on with. On a terminal text appears as it is written. The recipe's \`generate\` says how, but for what the
options say in its place; the same seed gives the same texts. A model of labelled texts answers with the likeliest class, a tab and its
probability (--json: those of all classes); of two texts a row, they stand in one with a tab between.

  tfmc run runs/translation "le 14 juillet 1998" "dans trois jours"
  tfmc run runs/sst2 "a gripping , funny film"
  tfmc run examples/translation/model.tfm < phrases.txt
  tfmc run runs/gpt "ROMEO:" --temperature 0.8 --top-k 40 --max-length 500`,
  arguments: [
    { name: "run", count: "one", doc: "a run folder, or a model file for its newest run in runs/" },
    { name: "texts", count: "any", mayBeEmpty: true, doc: "what to translate, to go on with, or to judge" },
  ],
  options: [...decodingOptions, bestOption],
  needsAdapter: true,
  run: ({ arguments: [place = "", ...texts], options, output }) => reporting(output, () => runModel(place, texts, options.flag("best") ? "best" : "last", choiceOf(options, decodingOptions), output)),
};

async function runModel(place: string, given: readonly string[], weights: "last" | "best", choice: DecodingChoice, output: Output): Promise<ExitCode> {
  const trained = readTrained(place, weights);
  sayWhich(place, trained.checkpoint, output);
  const texts = given.length > 0 ? given : stdinLines(output);
  if (texts.length === 0) return exitCodes.ok;
  const classifier = trained.model.recipe?.generate === undefined ? classifierOf(trained.model, trained.checkpoint.record.data.classes) : undefined;
  return classifier === undefined ? write(trained, texts, choice, output) : judge(classifier, trained, texts, choice, output);
}

async function judge(classifier: Classifier, trained: Trained, texts: readonly string[], choice: DecodingChoice, output: Output): Promise<ExitCode> {
  const [option] = [...Object.keys(choice.options ?? {}), ...(choice.stop?.length ? ["stop"] : [])];
  if (option !== undefined) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: `the model tells classes and writes nothing, so --${option.replaceAll("_", "-")} has no meaning`, remedy: "leave it out" });
  const judgements = await classify(classifier, trained, valueOf(await commandDevice()), texts);
  for (const [at, { answer, probabilities }] of judgements.entries()) {
    if (output.json) output.dataJson({ text: texts[at], answer, probabilities });
    else output.data(`${answer}\t${probabilities[answer]!.toFixed(3)}`);
  }
  return exitCodes.ok;
}

async function write(trained: Trained, texts: readonly string[], choice: DecodingChoice, output: Output): Promise<ExitCode> {
  const translator = restoredTranslator(trained.checkpoint, trained.model, trained.tokenizer, valueOf(await commandDevice()), choice);
  const shown = output.live && !output.json ? inOrder(texts.length, (piece) => output.part(piece)) : undefined;
  try {
    const answers = await translator.translate(texts, undefined, shown);
    if (shown !== undefined) shown.finish();
    else answers.forEach((answer, at) => (output.json ? output.dataJson({ text: texts[at], answer }) : output.data(answer)));
    return exitCodes.ok;
  } finally {
    translator.dispose();
  }
}

/** Texts that grow at once, written one below another: of the first that is not whole as it comes, of others when it is their turn. */
export function inOrder(count: number, write: (piece: string) => void): Required<Follow> & { finish(): void } {
  const waiting = Array.from({ length: count }, () => "");
  const whole = new Set<number>();
  let turn = 0;
  const writeOut = (): void => {
    write(waiting[turn] ?? "");
    waiting[turn] = "";
  };
  const next = (): void => {
    writeOut();
    write("\n");
    turn++;
  };
  return {
    onText(text, piece) {
      waiting[text] += piece;
      if (text === turn) writeOut();
    },
    onAnswer(text) {
      whole.add(text);
      while (whole.has(turn)) next();
    },
    /** What nobody told the end of is whole now. */
    finish() {
      while (turn < count) next();
    },
  };
}

function stdinLines(output: Output): readonly string[] {
  // To ask process.stdin would make the descriptor non-blocking, and a read that has to wait would fail.
  if (isatty(0)) output.say("reading texts from the keyboard, a line each; Ctrl-D ends");
  const lines = valueOf(readStdin()).split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
