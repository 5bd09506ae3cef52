/** A source text with the table that turns offsets into lines. Offsets count UTF-16 code units, as JavaScript strings do. */
export interface SourceFile {
  /** As the user named it; printed in messages. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of each line; lineStarts[0] is 0. */
  readonly lineStarts: readonly number[];
}

/** A half-open range of offsets in one file. */
export interface Span {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Lines end with `\n`, `\r\n` or a lone `\r`. */
export function sourceFile(path: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) lineStarts.push(i + 1);
  }
  return { path, text, lineStarts };
}

export function positionAt(file: SourceFile, offset: number): Position {
  let low = 0;
  let high = file.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (file.lineStarts[low] ?? 0) + 1 };
}

/** The text of a line (counted from 1) without its end; empty beyond the last. */
export function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1];
  if (start === undefined) return "";
  return file.text.slice(start, file.lineStarts[line] ?? file.text.length).replace(/[\r\n]+$/, "");
}

export function isWithin(inner: Span, outer: Span): boolean {
  return inner.file === outer.file && outer.start <= inner.start && inner.end <= outer.end;
}

export function spanText(span: Span): string {
  return span.file.text.slice(span.start, span.end);
}

/** From the start of the first to the end of the last; both lie in one file. */
export function spanOver(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: Math.max(first.start, last.end) };
}

/** `model.tfm:31:10`, as messages name a place. */
export function placeOf(span: Span): string {
  const { line, column } = positionAt(span.file, span.start);
  return `${span.file.path}:${line}:${column}`;
}
