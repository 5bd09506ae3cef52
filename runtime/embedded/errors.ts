import { TfmError } from "../errors.ts";
import type { Input } from "../program.ts";
import { shown } from "../shown.ts";
import type { Size } from "../size.ts";

export function unreachable(what: string, address: string, cause: string): TfmError {
  const hint = /^(https?|blob|data):/.test(address) ? "Check the address, and whether its server lets this page read it." : "In Node, read the file and hand in its bytes.";
  return new TfmError("resource-unreachable", 1, `The ${what} could not be fetched from ${address}: ${cause}.`, hint);
}

export function notBytes(what: string, found: string): TfmError {
  return new TfmError("resource-type", 2, `The ${what} must be bytes, a Response or an address; it is ${found}.`);
}

export function tokenizerMissing(): TfmError {
  return new TfmError("tokenizer-missing", 2, "generate() needs the model's tokenizer, which was not given.", "Load it with the weights: load(weights, { tokenizer }).");
}

export function tokenizerDiffers(tokens: number, vocabulary: number): TfmError {
  return new TfmError("tokenizer-of-another-model", 1, `The tokenizer has ${tokens} tokens; the model was compiled for ${vocabulary}.`, "Use the tokenizer.json that was saved with the weights, and a module compiled from the folder of their run: a file alone has the size that it declares.");
}

export function sizeNotInferred(entry: string, name: string): TfmError {
  return new TfmError(
    "size-not-inferred",
    1,
    `${entry}: the size ${name} does not follow from the lengths of the inputs.`,
    `Give it, as in ${entry}(inputs, { ${name}: 1 }), or give the inputs as nested arrays.`,
  );
}

export function lengthFitsNoSize(input: Input, given: number, name: string): TfmError {
  return new TfmError("field-length", 1, `No whole size ${name} gives the field ${input.name} of shape ${shapeText(input)} what it was given: ${given} elements.`);
}

export function fieldShape(input: Input, wanted: readonly number[], found: readonly number[]): TfmError {
  return new TfmError("field-shape", 1, `The field ${input.name} of shape ${shapeText(input)} is [${wanted.join(", ")}] for these sizes; it was given as [${found.join(", ")}].`);
}

export function fieldRank(input: Input, found: string, place: readonly number[]): TfmError {
  const rank = input.shape.length;
  const wanted = rank === 0 ? "a number" : `arrays nested ${rank} deep, or one typed array`;
  return new TfmError("field-shape", 1, `The field ${input.name} of shape ${shapeText(input)} takes ${wanted}; it was given ${found}${placeText(place)}.`);
}

export function fieldRagged(field: string, lengths: readonly [number, number]): TfmError {
  return new TfmError("field-ragged", 1, `The rows of the field ${field} differ in length: ${lengths[0]} and ${lengths[1]}.`, "Pad the shorter rows.");
}

export function fieldElement(field: string, wanted: string, found: unknown, place: readonly number[]): TfmError {
  return new TfmError("field-type", 1, `The field ${field} holds ${wanted}; it was given ${shown(found)}${placeText(place)}.`, isPromise(found) ? "Await it first." : undefined);
}

export function inputsType(entry: string, found: unknown): TfmError {
  return new TfmError("field-type", 1, `${entry}() takes an object with a field for each input; it was given ${shown(found)}.`);
}

export function textsType(found: unknown): TfmError {
  return new TfmError("texts-type", 2, `generate() takes a text, or an array of texts; it was given ${found === undefined || found === null ? "nothing" : shown(found)}.`);
}

/** `call`: "load()" */
export function optionValue(call: string, name: string, wanted: string, found: unknown): TfmError {
  return new TfmError("option-value", 2, `${call}: \`${name}\` must be ${wanted}; it is ${shown(found)}.`, isPromise(found) ? "Await it first." : undefined);
}

function isPromise(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Promise]";
}

/** `[B, T + 1]` */
function shapeText({ shape }: Input): string {
  const factorText = (factor: Size[number]["factors"][number]): string => (typeof factor === "string" ? factor : "…");
  const termText = ({ coefficient, factors }: Size[number]): string =>
    factors.length === 0 ? String(coefficient) : [...(coefficient === 1 ? [] : [String(coefficient)]), ...factors.map(factorText)].join("*");
  return `[${shape.map((size) => size.map(termText).join(" + ") || "0").join(", ")}]`;
}

/** ` at [0, 2]`; of the whole, nothing. */
function placeText(place: readonly number[]): string {
  return place.length === 0 ? "" : ` at [${place.join(", ")}]`;
}
