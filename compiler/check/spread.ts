/** The equation for what others write as a broadcast: one of two tensors at each place of the other. */
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { Size } from "./value.ts";

interface Operand {
  readonly span: Span;
  readonly sizes: readonly Size[];
}

/** `y[b,t,i] = x[b,t,i] + bias[i]`; undefined where neither is a part of the other, or one is more than a name. */
export function spreadEquation(operator: string, left: Operand, right: Operand): string | undefined {
  const names = [left, right].map(({ span }) => spanText(span));
  if (!/^[-+*/%]$/.test(operator) || !names.every((name) => /^[a-z_][\w.]*$/.test(name))) return undefined;
  const [whole] = [left.sizes, right.sizes].toSorted((a, b) => b.length - a.length || ones(a) - ones(b));
  const indices = lettersOf(whole!);
  const slots = [left, right].map(({ sizes }) => placesIn(whole!, sizes)?.map((at) => (at === undefined ? "0" : indices[at]!)).join(","));
  if (slots.includes(undefined)) return undefined;
  const made = ["y", "z", "sum_"].find((name) => !names.includes(name))!;
  return `${made}[${indices.join(",")}] = ${names[0]}[${slots[0]}] ${operator} ${names[1]}[${slots[1]}]`;
}

/** Of each axis of a part where it stands in the whole, undefined for an axis of 1: the last axes where they fit, as PyTorch aligns them, else the first that do. */
function placesIn(whole: readonly Size[], part: readonly Size[]): readonly (number | undefined)[] | undefined {
  const fits = (own: Size, at: number): boolean => at < whole.length && dims.equal(own.dim, whole[at]!.dim);
  const shift = whole.length - part.length;
  if (part.every((size, k) => fits(size, k + shift) || isOne(size))) return part.map((size, k) => (fits(size, k + shift) ? k + shift : undefined));
  const places: number[] = [];
  for (const size of part) {
    let at = (places.at(-1) ?? -1) + 1;
    while (at < whole.length && !fits(size, at)) at++;
    if (at === whole.length) return undefined;
    places.push(at);
  }
  return places;
}

const ones = (sizes: readonly Size[]): number => sizes.filter(isOne).length;

function isOne({ dim }: Size): boolean {
  return dims.asNumber(dim) === 1;
}

/** `b` of a size `B`; of a width, whose name is taken, one of `i`, `j`, … */
function lettersOf(sizes: readonly Size[]): readonly string[] {
  const letters: string[] = [];
  for (const { text } of sizes) {
    const own = /^[A-Z]$/.test(text) ? text.toLowerCase() : undefined;
    letters.push(own !== undefined && !letters.includes(own) ? own : ["i", "j", "k", "l", "m", "n"].find((letter) => !letters.includes(letter))!);
  }
  return letters;
}
