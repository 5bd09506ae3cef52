/**
 * The training loop: a step is the entries `grad` and `update` in one submission, with accumulation `grad` for every
 * micro-batch and then `update`. The loop runs a few steps ahead of the GPU and reads reports behind it, so it never waits
 * for the step that it has just submitted.
 */
import { notFinite } from "../errors.ts";
import type { Feed } from "../feed.ts";
import type { Job, Session } from "../session.ts";
import type { Sizes } from "../size.ts";
import { ENTRIES, LEARNING_RATE, REPORT } from "./report.ts";

export interface TrainingBatch {
  readonly sizes: Sizes;
  readonly fields: Feed["fields"];
  /** What the loss counts, for tokens per second. */
  readonly tokens: number;
}

export interface TrainOptions {
  readonly session: Session;
  /**
   * The micro-batches of a step, counted from 1: one, unless gradients are accumulated; then at most the session's `batches`.
   * A function of the step alone, so that a resumed run meets the same ones.
   */
  readonly batches: (step: number) => readonly TrainingBatch[];
  /** The last step of the whole run. */
  readonly steps: number;
  /** The last step that was done before; 0 for a new run. */
  readonly from?: number;
  /** Ends the run after this step, as an interruption would. */
  readonly stopAt?: number;
  /** Read at every step, an AbortSignal's meaning: finish the step, write a checkpoint, end. */
  readonly signal?: { readonly aborted: boolean };
  /** The loss is read every so many steps, and at the last. Default 10. */
  readonly reportEvery?: number;
  readonly onStep?: (row: StepRow) => void;
  /** Steps after which `pause` is awaited with the GPU idle: evaluation, samples. Its time is not the step's. `enough` ends the run. */
  readonly pauseAfter?: (step: number) => boolean;
  readonly pause?: (step: number) => Promise<void | "enough">;
  /** Awaited with the GPU idle every `checkpointEvery` steps and at the end, however the run ends, save by an error. */
  readonly checkpoint?: (step: number) => Promise<void>;
  readonly checkpointEvery?: number;
}

/** One report. `ms` and `tokensPerSecond` are means over the steps since the report before. */
export interface StepRow {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly ms: number;
}

export interface TrainResult {
  /** The last step done. */
  readonly step: number;
  readonly end: "done" | "enough" | "stopped" | "interrupted";
  /** Of the last step; undefined where none was run. */
  readonly last?: StepRow;
}

/** Steps that may be submitted and not done: enough to keep the GPU busy, few enough to stop soon. */
const AHEAD = 3;
/** Reports under way, below the session's four. */
const REPORTS_AHEAD = 3;

/** Throws a TfmError with exit code 5 that names the first step whose loss or gradient norm is not finite. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { session, steps, signal, onStep, pause, checkpoint } = options;
  const every = Math.max(1, options.reportEvery ?? 10);
  const lastStep = Math.min(steps, options.stopAt ?? steps);
  const underWay: Promise<void>[] = [];
  const reports: Report[] = [];
  /** Where the time of the next report begins. */
  let mark = { step: options.from ?? 0, time: performance.now() };
  let tokens = 0;
  let last: StepRow | undefined;
  let step = options.from ?? 0;
  let checkpointed = -1;
  let interrupted = signal?.aborted === true;
  let enough = false;

  const takeReport = async (): Promise<void> => {
    const report = reports.shift();
    if (report === undefined) return;
    const values = await report.values;
    const badStep = values[REPORT.badStep] ?? 0;
    if (badStep !== 0) throw notFinite(badStep);
    const total = Math.max((report.time ?? performance.now()) - mark.time, 1e-3);
    last = {
      step: report.step,
      loss: values[REPORT.loss] ?? Number.NaN,
      learningRate: session.scalar(LEARNING_RATE, report.step) ?? Number.NaN,
      gradNorm: values[REPORT.gradNorm] ?? Number.NaN,
      tokensPerSecond: report.tokens / (total / 1000),
      ms: total / Math.max(1, report.step - mark.step),
    };
    mark = { step: report.step, time: mark.time + total };
    // Without an update that guards itself the loss is all there is to see.
    if (!Number.isFinite(last.loss)) throw notFinite(report.step);
    onStep?.(last);
  };
  const drain = async (): Promise<void> => {
    while (reports.length > 0) await takeReport();
    await Promise.all(underWay.splice(0));
    await session.settled();
  };

  try {
    while (step < lastStep && !interrupted && !enough) {
      step++;
      const batches = options.batches(step);
      const jobs = stepJobs(session, batches, step);
      tokens += batches.reduce((sum, batch) => sum + batch.tokens, 0);
      const pausing = pause !== undefined && options.pauseAfter?.(step) === true;
      const saving = checkpoint !== undefined && options.checkpointEvery !== undefined && step % options.checkpointEvery === 0;
      interrupted = signal?.aborted === true;
      if (step % every === 0 || step === lastStep || pausing || saving || interrupted) {
        const report: Report = { step, tokens, values: session.runWithReport(jobs) };
        // A report that fails is told when it is taken; until then its rejection must not count as unhandled.
        report.values.then(
          () => void (report.time = performance.now()),
          () => undefined,
        );
        reports.push(report);
        tokens = 0;
      } else {
        session.runJobs(jobs);
      }
      const done = session.settled();
      done.catch(() => undefined);
      underWay.push(done);
      if (pausing || saving) {
        await drain();
        if (pausing) enough = (await pause(step)) === "enough";
        if (saving) {
          await checkpoint(step);
          checkpointed = step;
        }
        mark = { step, time: performance.now() };
        interrupted ||= signal?.aborted === true;
      }
      if (underWay.length >= AHEAD) await underWay.shift();
      while (reports.length >= REPORTS_AHEAD || reports[0]?.time !== undefined) await takeReport();
    }
    await drain();
  } catch (error) {
    // What is still under way must not outlive the loop.
    await Promise.allSettled([...underWay, ...reports.map(({ values }) => values)]);
    throw error;
  }
  if (checkpoint !== undefined && checkpointed !== step) await checkpoint(step);
  const end = step >= steps ? "done" : enough ? "enough" : interrupted ? "interrupted" : "stopped";
  return { step, end, ...(last === undefined ? {} : { last }) };
}

/** What a step submits. The last micro-batch's job also updates, so without accumulation a step is one pass. */
export function stepJobs(session: Pick<Session, "has">, batches: readonly TrainingBatch[], step: number): readonly Job[] {
  const feeds = batches.map(({ sizes, fields }, micro): Feed => ({ sizes, fields, step, micro }));
  const counts = session.has(ENTRIES.count);
  const [only, ...others] = feeds;
  if (only !== undefined && others.length === 0) {
    return [{ entries: [...(counts ? [ENTRIES.count] : []), ENTRIES.grad, ENTRIES.update], feed: only }];
  }
  return [
    ...(counts ? feeds.map((feed) => ({ entries: [ENTRIES.count], feed })) : []),
    ...feeds.map((feed, micro) => ({ entries: micro === feeds.length - 1 ? [ENTRIES.grad, ENTRIES.update] : [ENTRIES.grad], feed })),
  ];
}

/** A report on its way; `time` is when it came. */
interface Report {
  readonly step: number;
  /** Tokens since the report before. */
  readonly tokens: number;
  readonly values: Promise<Float32Array>;
  time?: number;
}
