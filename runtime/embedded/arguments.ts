/** From the arguments of a call, nested or packed, to a feed: the sizes that the caller leaves out follow from the lengths. */
import { missingField, unknownName } from "../errors.ts";
import { checkArray, checkCount, checkField, checkSizes, entrySizes } from "../feed.ts";
import type { Elements, Feed } from "../feed.ts";
import type { Entry, Input } from "../program.ts";
import { elementCount, evaluateShape, evaluateSize, sizeNames } from "../size.ts";
import type { Size, Sizes } from "../size.ts";
import { fieldShape, inputsType, lengthFitsNoSize, optionValue, sizeNotInferred } from "./errors.ts";
import { checkElements, flattened, isElements } from "./nested.ts";
import type { Given } from "./nested.ts";

/** All is copied: the caller may change what it handed in. Throws a TfmError where the arguments do not fit the entry: names, lengths, values, requirements. */
export function feedOf(entry: Entry, inputs: Readonly<Record<string, Given>>, sizes: Sizes): Feed {
  if (typeof inputs !== "object" || (inputs as unknown) === null) throw inputsType(entry.name, inputs);
  if (typeof sizes !== "object" || (sizes as unknown) === null) throw optionValue(`${entry.name}()`, "sizes", "an object", sizes);
  const names = entrySizes(entry);
  const known: Record<string, number> = Object.fromEntries(Object.entries(sizes).filter(([, size]) => (size as number | undefined) !== undefined));
  for (const name of Object.keys(sizes)) if (!names.includes(name)) throw unknownName("size", name, names);
  for (const [name, size] of Object.entries(known)) checkCount(name, size);
  for (const name of Object.keys(inputs)) if (!entry.inputs.some((input) => input.name === name)) throw unknownName("input", name, entry.inputs.map((input) => input.name));
  const fields = entry.inputs.map((input): Field => {
    // Own only: a caller's object inherits names such as `constructor`.
    const value = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
    if (value === undefined) throw missingField(entry.name, input.name);
    return fieldOf(input, value);
  });
  infer(fields, known);
  for (const name of names) if (known[name] === undefined) throw sizeNotInferred(entry.name, name);
  for (const { input, extents } of fields) {
    if (extents === undefined) continue;
    const wanted = evaluateShape(input.shape, known).slice(0, extents.length);
    if (wanted.some((size, axis) => size !== extents[axis])) throw fieldShape(input, wanted, extents);
  }
  checkSizes(entry, names, known, known);
  return { sizes: known, fields: Object.fromEntries(fields.map(({ input, data }) => [input.name, checkField(entry, input, data, known)])) };
}

interface Field {
  readonly input: Input;
  /** Row-major. */
  readonly data: Elements;
  /** Of the first axes, where the nesting tells: a packed array of a matrix has only a length, an empty array no rows. */
  readonly extents?: readonly number[];
}

function fieldOf(input: Input, value: Given): Field {
  if (!isElements(value)) return { input, ...flattened(input, value) };
  checkArray(input, value);
  // What has a range is checked for it, element by element, with the sizes.
  if (input.range === undefined) checkElements(input, value);
  return { input, data: value.slice(), ...(input.shape.length === 1 && { extents: [value.length] }) };
}

/** Adds to `known` what follows, until nothing more does: an axis or a length with one unknown size gives that size. */
function infer(fields: readonly Field[], known: Record<string, number>): void {
  for (let before = -1; before !== Object.keys(known).length; ) {
    before = Object.keys(known).length;
    for (const { input, data, extents } of fields) {
      if (extents !== undefined) extents.forEach((extent, axis) => solve(input, input.shape[axis] as Size, extent, known, extent));
      else inferFromLength(input, data.length, known);
    }
  }
}

function inferFromLength(input: Input, length: number, known: Record<string, number>): void {
  const isOpen = (size: Size): boolean => sizeNames(size).some((name) => known[name] === undefined);
  const [axis, ...others] = input.shape.filter(isOpen);
  if (axis === undefined || others.length > 0) return;
  const rest = elementCount(evaluateShape(input.shape.filter((size) => !isOpen(size)), known));
  // Nothing follows from the length of an empty tensor.
  if (rest > 0) solve(input, axis, length / rest, known, length);
}

/** The one unknown size of `size`, where it occurs linearly, such that the whole is `extent`; `length` is what was given of it. */
function solve(input: Input, size: Size, extent: number, known: Record<string, number>, length: number): void {
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
  if (!Number.isInteger(value) || value < 0) throw lengthFitsNoSize(input, length, name);
  known[name] = value;
}
