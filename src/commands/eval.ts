import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { recipeOf } from "../experiment/check.ts";
import { validationData } from "../experiment/measured-data.ts";
import { choiceOf, measuringOptions } from "../experiment/decoding.ts";
import { metricsText } from "../experiment/evaluate.ts";
import { checkMeasurable, measure, restoredMeasurer } from "../experiment/measure.ts";
import type { Evaluation } from "../experiment/evaluate.ts";
import { measuredSoFar } from "../experiment/progress-line.ts";
import { appendToLog } from "../experiment/run-log.ts";
import type { Checkpoint } from "../experiment/run-folder.ts";
import { readTrained, sayWhich } from "../experiment/use.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import { readFacts, refreshReport } from "../report/write.ts";
import { evaluationRow } from "../../runtime/index.ts";
import type { Command, OptionValues } from "./command.ts";
import { bestOption, sayBadRows, skipBadRowsOption } from "./model-options.ts";
import { reporting } from "./refused.ts";
import { restoredFacts } from "./report.ts";

export const evalCommand: Command = {
  name: "eval",
  summary: "measure a trained model by its recipe's metrics",
  details: "BLEU is sacreBLEU's (13a, corpus, cased); exact match is the share of answers equal to their targets; perplexity is measured on\nevery token, and told in nats as well; metrics that the recipe defines are averaged. The figures are also appended to the run's\nlog.jsonl and shown by its report. --answers prints every source, target and answer, separated by tabs.",
  arguments: [
    { name: "run", count: "one", doc: "a run folder, or a model file for its newest run in runs/" },
    { name: "data", count: "optional", doc: "data of the kind that it was trained on; by default the recipe's `validation`" },
  ],
  options: [...measuringOptions, bestOption, skipBadRowsOption, { name: "answers", kind: "flag", doc: "print the answers instead of the figures, which then go to stderr" }],
  needsAdapter: true,
  run: ({ arguments: [place = "", file], options, output }) => reporting(output, () => evalModel(place, file, options, output)),
};

async function evalModel(place: string, file: string | undefined, options: OptionValues, output: Output): Promise<ExitCode> {
  const choice = choiceOf(options, measuringOptions);
  const { checkpoint, model, tokenizer } = readTrained(place, options.flag("best") ? "best" : "last");
  sayWhich(place, checkpoint, output);
  const { record, source } = checkpoint;
  const { examples, badRows } = valueOf(await validationData(recipeOf(model), source.file.path, record.data, { named: file, tokenizer, skipBadRows: options.flag("skip-bad-rows") }));
  checkMeasurable(recipeOf(model), examples);
  sayBadRows(badRows, output);
  const device = valueOf(await commandDevice());
  const progress = output.progress();
  const { metrics, answers } = await measure(restoredMeasurer(checkpoint, model, tokenizer, device, choice), examples, (done) => progress.update(measuredSoFar(done, examples))).finally(() => progress.finish());
  const text = `${metricsText(metrics)}, ${examples.count} ${examples.unit}`;
  if (output.json) output.dataJson({ ...metrics, [examples.unit]: examples.count, step: checkpoint.manifest.step, ...(options.flag("answers") ? { answers } : {}) });
  else if (options.flag("answers")) {
    for (const { source: asked, wanted, given } of answers) output.data([asked, wanted, given].join("\t"));
    output.say(text);
  } else output.data(text);
  keep(checkpoint, { metrics, answers }, output);
  return exitCodes.ok;
}

/** In the run's log and report, where the folder can be written. */
function keep({ folder, manifest }: Checkpoint, { metrics, answers }: Evaluation, output: Output): void {
  try {
    appendToLog(folder, evaluationRow(manifest.step, metrics));
    refreshReport(folder, readFacts(folder) ?? restoredFacts(folder), answers);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    output.say(`not kept in the run: ${error.message}`);
  }
}
