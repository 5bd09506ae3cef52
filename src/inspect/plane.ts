/** A value as tables of numbers, two axes at a time: the last two, after slices; those before them side by side. */
import type { Elements } from "../../runtime/index.ts";
import { stridesOf } from "../../runtime/size.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Observation } from "./inspect.ts";

export interface Plane {
  /** "[2]": where on the axes before the last two. */
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
  readonly rowLabels?: readonly string[];
  readonly columnLabels?: readonly string[];
  /** Sizes of the two axes as the model writes them. */
  readonly sizes?: readonly [rows: string, columns: string];
}

/** At each axis from the left an index, or undefined for all of it. */
export type Slices = readonly (number | undefined)[];

/** "0,2" or "_,0". */
export function parseSlices(text: string): Slices {
  return text.split(",").map((part) => {
    const trimmed = part.trim();
    if (trimmed === "_" || trimmed === ":") return undefined;
    if (/^\d+$/.test(trimmed)) return Number(trimmed);
    throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--slice takes indices of the first axes, with _ for all of an axis; it is ${text}`, remedy: "such as --slice 0,2 or --slice _,0" });
  });
}

/** The value at these indices, without their axes. What is left of the batch is meant: all examples stay. */
export function sliced(observation: Observation, slices: Slices): Observation {
  const { name, shape, axes, data } = observation;
  checkSlices(name, shape, slices);
  const row = slices.find((index, at) => index !== undefined && axes[at]!.batch) ?? 0;
  const left = shape.flatMap((_, at) => (slices[at] === undefined ? [at] : []));
  const strides = stridesOf(shape);
  const origin = slices.reduce<number>((sum, index, at) => sum + (index ?? 0) * strides[at]!, 0);
  const kept = places(left.map((axis) => shape[axis]!)).map((place) => data[place.reduce((sum, index, k) => sum + index * strides[left[k]!]!, origin)]!);
  const labelled = left.map((at) => { const { size, labels } = axes[at]!; return { size, batch: false, ...(labels === undefined ? {} : { labels: [labels[row] ?? labels[0] ?? []] }) }; });
  return { ...observation, name: `${name}[${shape.map((_, at) => slices[at] ?? "_").join(", ")}]`, shape: left.map((at) => shape[at]!), axes: labelled, data: Float32Array.from(kept) };
}

/** The first example alone, where there are further axes. */
export function firstExample(observation: Observation): Observation {
  const { shape, axes, name } = observation;
  const isBatch = axes.map(({ batch }, at) => batch && shape[at]! > 0);
  if (shape.length < 2 || !isBatch.includes(true)) return observation;
  return { ...sliced(observation, isBatch.map((batch) => (batch ? 0 : undefined))), name };
}

/** The last two axes as tables, for each place on those before. */
export function planesOf({ shape, axes, data }: Observation): readonly Plane[] {
  const [rowAxis, columnAxis] = shape.length >= 2 ? [axes.at(-2)!, axes.at(-1)!] : [undefined, axes[0]];
  const rows = shape.at(-2) ?? 1, columns = shape.at(-1) ?? 1;
  const [rowLabels, columnLabels] = [rowAxis?.labels?.[0], columnAxis?.labels?.[0]];
  return places(shape.slice(0, -2)).map((place, at): Plane => ({
    title: place.length === 0 ? "" : `[${place.join(", ")}]`,
    rows,
    columns,
    data: Float64Array.from(data.slice(at * rows * columns, (at + 1) * rows * columns)),
    sizes: [rowAxis?.size ?? "", columnAxis?.size ?? ""],
    ...(rowLabels && { rowLabels }),
    ...(columnLabels && { columnLabels }),
  }));
}

/** Values with one axis of the same size, such as those of several layers, as the rows of one; undefined where they are others. */
export function stacked(observations: readonly Observation[]): Plane | undefined {
  const [first] = observations;
  const [columns] = first?.shape ?? [];
  if (first === undefined || columns === undefined || observations.length < 2 || observations.some(({ shape }) => shape.length !== 1 || shape[0] !== columns)) return undefined;
  const labels = first.axes[0]!.labels?.[0];
  const data = Float64Array.from(observations.flatMap((one) => Array.from(one.data)));
  return { title: "", rows: observations.length, columns, data, rowLabels: observations.map(({ name }) => name), columnLabels: labels ?? Array.from({ length: columns }, (_, at) => String(at)) };
}

/** Of values whose last axis has one or three colours, which are averaged. */
export function withoutColours(observation: Observation): Observation {
  const { shape, axes, data } = observation;
  const colours = shape.at(-1);
  if (shape.length < 3 || (colours !== 1 && colours !== 3)) return observation;
  const grey = Float32Array.from({ length: data.length / colours }, (_, at) => Array.from(data.subarray(at * colours, (at + 1) * colours)).reduce((sum, value) => sum + value, 0) / colours);
  return { ...observation, shape: shape.slice(0, -1), axes: axes.slice(0, -1), data: grey };
}

/** Their mean, as one. */
export function meanOf(planes: readonly Plane[]): Plane {
  const [first] = planes;
  if (first === undefined || planes.length === 1) return first ?? { title: "", rows: 0, columns: 0, data: new Float64Array() };
  return { ...first, title: `mean of ${planes.length}`, data: first.data.map((_, at) => planes.reduce((sum, { data }) => sum + data[at]!, 0) / planes.length) };
}

/** The cosine of each row with each other, for rows such as positions or tokens. */
export function similarities(plane: Plane): Plane {
  const { rows, columns, data, title, rowLabels } = plane;
  const norms = Array.from({ length: rows }, (_, r) => Math.hypot(...data.subarray(r * columns, (r + 1) * columns)) || 1);
  const made = new Float64Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < rows; b++) {
      let dot = 0;
      for (let i = 0; i < columns; i++) dot += data[a * columns + i]! * data[b * columns + i]!;
      made[a * rows + b] = dot / (norms[a]! * norms[b]!);
    }
  }
  return { title, rows, columns: rows, data: made, ...(rowLabels && { rowLabels, columnLabels: rowLabels }) };
}

/** The rows of a plane as planes of their own, each `width` wide, as they lie in a grid: of position similarities one picture for each position. */
export function rowsAsGrids(plane: Plane, width: number): readonly Plane[] {
  const { rows, columns, data, rowLabels } = plane;
  return Array.from({ length: rows }, (_, r) => ({ title: rowLabels?.[r] ?? "", rows: columns / width, columns: width, data: data.slice(r * columns, (r + 1) * columns) }));
}

/** Rows that are the patches of a picture, each row by row, put together; of several colours their mean. */
export function patchesAsPicture(plane: Plane): Plane {
  const { rows, columns, data, title } = plane;
  const grid = Math.sqrt(rows);
  const colours = [1, 3, 4].find((count) => Number.isInteger(Math.sqrt(columns / count))) ?? 0;
  const patch = Math.sqrt(columns / colours);
  if (!Number.isInteger(grid) || !Number.isInteger(patch)) {
    throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `${rows} rows of ${columns} numbers are not the patches of a square picture`, remedy: "--as patches takes values such as [49, 16]" });
  }
  const side = grid * patch;
  const made = Float64Array.from({ length: side * side }, (_, at) => {
    const [r, c] = [Math.floor(at / side), at % side];
    const from = (Math.floor(r / patch) * grid + Math.floor(c / patch)) * columns + ((r % patch) * patch + (c % patch)) * colours;
    return data.subarray(from, from + colours).reduce((sum, value) => sum + value, 0) / colours;
  });
  return { title, rows: side, columns: side, data: made };
}

export interface Statistics {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** Of the population. */
  readonly std: number;
  readonly zeros: number;
  readonly nans: number;
  readonly infinities: number;
}

/** Min, mean, max and deviation are those of the finite numbers. */
export function statisticsOf(data: Elements): Statistics {
  let [min, max, sum, squares, zeros, nans, infinities] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0];
  for (const value of data) {
    if (Number.isNaN(value)) nans++;
    else if (!Number.isFinite(value)) infinities++;
    else {
      [min, max] = [Math.min(min, value), Math.max(max, value)];
      sum += value;
      if (value === 0) zeros++;
    }
  }
  const finite = data.length - nans - infinities;
  const mean = sum / finite;
  for (const value of data) if (Number.isFinite(value)) squares += (value - mean) ** 2;
  return { count: data.length, min: finite === 0 ? Number.NaN : min, mean, max: finite === 0 ? Number.NaN : max, std: Math.sqrt(squares / finite), zeros, nans, infinities };
}

function places(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>((all, size) => all.flatMap((place) => Array.from({ length: size }, (_, at) => [...place, at])), [[]]);
}

function checkSlices(name: string, shape: readonly number[], slices: Slices): void {
  const outside = slices.findIndex((index, at) => index !== undefined && index >= (shape[at] ?? 0));
  if (slices.length <= shape.length && outside < 0) return;
  throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `${name} has shape [${shape.join(", ")}], which --slice ${slices.map((index) => index ?? "_").join(",")} does not fit`, remedy: "give at most as many indices as there are axes, each below its size" });
}
