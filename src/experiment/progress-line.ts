import type { StepRow } from "../../runtime/index.ts";

/**
 * `step  340/2000  loss 2.312  rate 4.1e-3  12,345 tokens/s  1:43 left`: what a training run shows of a step. Speed and time left go by
 * the steps before, the late ones counting most, so that one slow step does not make them jump.
 */
export function progressLines(steps: number): (row: StepRow) => string {
  const width = String(steps).length;
  let ms: number | undefined;
  let speed: number | undefined;
  return (row) => {
    ms = smoothed(ms, row.ms);
    speed = smoothed(speed, row.tokensPerSecond);
    const parts = [
      `step ${String(row.step).padStart(width)}/${steps}`,
      `loss ${row.loss.toFixed(3)}`,
      `rate ${row.learningRate.toExponential(1)}`,
      `${Math.round(speed).toLocaleString("en-US")} tokens/s`,
      `${duration(((steps - row.step) * ms) / 1000)} left`,
    ];
    return parts.join("  ");
  };
}

function smoothed(before: number | undefined, now: number): number {
  return before === undefined ? now : 0.9 * before + 0.1 * now;
}

/** "0:07", "12:30", "1:02:03". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (count: number): string => String(count).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
