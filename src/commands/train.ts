import { parse } from "../../grammar/index.ts";
import type { Examples } from "../../runtime/data/index.ts";
import { totalElements } from "../../runtime/size.ts";
import { classList } from "../data-sources/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { classifierOf } from "../experiment/classifier.ts";
import { checkedModel, recipeOf } from "../experiment/check.ts";
import { metricsText } from "../experiment/evaluate.ts";
import { evaluationText } from "../experiment/evaluating.ts";
import { checkMeasurable } from "../experiment/measure.ts";
import { duration, measuredSoFar, progressLines } from "../experiment/progress-line.ts";
import { otherProgramText } from "../experiment/other-program.ts";
import { newRunFolder, readCheckpoint } from "../experiment/run-folder.ts";
import type { Checkpoint } from "../experiment/run-folder.ts";
import { readModel } from "../experiment/source.ts";
import type { ModelSource } from "../experiment/source.ts";
import type { Settings } from "../experiment/settings.ts";
import { frozenParameters } from "../experiment/facts.ts";
import { initialText } from "../experiment/initial-text.ts";
import { openRun, prepareRun } from "../experiment/train.ts";
import type { Run } from "../experiment/train.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readText } from "../files.ts";
import { commandDevice } from "../gpu/device.ts";
import { interruption } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { bytesText } from "../report/text.ts";
import { shellWord } from "../shell.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions, sayBadRows, skipBadRowsOption, validationOption, validationSetting } from "./model-options.ts";
import { reporting } from "./refused.ts";

export const trainCommand: Command = {
  name: "train",
  summary: "train a model by its recipe",
  details: `The run folder gets model.safetensors, tokenizer.json, state.json, state.safetensors, log.jsonl and report.html, and
best.safetensors where it is evaluated while it trains; its name is the data on stdout.
Ctrl-C ends the run after the step at hand, writes a checkpoint and exits with 130; --resume goes on from it, bit for bit.

  tfmc train model.tfm --data pairs.tsv --set d=48 --set heads=3
  tfmc train --resume runs/translation`,
  arguments: [{ name: "file", count: "optional", doc: "the model; with --resume, by default the one that the checkpoint keeps" }],
  options: [
    ...modelOptions,
    { name: "data", kind: "text", value: "PATH", doc: "train on this file or folder, in the place of the recipe's" },
    validationOption,
    skipBadRowsOption,
    { name: "out", kind: "text", value: "DIR", doc: "the run folder; by default runs/NAME, after the file, or the folder of a model.tfm" },
    { name: "init-from", kind: "list", value: "PATH", doc: "start from the weights of a run, of a model file's newest run, or of a .safetensors file, in the place of the recipe's init_from; `none` for drawn ones; repeated, from the average of several" },
    { name: "freeze", kind: "list", value: "PATTERN", doc: "leave parameters as they are: --freeze 'encoder.*'; in the place of the recipe's `frozen`; may be repeated" },
    { name: "resume", kind: "text", value: "DIR", doc: "go on with the run in this folder; with --steps, further than it was to go" },
    { name: "steps", kind: "integer", value: "N", doc: "the same as --set recipe.steps=N" },
    { name: "seed", kind: "integer", value: "N", doc: "the same as --set recipe.seed=N" },
    { name: "evaluate-every", kind: "integer", value: "N", doc: "measure every N steps and keep the best weights; the same as --set recipe.evaluate=N" },
    { name: "patience", kind: "integer", value: "N", doc: "end after N evaluations that were no better than the best; the same as --set recipe.patience=N" },
    { name: "stop-at", kind: "integer", value: "N", doc: "end after step N as Ctrl-C would" },
    { name: "checkpoint-every", kind: "integer", value: "N", doc: "write a checkpoint every N steps; 500 by default" },
    { name: "tensorboard", kind: "flag", doc: "write TensorBoard event files into the run folder as well" },
  ],
  needsAdapter: true,
  run: ({ arguments: [file], options, output }) => reporting(output, () => trainModel(file, options, output)),
};

