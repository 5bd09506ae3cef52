/** The reports of a training loop, which runs ahead of them: those on their way, and the time and tokens that each of them tells of. */
import { notFinite } from "../errors.ts";
import type { Session } from "../session.ts";
import { LEARNING_RATE, REPORT } from "./report.ts";

/** One report. `ms` and `tokensPerSecond` are means over the steps since the report before. */
export interface StepRow {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly ms: number;
}

/** `time` is when it came. */
interface OnItsWay {
  readonly step: number;
  /** Since the report before. */
  readonly tokens: number;
  readonly values: Promise<Float32Array>;
  time?: number;
}

/** Below the session's four. */
const MOST_ON_THEIR_WAY = 3;

export class StepReports {
  /** The last one that came. */
  last: StepRow | undefined;
  private readonly session: Pick<Session, "scalar">;
  private readonly onStep: ((row: StepRow) => void) | undefined;
  private readonly onTheirWay: OnItsWay[] = [];
  /** Tokens of steps that no report tells of yet. */
  private tokens = 0;
  /** Where the time of the next report begins. */
  private mark: { readonly step: number; readonly time: number };

  constructor(session: Pick<Session, "scalar">, from: number, onStep: ((row: StepRow) => void) | undefined) {
    this.session = session;
    this.onStep = onStep;
    this.mark = { step: from, time: performance.now() };
  }

  /** A step is submitted whose loss counts so many tokens; `values` where a report of it was asked for. */
  submitted(step: number, tokens: number, values: Promise<Float32Array> | undefined): void {
    this.tokens += tokens;
    if (values === undefined) return;
    const report: OnItsWay = { step, tokens: this.tokens, values };
    // One that fails is told when it is taken; until then its rejection must not count as unhandled.
    values.then(
      () => void (report.time = performance.now()),
      () => undefined,
    );
    this.onTheirWay.push(report);
    this.tokens = 0;
  }

  /** Takes those that have come, and waits for the first where there are too many. Throws a TfmError as `train` does. */
  async takeSome(): Promise<void> {
    while (this.onTheirWay.length >= MOST_ON_THEIR_WAY || this.onTheirWay[0]?.time !== undefined) await this.take();
  }

  async takeAll(): Promise<void> {
    while (this.onTheirWay.length > 0) await this.take();
  }

  /** The time since the last report was spent otherwise. */
  restart(step: number): void {
    this.mark = { step, time: performance.now() };
  }

  /** Settles when none is on its way, whatever became of them. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.onTheirWay.map(({ values }) => values));
  }

  private async take(): Promise<void> {
    const report = this.onTheirWay.shift();
    if (report === undefined) return;
    const { step, tokens } = report;
    const values = await report.values;
    const badStep = values[REPORT.badStep] ?? 0;
    if (badStep !== 0) throw notFinite(badStep);
    const total = Math.max((report.time ?? performance.now()) - this.mark.time, 1e-3);
    const loss = values[REPORT.loss] ?? Number.NaN;
    this.last = {
      step,
      loss,
      learningRate: this.session.scalar(LEARNING_RATE, step) ?? Number.NaN,
      gradNorm: values[REPORT.gradNorm] ?? Number.NaN,
      tokensPerSecond: tokens / (total / 1000),
      ms: total / Math.max(1, step - this.mark.step),
    };
    this.mark = { step, time: this.mark.time + total };
    // Without an update that guards itself the loss is all there is to see.
    if (!Number.isFinite(loss)) throw notFinite(step);
    this.onStep?.(this.last);
  }
}
