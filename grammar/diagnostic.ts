import { lineText, placeOf, positionAt } from "./source.ts";
import type { SourceFile, Span } from "./source.ts";

/** What the user should know about a place in a source file. Phases collect them; nobody prints or throws them. */
export interface Diagnostic {
  /** Stable, kebab-case; `tfmc explain CODE` and tests/errors/CODE.txt belong to it. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** One line, lower case, no full stop. */
  readonly title: string;
  /** Named in the header and, where no label covers it, underlined. */
  readonly span: Span;
  readonly labels: readonly Label[];
  /** Lines printed under the frame. */
  readonly notes: readonly string[];
  readonly fix?: Fix | undefined;
}

/** A text that belongs to a place. `primary: false` underlines with `-` instead of `^`. */
export interface Label {
  readonly span: Span;
  readonly text: string;
  readonly primary?: boolean | undefined;
}

export interface Fix {
  readonly text: string;
  readonly edit?: { readonly span: Span; readonly replacement: string } | undefined;
}

/**
 * The text shown for a diagnostic, without a newline at its end:
 *
 *     error[size-mismatch]: `i` has two sizes
 *        ┌─ model.tfm:14:27
 *     14 │   h[b,t,o] = sum[i] x[b,t,i] * w[i,o]
 *        │                           ^      ^ d*4 = 256, from `w: [d*4, d]` (line 9)
 *        │                           d = 64, from `x: [B, T, d]` (line 12)
 *        = fix: `w` has its axes the other way round; write `w[o,i]`
 *
 * Labels in other files follow in frames of their own.
 */
export function renderDiagnostic(d: Diagnostic, options: { readonly color?: boolean | undefined } = {}): string {
  const paint = options.color === true ? painted : plain;
  const tone = d.severity === "error" ? RED : YELLOW;
  const covered = d.labels.some((l) => l.span.file === d.span.file && l.span.start <= d.span.start && d.span.start <= l.span.end && l.primary !== false);
  const labels: readonly Label[] = covered ? d.labels : [{ span: d.span, text: "" }, ...d.labels];
  const files = [d.span.file, ...labels.map((l) => l.span.file)].filter((f, i, all) => all.indexOf(f) === i);
  const width = String(Math.max(...labels.map((l) => positionAt(l.span.file, l.span.start).line))).length;
  const gutter = " ".repeat(width + 1);

  const out = [paint(tone, `${d.severity}[${d.code}]`) + paint(BOLD, `: ${d.title}`)];
  for (const file of files) {
    const here = labels.filter((l) => l.span.file === file);
    const place = file === d.span.file ? placeOf(d.span) : placeOf((here[0] as Label).span);
    out.push(`${gutter}${paint(BLUE, "┌─")} ${place}`);
    out.push(...frame(file, here, width, tone, paint));
  }
  for (const note of d.notes) out.push(...remark(note, gutter, paint));
  if (d.fix !== undefined) out.push(...remark(`fix: ${d.fix.text}`, gutter, paint));
  return out.map((line) => line.trimEnd()).join("\n");
}

function remark(text: string, gutter: string, paint: Paint): string[] {
  return text.split("\n").map((line, i) => (i === 0 ? `${gutter}${paint(BLUE, "=")} ${line}` : `${gutter}  ${line}`));
}

/** The lines that carry labels, each with its underlines; `·` stands for lines left out. */
function frame(file: SourceFile, labels: readonly Label[], width: number, tone: string, paint: Paint): string[] {
  const byLine = new Map<number, Label[]>();
  for (const label of labels) {
    const { line } = positionAt(file, label.span.start);
    byLine.set(line, [...(byLine.get(line) ?? []), label]);
  }
  const lines = [...byLine.keys()].sort((a, b) => a - b);
  const out: string[] = [];
  for (const [i, line] of lines.entries()) {
    const before = lines[i - 1];
    if (before !== undefined && line > before + 1) out.push(`${" ".repeat(width + 1)}${paint(BLUE, "·")}`);
    const marks = marksOf(file, line, byLine.get(line) ?? []);
    const window = windowOf(expand(lineText(file, line)), marks);
    out.push(`${paint(BLUE, `${String(line).padStart(width)} │`)} ${window.text}`);
    for (const text of underlines(marks.map(window.shift), tone, paint)) out.push(`${" ".repeat(width + 1)}${paint(BLUE, "│")} ${text}`);
  }
  return out;
}

