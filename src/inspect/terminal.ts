/** A value on a terminal: its numbers, and shades with the tokens along the sides. */
import { figure } from "../report/text.ts";
import type { Plane } from "./plane.ts";
import { elementCount } from "../../runtime/size.ts";

/** Numbers that are all printed; of more, the beginning and the end of each axis. */
const WHOLE = 64;
const EDGE = 3;

/** Tensors in brackets, row by row; long axes elided. */
export function numbersText(shape: readonly number[], data: ArrayLike<number>): string {
  if (shape.length === 0) return figure(data[0] ?? Number.NaN);
  const elides = data.length > WHOLE;
  const part = (axis: number, from: number): string => {
    const size = shape[axis]!;
    const stride = elementCount(shape.slice(axis + 1));
    const one = (at: number): string => (axis === shape.length - 1 ? figure(data[from + at]!) : part(axis + 1, from + at * stride));
    const shown = elides && size > 2 * EDGE ? [...Array.from({ length: EDGE }, (_, at) => one(at)), "…", ...Array.from({ length: EDGE }, (_, at) => one(size - EDGE + at))] : Array.from({ length: size }, (_, at) => one(at));
    const rank = shape.length - axis;
    return `[${shown.join(rank === 1 ? " " : `${"\n".repeat(Math.min(2, rank - 1))}${" ".repeat(axis + 1)}`)}]`;
  };
  return part(0, 0);
}

const SHADES = [" ", "░", "▒", "▓", "█"] as const;
/** Characters of a label at a column. */
const TALLEST = 12;
const WIDEST = 24;

export interface ShadeOptions {
  readonly columns: number;
  readonly color: boolean;
}

/** Lines with two characters for each number: shades from the smallest to the largest, in colour negative ones blue and positive ones red. */
export function shadesText(plane: Plane, { columns: width, color }: ShadeOptions): readonly string[] {
  if (plane.rows * plane.columns === 0) return [];
  const labels = plane.rowLabels?.map((label) => cut(label, WIDEST)) ?? (plane.rows > 1 ? Array.from({ length: plane.rows }, (_, at) => String(at)) : [""]);
  const margin = Math.max(...labels.map(length));
  const most = Math.max(4, Math.floor((width - margin - 3) / 2));
  const small = pooled(plane, Math.min(plane.rows, plane.rowLabels === undefined ? 64 : 160), Math.min(plane.columns, most));
  const [low, high] = range(small.data);
  const cell = (value: number): string => (color ? coloured(value, low, high) : shade(value, low, high).repeat(2));
  const sameRows = small.rows === plane.rows;
  const lines = small.columns === plane.columns && plane.columnLabels !== undefined ? above(plane.columnLabels, margin) : [];
  for (let r = 0; r < small.rows; r++) {
    const label = sameRows ? labels[r]! : "";
    lines.push(`${" ".repeat(margin - length(label))}${label} │${Array.from({ length: small.columns }, (_, c) => cell(small.data[r * small.columns + c]!)).join("")}│`);
  }
  const pool = sameRows && small.columns === plane.columns ? "" : `; each mark is the mean of up to ${Math.ceil(plane.rows / small.rows)} × ${Math.ceil(plane.columns / small.columns)}`;
  return [...lines, `${" ".repeat(margin)}  ${color ? "" : `${SHADES[1]} to ${SHADES.at(-1)!}: `}${figure(low)} to ${figure(high)}${pool}`];
}

/** The labels from top to bottom, each above its column. */
function above(labels: readonly string[], margin: number): string[] {
  const cells = labels.map((label) => [...cut(label, TALLEST)]);
  const tall = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: tall }, (_, line) => `${" ".repeat(margin + 2)}${cells.map((cell) => (cell[line - (tall - cell.length)] ?? " ").padEnd(2)).join("")}`.trimEnd());
}

function shade(value: number, low: number, high: number): string {
  if (!Number.isFinite(value)) return "?";
  return SHADES[Math.min(SHADES.length - 1, Math.floor(((value - low) / (high - low || 1)) * SHADES.length))]!;
}

function coloured(value: number, low: number, high: number): string {
  if (!Number.isFinite(value)) return "??";
  const [r, g, b] = colourOf(value, low, high);
  return `\u001b[48;2;${r};${g};${b}m  \u001b[0m`;
}

/** White to blue for numbers of one sign; blue by white to red where there are both. */
export function colourOf(value: number, low: number, high: number): readonly [number, number, number] {
  if (low >= 0) return between(high === low ? (high === 0 ? 0 : 1) : (value - Math.min(low, 0)) / (high - Math.min(low, 0)), [247, 251, 255], [8, 48, 107]);
  const most = Math.max(-low, high);
  return value < 0 ? between(-value / most, [250, 250, 250], [33, 102, 172]) : between(value / most, [250, 250, 250], [178, 24, 43]);
}

function between(part: number, from: readonly [number, number, number], to: readonly [number, number, number]): readonly [number, number, number] {
  const mix = (k: 0 | 1 | 2): number => Math.round(from[k] + (to[k] - from[k]) * Math.min(1, Math.max(0, part)));
  return [mix(0), mix(1), mix(2)];
}

/** Of the finite numbers. */
export function range(data: ArrayLike<number>): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < data.length; at++) if (Number.isFinite(data[at]!)) [low, high] = [Math.min(low, data[at]!), Math.max(high, data[at]!)];
  return low > high ? [0, 0] : [low, high];
}

/** With at most so many rows and columns, each the mean of its block. */
function pooled(plane: Plane, rows: number, columns: number): Plane {
  if (rows === plane.rows && columns === plane.columns) return plane;
  const sums = new Float64Array(rows * columns), counts = new Float64Array(rows * columns);
  for (let r = 0; r < plane.rows; r++) {
    for (let c = 0; c < plane.columns; c++) {
      const at = Math.floor((r * rows) / plane.rows) * columns + Math.floor((c * columns) / plane.columns);
      sums[at] = sums[at]! + plane.data[r * plane.columns + c]!;
      counts[at] = counts[at]! + 1;
    }
  }
  return { title: plane.title, rows, columns, data: sums.map((sum, at) => sum / counts[at]!) };
}

function cut(label: string, most: number): string {
  const characters = [...label];
  return characters.length <= most ? label : `${characters.slice(0, most - 1).join("")}…`;
}

const length = (text: string): number => [...text].length;
