/** Puts what neighbouring lines have in common under each other: the `=`, `:` and `~` of items, the comments behind them. */
import { WIDTH } from "./layout.ts";

/** What stands together on one line of the source: one item or several, or a comment. */
export interface Row {
  lines: string[];
  readonly gap: boolean;
  /** For the lines of one item that may be aligned with its neighbours': the parts, padded but for the last. */
  readonly cells: { readonly family: string; readonly parts: readonly string[] } | undefined;
  comment: string | undefined;
}

/** How much longer the longest first part of aligned lines may be than the shortest. */
const RAGGED: Readonly<Record<string, number>> = { set: 8, fn: 10, method: 10 };

/** Puts the parts of neighbouring lines of one family under each other, unless that would push one beyond the width. */
export function alignCells(rows: readonly Row[], indent: number): void {
  for (let i = 0; i < rows.length; ) {
    const first = rows[i] as Row;
    if (first.cells === undefined) {
      i++;
      continue;
    }
    const ragged = RAGGED[first.cells.family] ?? 40;
    const run = [first];
    let [low, high] = [width(first), width(first)];
    for (let j = i + 1; j < rows.length; j++) {
      const row = rows[j] as Row;
      if (row.gap || row.cells?.family !== first.cells.family) break;
      const w = width(row);
      if (Math.max(high, w) - Math.min(low, w) > ragged || !fitsAligned([...run, row], indent)) break;
      [low, high] = [Math.min(low, w), Math.max(high, w)];
      run.push(row);
    }
    if (fitsAligned(run, indent)) for (const [k, line] of aligned(run, indent).entries()) (run[k] as Row).lines = [line];
    i += run.length;
  }
}

function aligned(run: readonly Row[], indent: number): string[] {
  const count = (run[0]?.cells?.parts.length ?? 1) - 1;
  const columns = Array.from({ length: count }, (_, k) => Math.max(...run.map((row) => row.cells?.parts[k]?.length ?? 0)));
  return run.map((row) => " ".repeat(indent) + (row.cells?.parts ?? []).map((part, k) => part.padEnd(columns[k] ?? 0)).join(""));
}

function fitsAligned(run: readonly Row[], indent: number): boolean {
  return aligned(run, indent).every((line) => line.length <= WIDTH);
}

function width(row: Row): number {
  return row.cells?.parts[0]?.length ?? 0;
}

/** Comments behind neighbouring lines begin in one column, if none is pushed far away. */
export function alignComments(rows: readonly Row[]): void {
  let run: Row[] = [];
  let bare = 0;
  const end = (): void => {
    const column = Math.max(...run.map(lastWidth)) + 2;
    for (const row of run) row.lines = [...row.lines.slice(0, -1), `${(row.lines.at(-1) as string).padEnd(column)}${row.comment}`];
    run = [];
    bare = 0;
  };
  for (const row of rows) {
    const widths = [...run, row].map(lastWidth);
    const apart = row.gap || row.lines.length > 1 || bare > 2 || Math.max(...widths) - Math.min(...widths) > 30;
    if (apart && (row.comment !== undefined || row.gap || row.lines.length > 1)) end();
    if (row.comment === undefined) bare++;
    else {
      run.push(row);
      bare = 0;
      if (row.lines.length > 1) end();
    }
  }
  end();
}

function lastWidth(row: Row): number {
  return row.lines.at(-1)?.length ?? 0;
}
