/**
 * The training loop: a step is the entries `grad` and `update` in one submission, with accumulation `grad` for every
 * micro-batch and then `update`. The loop runs a few steps ahead of the GPU and reads reports behind it, so it never waits
 * for the step that it has just submitted.
 */
import type { Feed } from "../feed.ts";
import type { Job, Session } from "../session.ts";
import type { Sizes } from "../size.ts";
import { ENTRIES } from "./report.ts";
import { StepReports } from "./step-reports.ts";
import type { StepRow } from "./step-reports.ts";

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
  readonly stopAt?: number | undefined;
  /** Read at every step, an AbortSignal's meaning: finish the step, write a checkpoint, end. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** The loss is read every so many steps, and at the last. Default 10. */
  readonly reportEvery?: number;
  readonly onStep?: (row: StepRow) => void;
  /** Steps after which `pause` is awaited with the GPU idle: evaluation, samples. Its time is not the step's. `enough` ends the run. */
  readonly pauseAfter?: ((step: number) => boolean) | undefined;
  readonly pause?: ((step: number) => Promise<void | "enough">) | undefined;
  /** Awaited with the GPU idle every `checkpointEvery` steps and at the end, however the run ends, save by an error. */
  readonly checkpoint?: (step: number) => Promise<void>;
  readonly checkpointEvery?: number | undefined;
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

/** Throws a TfmError with exit code 5 that names the first step whose loss or gradient norm is not finite. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { session, from = 0, steps, stopAt = steps, signal, pauseAfter, pause, checkpoint, checkpointEvery } = options;
  const reportEvery = Math.max(1, options.reportEvery ?? 10);
  const lastStep = Math.min(steps, stopAt);
  const reports = new StepReports(session, from, options.onStep);
  const underWay: Promise<void>[] = [];
  let step = from;
  let checkpointed = -1;
  let interrupted = signal?.aborted === true;
  let enough = false;
  const idle = async (): Promise<void> => {
    await reports.takeAll();
    await Promise.all(underWay.splice(0));
    await session.settled();
  };

  try {
    while (step < lastStep && !interrupted && !enough) {
      step++;
      const batches = options.batches(step);
      const jobs = stepJobs(session, batches, step);
      const pausing = pause !== undefined && pauseAfter?.(step) === true;
      const saving = checkpoint !== undefined && checkpointEvery !== undefined && step % checkpointEvery === 0;
      interrupted = signal?.aborted === true;
      const reporting = step % reportEvery === 0 || step === lastStep || pausing || saving || interrupted;
      const values = reporting ? session.runWithReport(jobs) : undefined;
      if (!reporting) session.runJobs(jobs);
      reports.submitted(step, batches.reduce((sum, batch) => sum + batch.tokens, 0), values);
      const done = session.settled();
      done.catch(() => undefined);
      underWay.push(done);
      if (pausing || saving) {
        await idle();
        if (pausing) enough = (await pause(step)) === "enough";
        if (saving) {
          await checkpoint(step);
          checkpointed = step;
        }
        reports.restart(step);
        interrupted ||= signal?.aborted === true;
      }
      if (underWay.length >= AHEAD) await underWay.shift();
      await reports.takeSome();
    }
    await idle();
  } catch (error) {
    // What is still under way must not outlive the loop.
    await Promise.allSettled([...underWay, reports.settled()]);
    throw error;
  }
  if (checkpoint !== undefined && checkpointed !== step) await checkpoint(step);
  const end = step >= steps ? "done" : enough ? "enough" : interrupted ? "interrupted" : "stopped";
  return { step, end, ...(reports.last === undefined ? {} : { last: reports.last }) };
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
