/** What a run is fed with, and whether it may be: sizes, requirements, fields and the range of indices. */
import { badSize, fieldLength, fieldType, indexOutOfRange, missingField, missingSize, requirementFails, sizeAboveBound, unknownBound } from "./errors.ts";
import type { ElementType, Entry, Input } from "./program.ts";
import { elementCount, evaluateShape, evaluateSize, sizeNames } from "./size.ts";
import type { Size, Sizes } from "./size.ts";

export type Elements = Float32Array | Int32Array | Uint32Array;

/** An output of an entry: to be read, or to be fed to another entry without leaving the GPU. */
export interface OutputHandle {
  readonly kind: "output";
  readonly entry: string;
  readonly output: string;
}

/** An output as a field; with `rows`, those rows of its first axis, in that order. */
export interface FedOutput {
  readonly from: OutputHandle;
  readonly rows?: readonly number[];
}

export interface Feed {
  readonly sizes: Sizes;
  /** Row-major and packed: a field of shape [B, T] has exactly B · T elements. */
  readonly fields: Readonly<Record<string, Elements | FedOutput>>;
  /** From 1. */
  readonly step?: number;
  /** The micro-batch within the step, from 0. */
  readonly micro?: number;
}

export function isFedOutput(value: Elements | FedOutput): value is FedOutput {
  return "from" in value;
}

/** The names of the sizes that an entry's run depends on. */
export function entrySizes(entry: Entry): readonly string[] {
  const shapes = [...entry.inputs, ...entry.outputs, ...entry.temporaries, ...entry.tables].flatMap(({ shape }) => shape);
  const groups = entry.steps.flatMap((step) => (step.fallbackGroups === undefined ? [step.groups] : [step.groups, step.fallbackGroups]));
  const required = entry.requires.flatMap(({ test }) => (test.kind === "divides" ? [test.divisor, test.size] : [test.size]));
  const rows = entry.indexLists.map((list) => list.rows);
  const counts = (entry.loops ?? []).map((loop) => loop.count);
  return [...new Set([...shapes, ...groups, ...required, ...rows, ...counts].flatMap((size: Size) => sizeNames(size)))];
}

/** The same for several entries. */
export function sizesOfAll(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.flatMap(entrySizes))];
}

/** Throws a TfmError where a bound is missing or no count. */
export function checkBounds(names: readonly string[], bounds: Sizes): void {
  for (const name of names) {
    const bound = bounds[name];
    if (bound === undefined) throw unknownBound(name);
    checkCount(name, bound);
  }
}

/** Throws a TfmError where the size is not a whole number of at least 0. */
export function checkCount(name: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw badSize(name, size);
}

/** Throws a TfmError where the sizes are not within the bounds or break a requirement. */
export function checkSizes(entry: Entry, names: readonly string[], sizes: Sizes, bounds: Sizes): void {
  for (const name of names) {
    const value = sizes[name];
    if (value === undefined) throw missingSize(entry.name, name);
    checkCount(name, value);
    const bound = bounds[name] ?? 0;
    if (value > bound) throw sizeAboveBound(name, value, bound);
  }
  checkRequirements(entry, sizes);
}

/** Throws a TfmError for the first of an entry's requirements that these sizes break. */
export function checkRequirements({ name, requires }: Pick<Entry, "name" | "requires">, sizes: Sizes): void {
  for (const { text, test } of requires) {
    const size = evaluateSize(test.size, sizes);
    const holds = test.kind === "nonnegative" ? size >= 0 : size % evaluateSize(test.divisor, sizes) === 0;
    if (!holds) throw requirementFails(name, text, Object.entries(sizes).map(([of, value]) => `${of} = ${value}`).join(", "), test.kind === "nonnegative" ? limitOf(test.size, sizes) : undefined);
  }
}

/** What `64 - T` says of T, and `T - 1`: of one size alone, however it is written. */
function limitOf(size: Size, sizes: Sizes): string | undefined {
  const [name, another] = sizeNames(size);
  if (name === undefined || another !== undefined) return undefined;
  const short = evaluateSize(size, sizes);
  const at = (value: number): boolean => evaluateSize(size, { [name]: value }) === 0;
  const [most, least] = [sizes[name]! + short, sizes[name]! - short];
  return at(most) ? `${name} may be at most ${most}` : at(least) ? `${name} must be at least ${least}` : undefined;
}

/** Integers of either sign serve as each other: what counts is the range. */
const ARRAYS: Readonly<Record<ElementType, readonly [string, ...string[]]>> = {
  f32: ["Float32Array"],
  i32: ["Int32Array", "Uint32Array"],
  u32: ["Uint32Array", "Int32Array"],
};

/** Throws a TfmError where the array is of another type than the input's elements. */
export function checkArray({ name, type }: Input, value: Elements): void {
  // Not `instanceof`: the array may come from another realm.
  const found = Object.prototype.toString.call(value).slice(8, -1);
  if (!ARRAYS[type].includes(found)) throw fieldType(name, ARRAYS[type][0], found);
}

/** The elements of a field, or a TfmError that says what is wrong with them. */
export function checkField(entry: Entry, input: Input, value: Elements | undefined, sizes: Sizes): Elements {
  if (value === undefined) throw missingField(entry.name, input.name);
  checkArray(input, value);
  const shape = evaluateShape(input.shape, sizes);
  const expected = elementCount(shape);
  if (value.length !== expected) throw fieldLength(input.name, shape, expected, value.length);
  if (input.range !== undefined) checkRange(input.name, shape, value, evaluateSize(input.range, sizes));
  return value;
}

/** Elements must be in [0, range): a gather outside would silently read another row. */
function checkRange(field: string, shape: readonly number[], values: Elements, range: number): void {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value >= 0 && value < range) continue;
    const position: number[] = [];
    let rest = at;
    for (const size of shape.toReversed()) {
      position.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    throw indexOutOfRange(field, position, value, range);
  }
}
