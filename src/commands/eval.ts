import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readData } from "../experiment/data.ts";
import { evaluate, knownReports, metricsText } from "../experiment/evaluate.ts";
import { appendToLog } from "../experiment/run-folder.ts";
import { restoredTranslator } from "../experiment/translator.ts";
import { readTrained } from "../experiment/use.ts";
import { valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import { evaluationRow } from "../../runtime/index.ts";
import type { Command, OptionValues } from "./command.ts";
import { reporting } from "./refused.ts";

export const evalCommand: Command = {
  name: "eval",
  summary: "measure a trained model on pairs by its recipe's metrics",
  details: "BLEU is sacreBLEU's (13a, corpus, cased); exact match is the share of answers equal to their targets. The figures are\nalso appended to the run's log.jsonl. --answers prints every source, target and answer, separated by tabs.",
  arguments: [
    { name: "run", count: "one", doc: "a run folder, or a model file for its newest run in runs/" },
    { name: "data", count: "one", doc: "a file with a pair per line: source, tab, target" },
  ],
  options: [{ name: "answers", kind: "flag", doc: "print the answers instead of the figures, which then go to stderr" }],
  needsAdapter: true,
  run: ({ arguments: [place = "", file = ""], options, output }) => reporting(output, () => evalModel(place, file, options, output)),
};

async function evalModel(place: string, file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  const { checkpoint, model, tokenizer } = readTrained(place);
  const reports = knownReports(model.recipe?.reports ?? []);
  const data = valueOf(readData(file));
  const translator = restoredTranslator(checkpoint, model, tokenizer, valueOf(await commandDevice()));
  try {
    const progress = output.progress();
    const { metrics, answers } = await evaluate(translator, data.pairs, reports, (done) => progress.update(`${done} of ${data.pairs.length} translated`)).finally(() => progress.finish());
    appendToLog(checkpoint.folder, evaluationRow(checkpoint.manifest.step, metrics));
    const text = `${metricsText(metrics)}, ${answers.length} pairs`;
    if (output.json) output.dataJson({ ...metrics, pairs: answers.length, step: checkpoint.manifest.step, ...(options.flag("answers") ? { answers } : {}) });
    else if (options.flag("answers")) {
      for (const { source, wanted, given } of answers) output.data([source, wanted, given].join("\t"));
      output.say(text);
    } else output.data(text);
    return exitCodes.ok;
  } finally {
    translator.dispose();
  }
}
