import { largest } from "../largest.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { noExamples, sequenceOverLimit } from "./errors.ts";
import type { EncodeOptions, Examples, Overlong } from "./examples.ts";
import { DEFAULT_LIMIT, fittingRows, given } from "./examples.ts";
import { listBatches } from "./list.ts";

/** A field of a table, and what stands in its column. */
export interface Column {
  readonly name: string;
  readonly type: "f32" | "i32" | "bool";
  /** Of what stands in a row: a number, or for at most one of them the name of a size, such as T, which every row has of its own. */
  readonly extents: readonly (number | string)[];
  /** Texts become ids: start, the text's, end. */
  readonly isText: boolean;
}

export interface TableRow {
  /** In its file, from 1. */
  readonly line: number;
  /** For each column its text, or its numbers, row-major. */
  readonly cells: readonly (string | readonly number[])[];
}

/**
 * The rows of a table. Each column is a field [B, …extents]; in a batch a size that rows have of their own is that of the longest, and
 * what the others lack is 0, of texts `pad`.
 */
export function tableExamples(columns: readonly Column[], rows: readonly TableRow[]): Examples {
  const hasTexts = columns.some(({ isText }) => isText);
  // What fits is asked before batches are made, and phases make their own: a tokenizer goes over the texts once.
  const known = new WeakMap<Tokenizer, readonly Encoded[]>();
  const numbersBy = (tokenizer: Tokenizer | undefined): readonly Encoded[] => {
    if (!hasTexts) return rows as readonly Encoded[];
    const found = known.get(given(tokenizer)) ?? rows.map((row) => encodedRow(row, given(tokenizer)));
    known.set(given(tokenizer), found);
    return found;
  };
  const overlongAt = (tokenizer: Tokenizer | undefined, limit: number | undefined) => {
    const encoded = numbersBy(tokenizer);
    return (at: number, line: number): Overlong | undefined => overlongOf(columns, encoded[at]!, line, limit);
  };
  const examples: Examples = {
    count: rows.length,
    unit: "rows",
    ...(hasTexts && { text: { lines: () => rows.flatMap(({ cells }) => cells.filter((cell) => typeof cell === "string")), spacing: "free", specials: [] } }),
    fitting({ tokenizer, limit }) {
      const overlong = overlongAt(tokenizer, limit);
      return fittingRows(rows, examples, (_, line, at) => overlong(at, line), (some) => tableExamples(columns, some));
    },
    encode(options) {
      if (rows.length === 0) throw noExamples("rows");
      const overlong = overlongAt(options.tokenizer, options.limit);
      for (const [at, { line }] of rows.entries()) {
        const found = overlong(at, line);
        if (found !== undefined) throw sequenceOverLimit(found);
      }
      return tableBatches(columns, numbersBy(options.tokenizer), options);
    },
  };
  return examples;
}

/** A row of numbers alone. */
interface Encoded {
  readonly cells: readonly (readonly number[])[];
}

function encodedRow({ cells }: TableRow, tokenizer: Tokenizer): Encoded {
  return { cells: cells.map((cell) => (typeof cell === "string" ? [tokenizer.start, ...tokenizer.encode(cell), tokenizer.end] : cell)) };
}

function tableBatches(columns: readonly Column[], rows: readonly Encoded[], { batch, seed, tokenizer }: EncodeOptions): ReturnType<typeof listBatches> {
  const lengths = rows.map((row) => largest(columns.keys(), (at) => lengthOf(columns[at]!, row.cells[at]!) ?? 0));
  return listBatches(lengths, {
    batch,
    seed,
    bounds: sizesOf(columns, rows),
    assemble: (picked) => {
      const some = picked.map((at) => rows[at]!);
      const sizes = sizesOf(columns, some);
      const fields = Object.fromEntries(columns.map((column, at) => [column.name, fieldOf(column, some.map(({ cells }) => cells[at]!), sizes, column.isText ? given(tokenizer).pad : 0)]));
      return { sizes: { B: some.length, ...sizes }, fields, tokens: some.length };
    },
  });
}

/** The longest of each size that rows have of their own, at least 1. */
function sizesOf(columns: readonly Column[], rows: readonly Encoded[]): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const [at, column] of columns.entries()) {
    const name = column.extents.find((extent) => typeof extent === "string");
    if (name !== undefined) sizes[name] = Math.max(sizes[name] ?? 1, largest(rows, ({ cells }) => lengthOf(column, cells[at]!) ?? 0));
  }
  return sizes;
}

/** Along the size that rows have of their own; undefined where there is none. */
export function lengthOf({ extents }: Pick<Column, "extents">, numbers: readonly number[]): number | undefined {
  const fixed = extents.filter((extent) => typeof extent === "number");
  return fixed.length === extents.length ? undefined : numbers.length / product(fixed);
}

export function product(extents: readonly number[]): number {
  return extents.reduce((a, b) => a * b, 1);
}

/** Rows one behind the other, each with its own numbers at the beginning of the axis that it fills in part. */
function fieldOf({ type, extents }: Column, rows: readonly (readonly number[])[], sizes: Readonly<Record<string, number>>, filler: number): Float32Array | Int32Array {
  const widths = extents.map((extent) => (typeof extent === "string" ? sizes[extent]! : extent));
  const axis = extents.findIndex((extent) => typeof extent === "string");
  const blocks = axis < 0 ? 1 : product(widths.slice(0, axis));
  const block = product(widths) / blocks;
  const field = new (type === "f32" ? Float32Array : Int32Array)(rows.length * blocks * block).fill(filler);
  for (const [b, numbers] of rows.entries()) {
    const part = numbers.length / blocks;
    for (let at = 0; at < blocks; at++) field.set(numbers.slice(at * part, (at + 1) * part), (b * blocks + at) * block);
  }
  return field;
}

/** Texts as long as models take where nothing is said, numbers as many as there are. */
function overlongOf(columns: readonly Column[], { cells }: Encoded, line: number, limit: number | undefined): Overlong | undefined {
  for (const [at, column] of columns.entries()) {
    const most = limit ?? (column.isText ? DEFAULT_LIMIT : Infinity);
    const length = lengthOf(column, cells[at]!) ?? 0;
    if (length > most) return { line, side: column.name, tokens: length, limit: most, ...(!column.isText && { unit: "places" }) };
  }
  return undefined;
}
