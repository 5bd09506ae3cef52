import type { Diagnostic } from "../../grammar/index.ts";
import { totalBytes } from "../../runtime/buffers.ts";
import type { Examples } from "../../runtime/data/index.ts";
import { createSession, encodeCheckpoint, encodeWeights, evaluationRow, restoreCheckpoint, trainingRow } from "../../runtime/index.ts";
import type { LogRow, Program, Session, StepRow, TrainResult } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Sample } from "../report/index.ts";
import { openEvents } from "../report/tensorboard.ts";
import { openReport } from "../report/write.ts";
import type { RunReport } from "../report/write.ts";
import { CommandFailure } from "../failure.ts";
import { checkCheckpointSize } from "./checkpoint-size.ts";
import { sessionDevice, trainingProgram, usedEntries } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { writingOf } from "./decoding.ts";
import { factsOf } from "./facts.ts";
import { initialWeights, load } from "./initial.ts";
import type { InitialRecord } from "./initial.ts";
import { measure, openMeasuring } from "./measure.ts";
import type { Evaluation } from "./evaluate.ts";
import { checkEvaluated, createEvaluating, trainEvaluating } from "./evaluating.ts";
import type { Evaluating, Standing } from "./evaluating.ts";
import { prepare } from "./prepare.ts";
import type { Prepared } from "./prepare.ts";
import { claimRunFolder, copyBest, inPlace, savedTokenizer, writeCheckpoint } from "./run-folder.ts";
import type { Checkpoint, RunRecord } from "./run-folder.ts";
import { openLog } from "./run-log.ts";
import { holdRunFolder } from "./run-lock.ts";
import type { Settings } from "./settings.ts";
import type { ModelSource } from "./source.ts";
import { createTranslator, generationLimits, textTokenizer } from "./translator.ts";
import type { Translator } from "./translator.ts";

export interface TrainRequest {
  readonly source: ModelSource;
  readonly recipe?: string | undefined;
  readonly set?: Settings | undefined;
  /** A file in the place of the recipe's. */
  readonly data?: string | undefined;
  /** Leave bad rows of the data out. */
  readonly skipBadRows?: boolean | undefined;
  /** The run to go on with: its model, recipe, settings, data and tokenizer are taken where this request names no others. */
  readonly resume?: Checkpoint | undefined;
  /** Runs or files of weights whose average is started from in the place of the recipe's `init_from`; `none` for drawn weights. */
  readonly initFrom?: readonly string[] | undefined;
  readonly warn?: ((warnings: readonly Diagnostic[]) => void) | undefined;
  /** Called with its bytes before a large file of data is read. */
  readonly onReading?: ((bytes: number) => void) | undefined;
  /** Called before a tokenizer learns its tokens from the data, which may take long. */
  readonly onLearning?: (() => void) | undefined;
}

/** Reads and checks everything that a run needs, before any device is asked for. */
export async function prepareRun({ source, recipe, set = {}, data, skipBadRows, resume, initFrom, warn, onReading, onLearning }: TrainRequest): Promise<Prepared> {
  if (resume === undefined) return prepare({ source, recipe, set, data, skipBadRows, initial: (chosen) => initialWeights(source, chosen, initFrom), warn, onReading, onLearning });
  const { record, folder } = resume;
  const prepared = await prepare({ source, recipe: recipe ?? record.recipe, set: { ...record.set, ...set }, data: data ?? record.data.path, folder: record.data.folder, skipBadRows: skipBadRows ?? record.data.badRows !== undefined, tokenizer: savedTokenizer(resume), warn, onReading });
  if (prepared.data.record.sha256 !== record.data.sha256) {
    const message = `${folder} was trained on other data than ${prepared.data.file} holds now`;
    throw new CommandFailure({ code: "resume-with-other-data", exit: exitCodes.wrong, message, remedy: `it went by ${record.data.path} with SHA-256 ${record.data.sha256.slice(0, 12)}…: restore that file, or train anew` });
  }
  return prepared;
}

