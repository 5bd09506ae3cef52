/** Above so many, sorting everything is quicker than keeping a list of the best. */
const FEW = 128;

/** Positions of the `count` largest values, largest first, the first of equals before the others; never of -Infinity or NaN. */
export function highest(values: Float32Array, count: number): number[] {
  if (count > FEW) return ranked(values).slice(0, count);
  const best: number[] = [];
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (!(value > Number.NEGATIVE_INFINITY)) continue;
    const least = best.length < count ? Number.NEGATIVE_INFINITY : (values[best[best.length - 1] as number] as number);
    if (value <= least) continue;
    let place = best.length;
    while (place > 0 && (values[best[place - 1] as number] as number) < value) place--;
    best.splice(place, 0, at);
    if (best.length > count) best.pop();
  }
  return best;
}

function ranked(values: Float32Array): number[] {
  return Array.from(values.keys())
    .filter((at) => (values[at] as number) > Number.NEGATIVE_INFINITY)
    .sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
}
