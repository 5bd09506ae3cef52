/** From the arguments of a call, nested or packed, to a feed: the sizes that the caller leaves out follow from the lengths. */
import { missingField, unknownName } from "../errors.ts";
import { entrySizes } from "../feed.ts";
import type { Elements, Feed } from "../feed.ts";
import type { ElementType, Entry, Input } from "../program.ts";
import { evaluateSize, sizeNames } from "../size.ts";
import type { Size, Sizes } from "../size.ts";
import { fieldElement, fieldRagged, fieldRank, fieldShape, inputsType, lengthFitsNoSize, sizeNotInferred } from "./errors.ts";

/** A tensor as a caller writes it: packed in one typed array, or nested, an array per axis, of which the innermost may be typed. */
export type Given = number | boolean | Elements | readonly Given[];

/** Throws a TfmError where the arguments do not fit the entry's inputs; whether the values do is checked when they are fed. */
export function feedOf(entry: Entry, inputs: Readonly<Record<string, Given>>, sizes: Sizes): Feed {
  if (typeof inputs !== "object" || (inputs as unknown) === null) throw inputsType(entry.name, String(inputs));
  const names = entrySizes(entry);
  for (const name of Object.keys(sizes)) if (!names.includes(name)) throw unknownName("size", name, names);
  for (const name of Object.keys(inputs)) if (!entry.inputs.some((input) => input.name === name)) throw unknownName("input", name, entry.inputs.map((input) => input.name));
  const fields = entry.inputs.map((input): Field => {
    // Own only: a caller's object inherits names such as `constructor`.
    const value = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
    if (value === undefined) throw missingField(entry.name, input.name);
    return fieldOf(input, value);
  });
  const known: Record<string, number> = Object.fromEntries(Object.entries(sizes).filter(([, size]) => (size as number | undefined) !== undefined));
  infer(fields, known);
  for (const name of names) if (known[name] === undefined) throw sizeNotInferred(entry.name, name);
  for (const { input, extents } of fields) {
    if (extents === undefined) continue;
    const wanted = input.shape.map((size) => evaluateSize(size, known)).slice(0, extents.length);
    if (wanted.some((size, axis) => size !== extents[axis])) throw fieldShape(input.name, shapeText(input), wanted, extents);
  }
  return { sizes: known, fields: Object.fromEntries(fields.map(({ input, data }) => [input.name, data])) };
}

/** The sizes that an input binds when its axes have these extents. */
export function sizesOf(input: Input, extents: readonly number[]): Sizes {
  const known: Record<string, number> = {};
  infer([{ input, data: new Int32Array(), extents }], known);
  return known;
}

interface Field {
  readonly input: Input;
  /** Row-major. */
  readonly data: Elements;
  /** Of the first axes, where the nesting tells: a packed array of a matrix has only a length, an empty array no rows. */
  readonly extents?: readonly number[];
}

function fieldOf(input: Input, value: Given): Field {
  const rank = input.shape.length;
  if (isElements(value)) return rank === 1 ? { input, data: value, extents: [value.length] } : { input, data: value };
  const depth = depthOf(value);
  const extents = extentsOf(input.name, value);
  // An empty array has no rows to tell how deep it would be.
  if (depth !== rank && (depth > rank || !extents.includes(0))) throw fieldRank(input.name, shapeText(input), rank, depth);
  const elements: number[] = [];
  collect(input, value, elements);
  return { input, data: packed(input.type, elements), extents };
}

/** Callers may be JavaScript, and hand over null. */
function isNested(value: Given): value is Elements | readonly Given[] {
  return typeof value === "object" && (value as unknown) !== null;
}

function depthOf(value: Given): number {
  if (!isNested(value)) return 0;
  return isElements(value) ? 1 : 1 + (value.length === 0 ? 0 : depthOf(value[0] as Given));
}