/** A run on a device, ready to train. */
export interface Run {
  readonly prepared: Prepared;
  readonly session: Session;
  readonly folder: string;
  /** The last step that was done before. */
  readonly from: number;
  /** False where a resumed run's program is not the one that was interrupted: it goes on, but not bit for bit. */
  readonly sameProgram: boolean;
  /** False where a resumed run is measured on other examples than before. */
  readonly sameValidation: boolean;
  /** Of the weights that it began with, where they were not drawn. */
  readonly initial?: InitialRecord | undefined;
  /** A translator that uses the weights as they are at each moment; only while no step runs. */
  translator(): Translator;
  train(options: RunOptions): Promise<TrainResult>;
  /** What the evaluations so far have come to. */
  standing(): Standing | undefined;
  /** The step of the folder's checkpoint, once there is one. */
  kept(): number | undefined;
  /** The last evaluation during this training. */
  evaluated(): Evaluated | undefined;
  /** Measures with the weights as they are; only while no step runs. */
  measure(examples: Examples, onProgress?: (done: number) => void): Promise<Evaluation>;
  /** Appends what was measured to the log, and some of what was written to the report. */
  logEvaluation(step: number, metrics: Readonly<Record<string, number>>, answers?: readonly Sample[]): void;
  dispose(): void;
}

export interface Evaluated extends Evaluation {
  readonly step: number;
  readonly standing: Standing;
}

export interface RunOptions {
  readonly stopAt?: number | undefined;
  readonly signal?: { readonly aborted: boolean } | undefined;
  readonly checkpointEvery?: number | undefined;
  readonly onStep?: ((row: StepRow) => void) | undefined;
  readonly pauseAfter?: ((step: number) => boolean) | undefined;
  readonly pause?: ((step: number) => Promise<void>) | undefined;
  /** Where the recipe says `evaluate`. */
  readonly onEvaluation?: ((evaluated: Evaluated) => void) | undefined;
  /** Examples that an evaluation has done. */
  readonly onEvaluating?: ((done: number) => void) | undefined;
}

export interface RunExtras {
  /** Writes the rows of the log as TensorBoard's events too. */
  readonly tensorboard?: boolean | undefined;
}

export async function openRun(prepared: Prepared, device: Device, folder: string, resume?: Checkpoint, { tensorboard = false }: RunExtras = {}): Promise<Run> {
  const { recipe, model } = prepared;
  checkEvaluated(recipe, prepared.data.validation);
  const program = trainingProgram(model, device);
  checkCheckpointSize(program);
  const used = usedEntries(model);
  const trained = program.entries.map(({ name }) => name).filter((name) => !used.includes(name));
  const session = await createSession(program, { bounds: prepared.bounds, entries: trained, ...sessionDevice(device), seed: recipe.seed, batches: recipe.accumulate });
  let release = (): void => {};
  try {
    const restored = resume && inPlace(resume.folder, () => restoreCheckpoint(session, resume.files));
    const initial = resume?.record.initial ?? (prepared.initial && load(session, model, prepared.initial, prepared.data.record.classes));
    if (resume?.folder !== folder) claimRunFolder(folder);
    if (resume !== undefined && resume.folder !== folder) copyBest(resume.folder, folder);
    release = holdRunFolder(folder);
    const opened = { prepared, device, folder, program, session, initial };
    const records = openRecords(opened, restored?.manifest.step, tensorboard);
    const kept = resume?.folder === folder ? restored?.manifest.step : undefined;
    return runOf(opened, records, { record: resume?.record, from: restored?.manifest.step ?? 0, kept, sameProgram: restored?.sameProgram ?? true }, release);
  } catch (error) {
    release();
    session.dispose();
    throw error;
  }
}

/** What a run consists of once its folder is held. */
interface Opened {
  readonly prepared: Prepared;
  readonly device: Device;
  readonly folder: string;
  readonly program: Program;
  readonly session: Session;
  readonly initial: InitialRecord | undefined;
}

/** What is written beside the checkpoints. */
interface Records {
  readonly log: (row: LogRow) => void;
  readonly report: RunReport;
}

