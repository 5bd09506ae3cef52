/** What stands in a cell, as numbers. */
import type { EntryInput } from "../../compiler/check/model.ts";
import { asNumber } from "../../compiler/dim.ts";
import type { Classes } from "./classes.ts";
import { classOf } from "./classes.ts";
import type { BadRow } from "./rows.ts";
import { bad, shown } from "./rows.ts";

/**
 * All elements of a list, of lists in it one after the other; of a text what stands between spaces and commas, in brackets or not.
 * `isOne`: a text is one element, which may have spaces.
 */
export function elementsOf(value: unknown, isOne = false): readonly unknown[] {
  if (typeof value === "string") return (isOne ? [value.trim()] : value.replace(/[[\]]/g, " ").split(/[\s,]+/)).filter((part) => part !== "");
  const found: unknown[] = [];
  collect(value, found);
  return found;
}

function collect(value: unknown, found: unknown[]): void {
  const list = typeof value === "number" ? undefined : listOf(value);
  if (list !== undefined) for (const part of list) collect(part, found);
  else if (typeof value !== "string") found.push(value);
  else if (value.trim() !== "") found.push(value.trim());
}

/** The lengths of lists in lists, the outermost first; undefined where lists side by side are not of one form. */
export function formOf(value: unknown, count: number): readonly number[] | undefined {
  const list = listOf(value);
  if (list === undefined) return typeof value === "string" ? [count] : [];
  const [first, ...others] = list.map((part) => (typeof part === "string" ? [] : formOf(part, 1)));
  if (list.length > 0 && (first === undefined || others.some((form) => form?.join() !== first.join()))) return undefined;
  return [list.length, ...(first ?? [])];
}

/** Arrays of JSON, and of numbers of one type as Parquet may give them. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[];
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as unknown as ArrayLike<unknown>) : undefined;
}

/** Of 32 bits. */
const LARGEST = 3.4028234663852886e38;

/** An element as its field's type has it, or why it cannot be. `classes`: of a field whose elements may be words. */
export function numberOf(element: unknown, { field: { name, type, range } }: { readonly field: EntryInput }, classes: Classes | undefined): number | BadRow {
  // Nearly all of a large table; none of a NaN.
  if (typeof element === "number" && type === "f32" && Math.abs(element) <= LARGEST) return element;
  const text = typeof element === "object" ? JSON.stringify(element) : String(element);
  if (classes !== undefined) return classOf(text, classes, name);
  const value = element === true || text === "true" ? 1 : element === false || text === "false" ? 0 : isPlainNumber(text) ? Number(text) : Number.NaN;
  if (type === "bool") return value === 0 || value === 1 ? value : bad("data-columns", `\`${name}\` has ${shown(text)}, neither true nor false`, "write true or false, 1 or 0");
  if (!Number.isFinite(value)) return bad("data-columns", `\`${name}\` has ${shown(text)}, which is no number`, "write numbers, with spaces or commas between those of a list");
  if (type === "f32") return Math.abs(value) <= LARGEST ? value : bad("data-columns", `\`${name}\` is ${text}, more than a number of 32 bits holds`, "write numbers below 3.4e38, or scale them");
  if (!Number.isInteger(value) || value !== (value | 0)) return bad("data-columns", `\`${name}\` is ${text} and not a whole number of 32 bits`, "write whole numbers, or declare the field without `index` and `int`");
  const below = range && asNumber(range);
  if (range !== undefined && (value < 0 || value >= (below ?? Infinity))) return bad("label-range", `\`${name}\` is ${value} and not ${below === undefined ? "0 or more" : `from 0 to ${below - 1}`}`, "count from 0, and declare as many as there are");
  return value;
}

/** As JSON and tables write them. */
function isPlainNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}
