/** A curve as SVG: drawn here, without a script, and readable in light and in dark by the page's colours. */
import { linearScale, logScale } from "./scale.ts";
import type { Scale } from "./scale.ts";
import { escape, figure, short } from "./text.ts";

export interface Point {
  readonly step: number;
  /** What is not finite leaves a gap. */
  readonly value: number | null;
}

export interface ChartOptions {
  readonly title: string;
  /** The axis starts at 0. */
  readonly zero?: boolean;
  /** A logarithmic axis, where the values span more than two decades. */
  readonly decades?: boolean;
  /** Draws a mean over neighbours above noisy values. */
  readonly smooth?: boolean;
  /** Marks every point: for values that are measured now and then. */
  readonly marks?: boolean;
}

const WIDTH = 560;
const HEIGHT = 250;
const LEFT = 58;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 34;
/** Most points of a line; of more, each group shows its smallest and largest. */
const MOST_POINTS = 600;
/** Places where the pointer finds a value. */
const MOST_PLACES = 72;

interface Known {
  readonly step: number;
  readonly value: number;
}

/** The empty text where no value is finite. */
export function chartSvg(points: readonly Point[], options: ChartOptions): string {
  const runs = connected(points);
  const known = runs.flat();
  if (known.length === 0) return "";
  const values = known.map(({ value }) => value);
  const across = stepScale(known);
  const up = options.decades === true && spansDecades(values) ? logScale(values) : linearScale(values, { zero: options.zero === true });
  const x = (step: number): number => LEFT + across.place(step) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
  const smoothed = options.smooth === true && known.length >= 30;
  const line = (run: readonly Known[], kind: string): string =>
    run.length < 2 ? "" : `<path class="${kind}" d="${thinned(run).map(({ step, value }, at) => `${at === 0 ? "M" : "L"}${place(x(step))} ${place(y(value))}`).join("")}"/>`;
  const dots = options.marks === true ? known : runs.filter((run) => run.length === 1).flat();
  const label = `${options.title} from step ${known[0]?.step} to ${known.at(-1)?.step}, last ${figure(values.at(-1) as number)}`;
  return [
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(label)}">`,
    ...up.ticks.map((tick) => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(y(tick))}" y2="${place(y(tick))}"/><text x="${LEFT - 8}" y="${place(y(tick) + 4)}" text-anchor="end">${axisText(tick)}</text>`),
    ...across.ticks.map((tick) => `<line class="tick" x1="${place(x(tick))}" x2="${place(x(tick))}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM + 4}"/><text x="${place(x(tick))}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${axisText(tick)}</text>`),
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>`,
    `<text class="name" x="${WIDTH - RIGHT}" y="${HEIGHT - 3}" text-anchor="end">step</text>`,
    ...runs.map((run) => line(run, smoothed ? "line faint" : "line")),
    ...(smoothed ? runs.map((run) => line(smooth(run), "line")) : []),
    ...dots.map(({ step, value }) => `<circle class="dot" cx="${place(x(step))}" cy="${place(y(value))}" r="3.5"/>`),
    ...places(known, x, y),
    "</svg>",
  ].join("");
}

/** Runs of points that are finite, each without a gap. */
function connected(points: readonly Point[]): readonly (readonly Known[])[] {
  const runs: Known[][] = [[]];
  for (const { step, value } of points) {
    if (value !== null && Number.isFinite(value)) runs.at(-1)?.push({ step, value });
    else if (runs.at(-1)?.length !== 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

/** From the first step of the run to the last point; ticks stand within. */
function stepScale(known: readonly Known[]): Scale {
  const steps = known.map(({ step }) => step);
  const first = steps[0] as number;
  const last = steps.at(-1) as number;
  if (first === last) return { ticks: [first], place: () => 0.5 };
  const from = first <= 0.5 * last ? 0 : first;
  const ticks = linearScale([from, last], { count: 6 }).ticks.filter((tick) => tick >= from && tick <= last && Number.isInteger(tick));
  return { ticks, place: (step) => (step - from) / (last - from) };
}

function spansDecades(values: readonly number[]): boolean {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low > 0 && high / low > 100;
}

/** Of every group of neighbours the smallest and the largest, in their order, so that no peak is lost. */
function thinned(run: readonly Known[]): readonly Known[] {
  if (run.length <= MOST_POINTS) return run;
  const size = Math.ceil((2 * run.length) / MOST_POINTS);
  const kept: Known[] = [];
  for (let from = 0; from < run.length; from += size) {
    const group = run.slice(from, from + size);
    const low = group.reduce((a, b) => (b.value < a.value ? b : a));
    const high = group.reduce((a, b) => (b.value > a.value ? b : a));
    kept.push(...(low === high ? [low] : low.step < high.step ? [low, high] : [high, low]));
  }
  return kept;
}

/** The mean over as many points before as after, at most a twenty-fifth of the run in all, so that the curve neither lags nor is cut short. */
function smooth(run: readonly Known[]): readonly Known[] {
  const most = Math.max(2, Math.round(run.length / 50));
  const sums = [0];
  for (const { value } of run) sums.push((sums.at(-1) as number) + value);
  return run.map(({ step }, at) => {
    const reach = Math.min(most, at, run.length - 1 - at);
    return { step, value: ((sums[at + reach + 1] as number) - (sums[at - reach] as number)) / (2 * reach + 1) };
  });
}

/** Strips that show their value while the pointer is over them. */
function places(known: readonly Known[], x: (step: number) => number, y: (value: number) => number): readonly string[] {
  const every = Math.max(1, Math.ceil(known.length / MOST_PLACES));
  const shown = known.filter((_, at) => at % every === 0 || at === known.length - 1);
  return shown.map(({ step, value }, at) => {
    const here = x(step);
    const from = at === 0 ? LEFT : (x(shown[at - 1]?.step as number) + here) / 2;
    const to = at === shown.length - 1 ? WIDTH - RIGHT : (x(shown[at + 1]?.step as number) + here) / 2;
    const right = here > WIDTH / 2;
    return `<g class="at"><rect x="${place(from)}" y="${TOP}" width="${place(Math.max(1, to - from))}" height="${HEIGHT - TOP - BOTTOM}"/><line x1="${place(here)}" x2="${place(here)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><circle cx="${place(here)}" cy="${place(y(value))}" r="3.5"/><text x="${place(here + (right ? -8 : 8))}" y="${TOP + 10}" text-anchor="${right ? "end" : "start"}">step ${step.toLocaleString("en-US")}: ${figure(value)}</text></g>`;
  });
}

const axisText = (value: number): string => (Math.abs(value) >= 100_000 ? short(value) : figure(value));
const place = (value: number): string => String(Math.round(value * 10) / 10);