/** `resumedAt`: the step after which the run goes on. */
function openRecords({ prepared, device, folder, session, initial }: Opened, resumedAt: number | undefined, tensorboard: boolean): Records {
  const { model, source, settings, data, tokenizer, bounds, stepsPerEpoch } = prepared;
  const logRow = openLog(folder, resumedAt);
  const event = tensorboard ? openEvents(folder) : undefined;
  const machine = { adapter: device.adapter, gpuBytes: totalBytes(session.usage.bytes) };
  const report = openReport(folder, factsOf({ folder, model, sources: source.saved(), settings, data: data.record, tokenizer, bounds, stepsPerEpoch, machine, initial }));
  const log = (row: LogRow): void => {
    logRow(row);
    event?.(row);
  };
  return { log, report };
}

/** The run that is gone on with, if one is. */
interface Before extends Pick<Run, "from" | "sameProgram"> {
  readonly record: RunRecord | undefined;
  /** The step of the checkpoint that lies in the folder. */
  readonly kept: number | undefined;
}

function runOf({ prepared, device, folder, program, session, initial }: Opened, { log, report }: Records, { record: before, from, kept: keptBefore, sameProgram }: Before, release: () => void): Run {
  const { recipe, model, data: { validation } } = prepared;
  const tokenizer = prepared.tokenizer === undefined ? {} : { tokenizer: JSON.stringify(prepared.tokenizer.toJSON()) };
  // Measured on other examples than before, the best so far is not known.
  const sameValidation = before === undefined || before.set["recipe.validation"] === prepared.settings["recipe.validation"];
  let standing = sameValidation ? before?.standing : undefined;
  let evaluated: Evaluated | undefined;
  let kept = keptBefore;
  const measurer = { model, program, device, tokenizer: prepared.tokenizer, limits: prepared, states: session };

  const checkpoint = async (step: number, best?: Uint8Array): Promise<void> => {
    const record = { ...recordOf(prepared, initial), ...(standing === undefined ? {} : { standing }) };
    writeCheckpoint(folder, await encodeCheckpoint(session, { step, ...tokenizer, run: record as never }), best);
    kept = step;
  };
  const logEvaluation: Run["logEvaluation"] = (step, metrics, answers = []) => {
    log(evaluationRow(step, metrics));
    report.evaluated(answers);
  };
  const evaluatingWith = ({ signal, onEvaluation, onEvaluating }: RunOptions): Evaluating | undefined =>
    validation && recipe.evaluate !== undefined ? createEvaluating({
      recipe, steps: recipe.steps, standing, signal, onProgress: onEvaluating,
      open: () => openMeasuring(measurer, validation, recipe.watch),
      // With a checkpoint, so that what is best is never of a step that a resumed run has not done.
      keepBest: async (step) => checkpoint(step, await encodeWeights(session)),
      onEvaluation: (step, evaluation, now) => {
        standing = now;
        evaluated = { ...evaluation, step, standing };
        logEvaluation(step, evaluation.metrics, evaluation.answers);
        onEvaluation?.(evaluated);
      },
    }) : undefined;
  return {
    prepared, session, folder, from, sameProgram, sameValidation, initial,
    translator: () => createTranslator({ program, device, tokenizer: textTokenizer(prepared.tokenizer), writing: writingOf(model), states: session, ...generationLimits(prepared) }),
    measure: (examples, onProgress) => measure(measurer, examples, onProgress),
    standing: () => standing,
    kept: () => kept,
    evaluated: () => evaluated,
    train: (options) => report.sitting(from, () => trainEvaluating({
      ...options,
      session,
      batches: prepared.batches,
      steps: recipe.steps,
      from,
      checkpoint: (step) => checkpoint(step),
      onStep: (row) => {
        log(trainingRow(row));
        options.onStep?.(row);
      },
    }, evaluatingWith(options))),
    logEvaluation,
    dispose: () => {
      release();
      session.dispose();
    },
  };
}

function recordOf({ source, recipe, settings, data, limit, bounds }: Prepared, initial: InitialRecord | undefined): RunRecord {
  return { sources: source.saved(), recipe: recipe.name, set: settings, data: data.record, limit, bounds, ...(initial === undefined ? {} : { initial }) };
}
