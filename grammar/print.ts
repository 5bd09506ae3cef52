/**
 * The canonical form of a file: two blanks for each block, at most WIDTH columns, `=`, `:` and `~` of neighbouring lines
 * under each other, comments kept. What the writer decides is kept too: blank lines (one at most), which items share a
 * line with `;`, and whether a short block stands on one line.
 */
import { alignCells, alignComments } from "./align.ts";
import type { Row } from "./align.ts";
import type * as ast from "./ast.ts";
import { WIDTH, flat, layout } from "./layout.ts";
import { parse } from "./parse.ts";
import type { Parsed } from "./parse.ts";
import { printExpr, printType } from "./print-expr.ts";
import { partsOf, signature, simple, targets, values } from "./print-item.ts";
import type { AnyItem, Part, Simple } from "./print-item.ts";
import { positionAt } from "./source.ts";
import type { SourceFile } from "./source.ts";

/** The canonical text of a file; formatting it again changes nothing. The tree must come from a text without mistakes. */
export function format(file: ast.File): string {
  const printer = new Printer(file);
  const lines = printer.region(file.tops, 0, file.source.text.length + 1, undefined, 0).lines;
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** A text with mistakes stays as it is. */
export function formatSource(source: SourceFile): { readonly text: string; readonly diagnostics: Parsed["diagnostics"] } {
  const { ast: file, diagnostics } = parse(source);
  return { text: diagnostics.length === 0 ? format(file) : source.text, diagnostics };
}

interface Region {
  readonly lines: string[];
  /** A comment behind the `{`. */
  readonly opening: string | undefined;
}

class Printer {
  readonly file: ast.File;
  readonly inlined = new Map<ast.Block, string>();

  constructor(file: ast.File) {
    this.file = file;
  }

  /** The items and comments between two offsets. `open` is the line of the `{`. */
  region(items: readonly AnyItem[], start: number, end: number, open: number | undefined, indent: number): Region {
    const rows: Row[] = [];
    const blanks = " ".repeat(indent);
    const comments = this.file.comments.filter((c) => c.span.start >= start && c.span.end <= end && !items.some((item) => within(c, item)));
    let opening: string | undefined;
    let lastLine = open ?? 0;
    let c = 0;
    const commentRow = (comment: ast.Comment): void => {
      const line = this.line(comment.span.start);
      const row = rows.at(-1);
      if (!comment.alone && row !== undefined && line === lastLine && row.comment === undefined) row.comment = comment.text;
      else if (!comment.alone && rows.length === 0 && line === open) opening = comment.text;
      else rows.push({ lines: [blanks + comment.text], gap: rows.length > 0 && line > lastLine + 1, cells: undefined, comment: undefined });
      lastLine = line;
    };
    for (let i = 0; i < items.length; ) {
      const first = items[i] as AnyItem;
      for (; c < comments.length && (comments[c] as ast.Comment).span.start < first.span.start; c++) commentRow(comments[c] as ast.Comment);
      const together = this.together(items, i);
      for (const row of this.rows(together, rows.length > 0 && this.line(first.span.start) > lastLine + 1, indent)) rows.push(row);
      lastLine = this.line((together.at(-1) as AnyItem).span.end - 1);
      i += together.length;
    }
    for (; c < comments.length; c++) commentRow(comments[c] as ast.Comment);
    alignCells(rows, indent);
    alignComments(rows);
    return { lines: rows.flatMap((row) => (row.gap ? ["", ...row.lines] : row.lines)), opening };
  }

  /** The items that begin where the one before ends its line. */
  together(items: readonly AnyItem[], from: number): AnyItem[] {
    const out = [items[from] as AnyItem];
    for (let i = from + 1; i < items.length; i++) {
      const [before, next] = [items[i - 1] as AnyItem, items[i] as AnyItem];
      if (this.line(before.span.end - 1) !== this.line(next.span.start)) break;
      out.push(next);
    }
    return out;
  }

  rows(items: readonly AnyItem[], gap: boolean, indent: number): Row[] {
    const printed = items.map((item) => this.item(item, indent));
    const inner = items.flatMap((item) => this.commentsInside(item)).map((text) => " ".repeat(indent) + text);
    const hoisted = inner.map((text, i): Row => ({ lines: [text], gap: gap && i === 0, cells: undefined, comment: undefined }));
    const joined = printed.map((lines, i) => (i === 0 ? (lines[0] ?? "") : (lines[0] ?? "").trimStart())).join("; ");
    const openGap = gap && hoisted.length === 0;
    if (printed.every((lines) => lines.length === 1) && joined.length <= WIDTH) {
      const cells = items.every(isPlainSetting) && items.length > 1 ? undefined : this.cells(items);
      return [...hoisted, { lines: [joined], gap: openGap, cells, comment: undefined }];
    }
    return [...hoisted, ...printed.map((lines, i): Row => ({ lines, gap: openGap && i === 0, cells: lines.length === 1 ? this.cells([items[i] as AnyItem]) : undefined, comment: undefined }))];
  }

  /** Comments in the middle of an item go above it. As `//`, since `///` would describe the item. */
  commentsInside(item: AnyItem): string[] {
    const blocks = (partsOf(item) ?? []).map(([, block]) => block);
    return this.file.comments.filter((c) => within(c, item) && !blocks.some((b) => within(c, b))).map((c) => c.text.replace(/^\/\/\/+/, "//"));
  }

  item(item: AnyItem, indent: number): string[] {
    const parts = partsOf(item);
    if (parts !== undefined) return this.headed(parts, indent);
    const below = layout(simple(item as Simple), WIDTH, indent);
    if (below.length < 3) return below;
    const beside = layout(simple(item as Simple, true), WIDTH, indent);
    return beside.length < below.length ? beside : below;
  }

  /** Heads and blocks in turn: `if a { … } else { … }`. A block stays on one line where it was on one and fits. */
  headed(parts: readonly Part[], indent: number): string[] {
    const lines: string[] = [];
    let current = " ".repeat(indent);
    for (const [i, [head, block]] of parts.entries()) {
      const laid = i === 0 ? layout([head, " {"], WIDTH, indent) : layout([current, head, " {"], WIDTH, 0);
      if (i > 0 && laid.length > 1) laid.splice(0, laid.length, ...layout([current.trim(), head, " {"], WIDTH, indent));
      lines.push(...laid.slice(0, -1));
      current = laid.at(-1) as string;
      const inline = this.inline(block);
      if (inline !== undefined && current.length - 1 + inline.length <= WIDTH) {
        current = current.slice(0, -1) + inline;
        continue;
      }
      const body = this.region(block.items, block.span.start + 1, block.span.end - 1, this.line(block.span.start), indent + 2);
      lines.push(body.opening === undefined ? current : `${current}  ${body.opening}`, ...body.lines);
      current = `${" ".repeat(indent)}}`;
    }
    return [...lines, current];
  }

  /** `{ a = 1; b = 2 }`, for a block that the writer put on one line; undefined for others. */
  inline(block: ast.Block): string | undefined {
    if (this.line(block.span.start) !== this.line(block.span.end - 1)) return undefined;
    if (block.items.length === 0) return "{}";
    let text = this.inlined.get(block);
    if (text === undefined) {
      text = `{ ${block.items.map((item) => this.inlineItem(item)).join("; ")} }`;
      this.inlined.set(block, text);
    }
    return text;
  }

  /** An item of which nothing is broken. */
  inlineItem(item: AnyItem): string {
    const parts = partsOf(item);
    return parts === undefined ? flat(simple(item as Simple)) : parts.map(([head, block]) => flat([head, " ", this.inline(block) ?? ""])).join("");
  }

  cells(items: readonly AnyItem[]): Row["cells"] {
    const [item] = items as readonly [AnyItem, ...AnyItem[]];
    const more = items.slice(1).map((x) => `; ${this.item(x, 0).join(" ")}`).join("");
    switch (item.kind) {
      case "let":
        return { family: "set", parts: [`let ${item.name.text}`, ` = ${flat(printExpr(item.value))}${more}`] };
      case "assign":
        return { family: "set", parts: [flat(targets(item)), ` = ${flat(values(item.values))}${more}`] };
      case "param":
      case "state":
      case "draw":
        return { family: item.kind, parts: [`${item.kind} ${item.name.text}:`, ` ${flat(printType(item.type))}`, ` ~ ${flat(printExpr(item.from))}${more}`] };
      case "field":
        return { family: "field", parts: [`${item.name.text}:`, ` ${flat(printType(item.type))}${more}`] };
      case "fn":
      case "method":
        if (item.body.kind === "block") return undefined;
        return { family: item.kind, parts: [flat(signature(item)), ` = ${flat(values(item.body.values))}${more}`] };
      default:
        return undefined;
    }
  }

  line(offset: number): number {
    return positionAt(this.file.source, offset).line;
  }
}

/** `batch = 64`: several of these on a line are a line of their own, not aligned with others. */
function isPlainSetting(item: AnyItem): boolean {
  return item.kind === "assign" && item.values.every((v) => v.kind === "number" || v.kind === "string" || v.kind === "bool");
}

function within(inner: ast.Comment, outer: AnyItem | ast.Block): boolean {
  return inner.span.start >= outer.span.start && inner.span.end <= outer.span.end;
}
