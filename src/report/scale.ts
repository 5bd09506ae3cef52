/** Axes: where values stand, and which of them are written. */

export interface Scale {
  /** From 0 to 1, for values within the axis. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** A linear axis around the values with ticks at round numbers; one that starts at 0 where `zero` is set. */
export function linearScale(values: readonly number[], { zero = false, count = 5 }: { readonly zero?: boolean; readonly count?: number } = {}): Scale {
  let [low, high] = extent(values);
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.1;
    [low, high] = zero ? [Math.min(0, low - room), Math.max(0, high + room)] : [low - room, high + room];
  }
  const step = roundStep((high - low) / count);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Multiples by division keep 0.3 from being 0.30000000000000004.
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => (step < 1 ? (first + at) / Math.round(1 / step) : (first + at) * step));
  const [from, to] = [first * step, last * step];
  return { ticks, place: (value) => (value - from) / (to - from) };
}

/** A logarithmic axis for positive values that span decades, with ticks at powers of ten. */
export function logScale(values: readonly number[]): Scale {
  const [low, high] = extent(values.filter((value) => value > 0));
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-9));
  const every = Math.ceil((to - from) / 6);
  const ticks = Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, at) => Number(`1e${from + at * every}`));
  return { ticks, place: (value) => (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from) };
}

function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? [0, 1] : [low, high];
}

/** 1, 2 or 5 times a power of ten, or 1 over such a number's inverse: the next one at or above `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const times = step / power;
  return (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10) * power;
}
