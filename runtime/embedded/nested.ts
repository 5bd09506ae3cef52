/** A tensor that is written as arrays within arrays: its elements row by row, and its length along each axis. */
import type { Elements } from "../feed.ts";
import type { ElementType, Input } from "../program.ts";
import { fieldElement, fieldRagged, fieldRank } from "./errors.ts";

/** A tensor as a caller writes it: packed in one typed array, or nested, an array per axis, of which the innermost may be typed. */
export type Given = number | boolean | Elements | readonly Given[];

export interface Flattened {
  /** Row-major. */
  readonly data: Elements;
  /** Of the first axes alone where an array is empty: it has no rows to tell how deep it would be. */
  readonly extents: readonly number[];
}

/** Throws a TfmError where it is not nested as deep as the input has axes, where rows differ in length and where an element is not of the input's type. */
export function flattened(input: Input, value: Given): Flattened {
  const rank = input.shape.length;
  const elements: number[] = [];
  const extents: number[] = [];
  /** Of what is visited, an index for each axis. */
  const place: number[] = [];
  const visit = (part: unknown, axis: number): void => {
    if (!isArray(part)) {
      const element = elementOf(input, part, place);
      if (axis < rank) throw fieldRank(input, "a number", place);
      elements.push(element);
      return;
    }
    if (axis === rank) throw fieldRank(input, "an array", place);
    const length = (extents[axis] ??= part.length);
    if (part.length !== length) throw fieldRagged(input.name, [length, part.length]);
    for (let index = 0; index < length; index++) {
      place[axis] = index;
      visit(part[index], axis + 1);
    }
    place.length = axis;
  };
  visit(value, 0);
  return { data: packed(input.type, elements), extents };
}

/** Throws a TfmError where an integer of a packed array is none of the input's: signed and unsigned arrays serve as each other. */
export function checkElements(input: Input, value: Elements): void {
  if (input.type !== "f32") value.forEach((element, at) => elementOf(input, element, [at]));
}

/** Whether it is packed: one typed array. */
export function isElements(value: unknown): value is Elements {
  // A DataView has bytes and no elements.
  return ArrayBuffer.isView(value) && "length" in value;
}

function isArray(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || isElements(value);
}

function elementOf({ name, type }: Input, value: unknown, place: readonly number[]): number {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number") throw fieldElement(name, "numbers", value, place);
  if (type === "f32") return number;
  // An integer array would cut the number off, or take it modulo 2^32.
  const [least, most] = INTEGERS[type];
  if (!Number.isInteger(number)) throw fieldElement(name, "whole numbers", value, place);
  if (number < least || number > most) throw fieldElement(name, `whole numbers from ${least} to ${most}`, value, place);
  return number;
}

const INTEGERS = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

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
