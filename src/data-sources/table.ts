import type { DataSpec, EntryInput, TableSpec } from "../../compiler/check/model.ts";
import { asName, asNumber } from "../../compiler/dim.ts";
import { lengthOf, product, tableExamples } from "../../runtime/data/index.ts";
import type { Column, TableRow } from "../../runtime/data/index.ts";
import { normalise } from "../../runtime/text/index.ts";
import type { Classes } from "./classes.ts";
import { readByClass } from "./classes.ts";
import { elementsOf, formOf, numberOf } from "./elements.ts";
import type { BadRow, Row } from "./rows.ts";
import { bad, isBad, isPlain, readValues, wellFormed } from "./rows.ts";
import type { Source } from "./source.ts";
import { openedRows } from "./source.ts";

/**
 * A source that the model's file declares itself: a table with a column for each field, by its name. A cell holds a text, a number, or a
 * list of numbers: in JSONL and Parquet a list, in lists where the field has several axes; in TSV and CSV with spaces or commas between.
 * Where one field alone is of classes, these may be words.
 */
export function tableSource({ source, fields }: DataSpec, { texts }: TableSpec): Source {
  const columns = fields.map((field): TableColumn => ({ ...columnOf(field, texts.includes(field.name)), field }));
  const classed = columns.filter(({ field: { range }, isText }) => !isText && range !== undefined && asNumber(range) !== undefined);
  const byClass = classed.length === 1 ? classed[0] : undefined;
  const names = columns.map(({ name }) => name);
  return async (request) => {
    const { path: file, skipBadRows, classes: known } = request;
    const examples = (rows: readonly TableRow[]) => tableExamples(columns, rows);
    const read = (classes?: Classes) => readValues(file, names, skipBadRows, (row) => rowOf(row, columns, byClass, classes));
    if (byClass === undefined) {
      const rows = await read();
      return rows.ok ? openedRows(request, rows.value, examples) : rows;
    }
    const { name, field: { range } } = byClass;
    const rows = await readByClass<TableRow>({
      file, count: asNumber(range!)!, counted: `classes of \`${name}\``, known, read,
      written: (count) => `index(${count}) for \`${name}\` in data ${source}`,
      labels: async () => {
        const at = columns.indexOf(byClass);
        const all = await readValues(file, names, true, ({ values }) => elementsOf(values[at], byClass.extents.length === 0).map(String));
        return all.ok ? all.value.items.flat() : undefined;
      },
    });
    return rows.ok ? openedRows(request, rows.value.rows, examples, rows.value.names) : rows;
  };
}

interface TableColumn extends Column {
  readonly field: EntryInput;
}

function columnOf({ name, type, shape }: EntryInput, isText: boolean): Column {
  return { name, type: type === "f32" || type === "bool" ? type : "i32", extents: shape.slice(1).map((extent) => asNumber(extent) ?? asName(extent)!), isText };
}

function rowOf({ line, values }: Row<unknown>, columns: readonly TableColumn[], byClass: TableColumn | undefined, classes: Classes | undefined): TableRow | BadRow {
  const cells: (string | readonly number[])[] = [];
  const lengths = new Map<string, { readonly length: number; readonly of: string }>();
  for (const [at, column] of columns.entries()) {
    const cell = column.isText ? textOf(values[at], column) : numbersOf(values[at], column, column === byClass ? classes : undefined);
    if (isBad(cell)) return cell;
    cells.push(cell);
    const size = column.extents.find((extent) => typeof extent === "string");
    if (size === undefined || typeof cell === "string") continue;
    const length = lengthOf(column, cell)!;
    const other = lengths.get(size);
    if (other && other.length !== length) return bad("data-columns", `\`${column.name}\` has ${length} along ${size}, \`${other.of}\` ${other.length}`, "give both as many, or declare sizes of other names");
    lengths.set(size, { length, of: column.name });
  }
  return outOfRow(cells, columns, lengths) ?? { line, cells };
}

function textOf(value: unknown, { name }: Column): string | BadRow {
  if (!isPlain(value)) return bad("data-columns", `\`${name}\` is not a text`, "write a text, as the field holds its tokens");
  const text = wellFormed(value);
  return normalise(text) === "" ? bad("data-empty-column", `\`${name}\` is empty`, "fill it in or remove the row") : text;
}

function numbersOf(value: unknown, column: TableColumn, classes: Classes | undefined): readonly number[] | BadRow {
  const { name, extents } = column;
  const elements = elementsOf(value, extents.length === 0);
  const form = formOf(value, elements.length);
  const fits = form === undefined || form.length <= 1 ? fitsFlat(elements.length, extents) : form.length === extents.length && form.every((length, axis) => typeof extents[axis] === "string" || extents[axis] === length);
  if (form === undefined || !fits) return bad("data-columns", `\`${name}\` has ${form === undefined ? "lists of several lengths" : form.length > 1 ? `${form.join(" × ")} numbers` : numbered(elements.length)}`, `give each row ${extents.length === 0 ? "one" : extents.join(" × ")}, as the field is declared`);
  const numbers: number[] = [];
  for (const element of elements) {
    const number = numberOf(element, column, classes);
    if (isBad(number)) return number;
    numbers.push(number);
  }
  return numbers;
}

function numbered(count: number): string {
  return count === 0 ? "no number" : count === 1 ? "one number" : `${count} numbers`;
}

/** A list may be flat where the field has several axes. */
function fitsFlat(count: number, extents: readonly (number | string)[]): boolean {
  const fixed = product(extents.filter((extent) => typeof extent === "number"));
  return extents.some((extent) => typeof extent === "string") ? count % fixed === 0 : count === fixed;
}

/** An index below a size of the row, which it reaches. */
function outOfRow(cells: readonly (string | readonly number[])[], columns: readonly TableColumn[], lengths: ReadonlyMap<string, { readonly length: number }>): BadRow | undefined {
  for (const [at, { name, field: { range } }] of columns.entries()) {
    const size = range && asName(range);
    const below = size === undefined ? undefined : lengths.get(size)?.length;
    const cell = cells[at]!;
    if (below === undefined || typeof cell === "string") continue;
    const wrong = cell.find((number) => number >= below);
    if (wrong !== undefined) return bad("label-range", `\`${name}\` is ${wrong}, and the row has ${below} along ${size}`, "count from 0");
  }
  return undefined;
}
