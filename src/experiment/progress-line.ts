import type { Examples } from "../../runtime/data/index.ts";
import type { StepRow } from "../../runtime/index.ts";
import { plural } from "../report/text.ts";
import { countedOf } from "./counted.ts";

/**
 * `step  340/2000  loss 2.312  rate 4.1e-3  12,345 tokens/s  1:43 left`, of images `images/s`: what a training run shows of a step.
 * Speed and time left go by the steps before, the late ones counting most, so that one slow step does not make them jump; the first row is
 * left behind at once, because drivers compile kernels in the first step.
 */
export function progressLines(steps: number, unit: string): (row: StepRow) => string {
  const width = String(steps).length;
  let ms = 0;
  let speed = 0;
  let rows = 0;
  return (row) => {
    const weight = rows++ < 2 ? 1 : 0.1;
    ms += weight * (row.ms - ms);
    speed += weight * (row.tokensPerSecond - speed);
    const parts = [
      `step ${String(row.step).padStart(width)}/${steps}`,
      `loss ${row.loss.toFixed(3)}`,
      `rate ${row.learningRate.toExponential(1)}`,
      `${Math.round(speed).toLocaleString("en-US")} ${countedOf(unit)}/s`,
      `${duration(((steps - row.step) * ms) / 1000)} left`,
    ];
    return parts.join("  ");
  };
}

/**
 * "640 of 1,000 pairs measured", as answers take long. Of other data it is rows that are told, for these may be counted in something else:
 * the characters of a text are measured in windows.
 */
export function measuredSoFar(done: number, { pairs, count, unit }: Pick<Examples, "pairs" | "count" | "unit">): string {
  const [now, all] = [done, count].map((number) => number.toLocaleString("en-US"));
  return pairs === undefined ? `${plural(done, "row")} measured` : `${now} of ${all} ${unit} measured`;
}

/** "0:07", "12:30", "1:02:03". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (count: number): string => String(count).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
