import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { factsOf } from "../experiment/facts.ts";
import { folderOf, readTrained } from "../experiment/use.ts";
import type { Output } from "../output.ts";
import type { RunFacts } from "../report/index.ts";
import { readFacts, writeReport } from "../report/write.ts";
import type { Command } from "./command.ts";
import { reporting } from "./refused.ts";

export const reportCommand: Command = {
  name: "report",
  summary: "make the report of a run anew",
  details: "The report is report.html in the run's folder: one file with the curves, samples, model, recipe, data and machine.\nTraining writes it whenever a run ends; its path is the data on stdout.",
  arguments: [{ name: "run", count: "one", doc: "a run folder, or a model file for its newest run in runs/" }],
  options: [],
  needsAdapter: false,
  run: ({ arguments: [place = ""], output }) => reporting(output, async () => report(place, output)),
};

function report(place: string, output: Output): ExitCode {
  const folder = folderOf(place);
  const file = writeReport(folder, readFacts(folder) ?? restoredFacts(folder));
  if (output.json) output.dataJson({ report: file });
  else output.data(file);
  return exitCodes.ok;
}

/** Of a folder without `run.json`: what its checkpoint says. */
export function restoredFacts(folder: string): RunFacts {
  const { checkpoint: { record }, model, tokenizer } = readTrained(folder);
  return factsOf({ folder, model, sources: record.sources, settings: record.set, data: record.data, tokenizer, bounds: record.bounds });
}