interface Mark {
  readonly from: number;
  readonly to: number;
  readonly sign: "^" | "-";
  readonly text: string;
}

function marksOf(file: SourceFile, line: number, labels: readonly Label[]): Mark[] {
  const text = lineText(file, line);
  const start = file.lineStarts[line - 1] ?? 0;
  const marks = labels.map((label): Mark => {
    const from = columns(text.slice(0, label.span.start - start));
    const to = columns(text.slice(0, Math.min(label.span.end - start, text.length)));
    return { from, to: Math.max(to, from + 1), sign: label.primary === false ? "-" : "^", text: label.text };
  });
  return marks.sort((a, b) => a.from - b.from || a.to - b.to);
}

const WIDEST = 160;

/** The part of a very long line around its first mark. */
function windowOf(text: string, marks: readonly Mark[]): { readonly text: string; readonly shift: (mark: Mark) => Mark } {
  if (text.length <= WIDEST) return { text, shift: (mark) => mark };
  const from = Math.max(0, (marks[0]?.from ?? 0) - WIDEST / 2);
  const left = from > 0 ? "…" : "";
  const by = from - left.length;
  const end = from + WIDEST;
  const shift = (mark: Mark): Mark => ({ ...mark, from: Math.min(mark.from, end) - by, to: Math.min(mark.to, end + 1) - by });
  return { text: left + text.slice(from, end) + (text.length > end ? "…" : ""), shift };
}

/** One row with the marks and the text of the last of them, then one row for each other text, from right to left. */
function underlines(marks: readonly Mark[], tone: string, paint: Paint): string[] {
  const row: string[] = [];
  for (const mark of [...marks].sort((a, b) => (a.sign === b.sign ? 0 : a.sign === "-" ? -1 : 1))) {
    for (let c = mark.from; c < mark.to; c++) row[c] = mark.sign;
  }
  const drawn = Array.from(row, (c) => (c === undefined ? " " : paint(c === "^" ? tone : BLUE, c))).join("");
  const said = marks.filter((mark) => mark.text !== "");
  const last = marks.at(-1);
  const beside = last !== undefined && last.text !== "" && last.to === row.length ? said.pop() : undefined;
  const out = [beside === undefined ? drawn : `${drawn} ${beside.text}`];
  for (let i = said.length - 1; i >= 0; i--) {
    const mark = said[i] as Mark;
    const bars = new Set(said.slice(0, i).map((m) => m.from));
    let pad = "";
    for (let c = 0; c < mark.from; c++) pad += bars.has(c) ? paint(BLUE, "│") : " ";
    out.push(pad + mark.text);
  }
  return out;
}

const TAB = "    ";

/** Tabs as spaces; other control characters as `·`, so that a terminal cannot be driven by a source file. */
function expand(text: string): string {
  return text.replace(/\t/g, TAB).replace(/[\u0000-\u001f\u007f-\u009f]/g, "·").replace(/\ufeff/g, "");
}

/** How many terminal columns a text takes: none for combining marks, two for wide characters. */
function columns(text: string): number {
  let count = 0;
  for (const c of expand(text)) {
    if (/\p{M}|\u200b|\u200d/u.test(c)) continue;
    count += /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(c) ? 2 : 1;
  }
  return count;
}

type Paint = (style: string, text: string) => string;
const RED = "31;1";
const YELLOW = "33;1";
const BLUE = "34";
const BOLD = "1";
const plain: Paint = (_style, text) => text;
const painted: Paint = (style, text) => `\u001b[${style}m${text}\u001b[0m`;