async function trainModel(file: string | undefined, options: OptionValues, output: Output): Promise<ExitCode> {
  const resumed = options.text("resume");
  const resume = resumed === undefined ? undefined : readCheckpoint(resumed);
  const { recipe, set } = modelChoices(options);
  const numbers = countOptions(options);
  const source = modelOf(file, resume);
  const initFrom = initialOption(options, resumed);
  checkTrainable(source, set, initFrom);
  const prepared = await prepareRun({
    source,
    recipe,
    set: { ...set, ...validationSetting(options), ...frozenSetting(options), ...numbers.set },
    data: options.text("data"),
    skipBadRows: options.flag("skip-bad-rows") ? true : undefined,
    resume,
    initFrom,
    warn: (warnings) => output.report(warnings),
    onReading: (bytes) => output.say(`reading ${bytesText(bytes)} of data …`),
    onLearning: () => output.say("training the tokenizer …"),
  });
  const { data, recipe: chosen } = prepared;
  const { validation } = data;
  if (validation !== undefined) checkMeasurable(chosen, validation);
  const { steps } = prepared.recipe;
  if (resume !== undefined) checkResumable(resume, file, steps, output);
  const folder = options.text("out") ?? resume?.folder ?? newRunFolder(prepared.source.file.path);
  const device = valueOf(await commandDevice());
  // Until here there is nothing to save, and no moment to notice a signal at: one ends the process at once.
  const signal = interruption();
  const run = await openRun(prepared, device, folder, resume, { tensorboard: options.flag("tensorboard") });
  try {
    greet(run, resume, device.adapter.name, output);
    const progress = output.progress();
    const line = progressLines(steps, data.training.unit);
    const started = performance.now();
    if (run.from < steps) progress.update("compiling kernels for this adapter …");
    const result = await run.train({
      signal,
      stopAt: numbers.stopAt,
      checkpointEvery: numbers.checkpointEvery,
      onStep: (row) => progress.update(line(row)),
      onEvaluation: (evaluated) => progress.note(`after step ${evaluated.step}: ${evaluationText(evaluated)}`),
      onEvaluating: (done) => progress.update(measuredSoFar(done, validation as Examples)),
    }).finally(() => progress.finish()).catch((error: unknown) => {
      output.say(keptText(run));
      throw error;
    });
    const seconds = (performance.now() - started) / 1000;
    const metrics = validation === undefined || signal.aborted || (result.end !== "done" && result.end !== "enough") ? {} : await measuredAtEnd(run, result.step, validation);
    if (validation !== undefined && Object.keys(metrics).length > 0) output.say(`${metricsText(metrics)} on ${counted(validation)}`);
    const best = run.standing()?.best;
    const bestText = best === undefined ? "" : `; best after step ${best.step}: tfmc eval ${shellWord(folder)} --best`;
    const { loss: validationLoss, ...others } = metrics;
    const validated = { ...(validationLoss === undefined ? {} : { validation_loss: validationLoss }), ...others };
    if (output.json) output.dataJson({ run: folder, step: result.step, end: result.end, loss: result.last?.loss ?? null, seconds, adapter: device.adapter.name, ...validated, ...(best === undefined ? {} : { best_step: best.step }) });
    else output.data(folder);
    if (result.end === "enough") {
      output.say(`no better in ${chosen.patience ?? 0} evaluations, so it ended after step ${result.step} of ${steps}${bestText}`);
      return exitCodes.ok;
    }
    if (result.end === "done") {
      const done = steps === 0 ? "no step to train, so the run has the weights that it started from" : `trained ${result.step - run.from} steps in ${duration(seconds)} on ${device.adapter.name}`;
      output.say(`${done}; try: ${chosen.generate === undefined && classifierOf(prepared.model) === undefined ? `tfmc eval ${shellWord(folder)}${validation === undefined ? " DATA" : ""}` : `tfmc run ${shellWord(folder)} "…"`}${bestText}`);
      return exitCodes.ok;
    }
    output.say(`ended after step ${result.step} of ${steps}; go on with: tfmc train --resume ${shellWord(folder)}`);
    return exitCodes.interrupted;
  } finally {
    run.dispose();
  }
}

/** What a training that failed leaves behind. */
function keptText(run: Run): string {
  const step = run.kept();
  if (step === undefined) return "nothing of it is kept, as there was no checkpoint yet";
  return `its checkpoint after step ${step} is kept; go on from there with: tfmc train --resume ${shellWord(run.folder)}`;
}

/** What the last step left, unless an evaluation has just measured all of it. */
async function measuredAtEnd(run: Run, step: number, validation: Examples): Promise<Readonly<Record<string, number>>> {
  const last = run.evaluated();
  if (last?.step === step && run.prepared.recipe.watch === undefined) return last.metrics;
  const { metrics, answers } = await run.measure(validation);
  run.logEvaluation(step, metrics, answers);
  return metrics;
}

/** "1,115,394 characters". */
export function counted({ count, unit }: Examples): string {
  return `${count.toLocaleString("en-US")} ${unit}`;
}

