/** Where ways end at boxes: those that come to one side of a box arrive one above the other, in the order in which they cross least. */
import type { Box, Wire } from "./layout.ts";

/** A way whose end, if it is not straight up, is one step along the side of the box `to`. */
export interface Arriving extends Wire {
  readonly to: number;
  /** The label stands where the way ends. */
  readonly labelsEnd?: boolean;
}

/** Between two on one side, where the box is high enough. */
const PITCH = 14;
/** Above the uppermost and below the lowest. */
const ROOM = 6;

export function spread(wires: readonly Arriving[], boxes: readonly Box[]): readonly Wire[] {
  const bySide = new Map<string, Arriving[]>();
  for (const wire of wires) {
    const side = `${wire.to} ${fromSide(wire.points)}`;
    if (fromSide(wire.points) !== 0) bySide.set(side, [...(bySide.get(side) ?? []), wire]);
  }
  const offsets = new Map([...bySide.values()].flatMap((group): (readonly [Arriving, number])[] => {
    const height = boxes[group[0]?.to ?? 0]?.height ?? 0;
    const pitch = Math.min(PITCH, (height - 2 * ROOM) / Math.max(1, group.length - 1));
    return crossingLeast(group).map((wire, at) => [wire, pitch * (at - (group.length - 1) / 2)]);
  }));
  return wires.map((wire): Wire => {
    const offset = offsets.get(wire) ?? 0;
    const { points, label } = wire;
    const moved = points.map(([x, y], at) => [x, at >= points.length - 2 ? y + offset : y] as const);
    return { points: offset === 0 ? points : moved, ...(label === undefined ? {} : { label: wire.labelsEnd === true ? { ...label, y: label.y + offset } : label }) };
  });
}

/** -1 from the left, 1 from the right, 0 from below. */
function fromSide(points: Wire["points"]): number {
  const [corner, end] = points.slice(-2);
  return corner === undefined || end === undefined ? 0 : Math.sign(corner[0] - end[0]);
}

/** From the top down: of those from above the nearest first, of those from below the nearest last. */
function crossingLeast(wires: readonly Arriving[]): readonly Arriving[] {
  const distance = ({ points }: Arriving): number => Math.abs((points.at(-2)?.[0] ?? 0) - (points.at(-1)?.[0] ?? 0));
  const isAbove = ({ points }: Arriving): boolean => (points.at(-3)?.[1] ?? 0) < (points.at(-2)?.[1] ?? 0);
  const sorted = wires.toSorted((a, b) => distance(a) - distance(b));
  return [...sorted.filter(isAbove), ...sorted.filter((wire) => !isAbove(wire)).reverse()];
}