/** The length of every level. Throws where rows differ. */
function extentsOf(field: string, value: Given): readonly number[] {
  if (!isNested(value)) return [];
  if (isElements(value) || value.length === 0) return [value.length];
  const [first, ...rest] = value.map((row) => extentsOf(field, row)) as [readonly number[], ...(readonly number[])[]];
  for (const other of rest) {
    const axis = first.findIndex((size, at) => size !== other[at]);
    if (axis >= 0 || other.length > first.length) throw fieldRagged(field, [first[axis] ?? 0, other[axis] ?? 0]);
  }
  return [value.length, ...first];
}

function collect(input: Input, value: Given, into: number[]): void {
  if (isNested(value)) {
    for (const part of value) collect(input, part as Given, into);
    return;
  }
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number") throw fieldElement(input.name, "numbers", String(value));
  if (input.type !== "f32") checkInteger(input.name, INTEGERS[input.type], number);
  into.push(number);
}

const INTEGERS = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/** An integer array would cut the number off, or take it modulo 2^32. */
function checkInteger(field: string, [least, most]: readonly [number, number], number: number): void {
  if (!Number.isInteger(number)) throw fieldElement(field, "whole numbers", String(number));
  if (number < least || number > most) throw fieldElement(field, `whole numbers from ${least} to ${most}`, String(number));
}

function packed(type: ElementType, elements: readonly number[]): Elements {
  switch (type) {
    case "f32":
      return Float32Array.from(elements);
    case "i32":
      return Int32Array.from(elements);
    case "u32":
      return Uint32Array.from(elements);
    default:
      return type satisfies never;
  }
}

/** Adds to `known` what follows, until nothing more does: an axis or a length with one unknown size gives that size. */
function infer(fields: readonly Field[], known: Record<string, number>): void {
  for (let before = -1; before !== Object.keys(known).length; ) {
    before = Object.keys(known).length;
    for (const { input, data, extents } of fields) {
      if (extents !== undefined) extents.forEach((extent, axis) => solve(input, input.shape[axis] as Size, extent, known));
      else inferFromLength(input, data.length, known);
    }
  }
}

function inferFromLength(input: Input, length: number, known: Record<string, number>): void {
  const isOpen = (size: Size): boolean => sizeNames(size).some((name) => known[name] === undefined);
  const [axis, ...others] = input.shape.filter(isOpen);
  if (axis === undefined || others.length > 0) return;
  const rest = input.shape.filter((size) => !isOpen(size)).reduce((product, size) => product * evaluateSize(size, known), 1);
  // Nothing follows from the length of an empty tensor.
  if (rest > 0) solve(input, axis, length / rest, known);
}

/** The one unknown size of `size`, where it occurs linearly, such that the whole is `extent`. */
function solve(input: Input, size: Size, extent: number, known: Record<string, number>): void {
  const [name, ...others] = sizeNames(size).filter((one) => known[one] === undefined);
  if (name === undefined || others.length > 0) return;
  let slope = 0, constant = 0;
  for (const { coefficient, factors } of size) {
    const count = factors.filter((factor) => factor === name).length;
    const rest = factors.filter((factor) => factor !== name);
    if (count > 1 || rest.some((factor) => typeof factor !== "string" && sizeNames([{ coefficient: 1, factors: [factor] }]).includes(name))) return;
    const value = evaluateSize([{ coefficient, factors: rest }], known);
    if (count === 1) slope += value;
    else constant += value;
  }
  const value = (extent - constant) / slope;
  if (!Number.isInteger(value) || value < 0) throw lengthFitsNoSize(input.name, shapeText(input), extent, name);
  known[name] = value;
}

/** `[B, T + 1]`, for errors. */
function shapeText({ shape }: Input): string {
  const factorText = (factor: Size[number]["factors"][number]): string => (typeof factor === "string" ? factor : "…");
  const termText = ({ coefficient, factors }: Size[number]): string =>
    factors.length === 0 ? String(coefficient) : [...(coefficient === 1 ? [] : [String(coefficient)]), ...factors.map(factorText)].join("*");
  return `[${shape.map((size) => size.map(termText).join(" + ") || "0").join(", ")}]`;
}

function isElements(value: Given): value is Elements {
  return ArrayBuffer.isView(value);
}