function modelOf(file: string | undefined, resume: Checkpoint | undefined): ModelSource {
  if (file !== undefined) return valueOf(readModel(file));
  if (resume !== undefined) return resume.source;
  throw new CommandFailure({ code: "file-not-given", exit: exitCodes.usage, message: "no model is given", remedy: "tfmc train FILE.tfm, or tfmc train --resume DIR" });
}

/** Throws CommandFailure for a file without a recipe, before options that are settings of one: with what takes weights over without it. */
function checkTrainable(source: ModelSource, set: Settings, [weights]: readonly string[]): void {
  if (parse(source.file).ast.tops.some((top) => top.kind === "decl" && top.category === "train")) return;
  try {
    recipeOf(checkedModel(source, { set }));
  } catch (error) {
    if (weights === undefined || weights === "none" || !(error instanceof CommandFailure) || error.failure.code !== "no-recipe") throw error;
    const { remedy = "" } = error.failure;
    throw new CommandFailure({ ...error.failure, remedy: `${remedy}; or use the weights as they are, without one: tfmc compile ${shellWord(source.file.path)} -o DIR --init-from ${shellWord(weights)}` });
  }
}

/** Throws CommandFailure where fewer steps are asked for than are done; says that the model's file has another text than the run keeps. */
function checkResumable({ folder, manifest, source: { file } }: Checkpoint, given: string | undefined, steps: number, output: Output): void {
  if (manifest.step > steps) throw new CommandFailure({ code: "steps-done", exit: exitCodes.usage, message: `${folder} has done ${manifest.step} steps already, and is to do ${steps}`, remedy: `--steps N with at least ${manifest.step}` });
  const now = given === undefined ? readText(file.path) : undefined;
  if (now?.ok === true && now.value !== file.text) output.say(`${file.path} has changed since: the run goes on with the text that it keeps; with the new one by tfmc train ${shellWord(file.path)} --resume ${shellWord(folder)}`);
}

function frozenSetting(options: OptionValues): Settings {
  const patterns = options.list("freeze");
  return patterns.length === 0 ? {} : { "recipe.frozen": patterns.join(", ") };
}

/** A run that is gone on with has its weights. */
function initialOption(options: OptionValues, resumed: string | undefined): readonly string[] {
  const places = options.list("init-from");
  if (places.length > 0 && resumed !== undefined) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: "--resume goes on with the run's own weights, so --init-from has no meaning beside it", remedy: "leave one of them out" });
  return places;
}

interface Counts {
  readonly set: Readonly<Record<string, string>>;
  readonly stopAt: number | undefined;
  readonly checkpointEvery: number;
}

function countOptions(options: OptionValues): Counts {
  for (const [name, least] of [["steps", 0], ["seed", 0], ["stop-at", 1], ["checkpoint-every", 1], ["evaluate-every", 1], ["patience", 1]] as const) {
    const value = options.number(name);
    if (value !== undefined && value < least) throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be at least ${least}; it is ${value}` });
  }
  const settings = [["steps", "steps"], ["seed", "seed"], ["evaluate-every", "evaluate"], ["patience", "patience"]] as const;
  return {
    set: Object.fromEntries(settings.flatMap(([option, setting]) => (options.number(option) === undefined ? [] : [[`recipe.${setting}`, String(options.number(option))]]))),
    stopAt: options.number("stop-at"),
    checkpointEvery: options.number("checkpoint-every") ?? 500,
  };
}

function greet({ prepared, folder, from, sameProgram, sameValidation, initial }: Run, resume: Checkpoint | undefined, adapter: string, output: Output): void {
  const { model, recipe, data, tokenizer } = prepared;
  const frozen = totalElements(frozenParameters(model));
  output.say(`${model.name} with ${totalElements(model.parameters).toLocaleString("en-US")} parameters, ${frozen === 0 ? "" : `${frozen.toLocaleString("en-US")} of them frozen, `}${tokenizer === undefined ? "" : `${tokenizer.size} tokens, `}${counted(data.training)}, batches of ${recipe.batch}, on ${adapter}`);
  sayBadRows(data.badRows, output);
  if (data.classes !== undefined) output.say(`classes: ${classList(data.classes)}`);
  for (const line of resume === undefined && initial !== undefined ? initialText(initial) : []) output.say(line);
  if (resume !== undefined) output.say(from >= recipe.steps ? `all ${recipe.steps} steps are done; --steps N trains longer` : `going on after step ${from} of ${recipe.steps}`);
  if (!sameValidation) output.say("the validation is another one from here on: some of it may have been trained on, and the best so far is not known");
  if (resume !== undefined && !sameProgram) output.say(otherProgramText(resume, prepared));
  output.say(`run folder ${folder}`);
}
