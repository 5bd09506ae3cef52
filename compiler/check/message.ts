/** How messages are put together: a labelled place, places beside it, sizes with their origin. */
import type { Diagnostic, Fix, Label } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { placeOf, positionAt, spanText } from "../../grammar/source.ts";
import { print } from "../dim.ts";
import type { CheckCode } from "./errors.ts";
import type { InstanceVal, Size, SizeSource } from "./value.ts";

interface Rest {
  readonly also?: readonly Label[];
  readonly notes?: readonly string[];
  readonly fix?: string | Fix | undefined;
}

export function error(code: CheckCode, title: string, span: Span, label: string, rest: Rest = {}): Diagnostic {
  const fix = typeof rest.fix === "string" ? { text: rest.fix } : rest.fix;
  const labels: Label[] = [{ span, text: label, primary: true }, ...(rest.also ?? [])];
  return { code, severity: "error", title, span, labels, notes: rest.notes ?? [], ...(fix === undefined ? {} : { fix }) };
}

export function beside(span: Span, text: string): Label {
  return { span, text, primary: false };
}

export function replace(span: Span, replacement: string, text = `write \`${replacement}\``): Fix {
  return { text, edit: { span, replacement } };
}

/** `4.0` and `2e3` as a size is written; undefined for anything else. */
export function wholeNumber(span: Span): string | undefined {
  const text = spanText(span);
  return /^[\d.eE+]+$/.test(text) && Number.isSafeInteger(Number(text)) ? String(Number(text)) : undefined;
}

/** `did you mean …?`, or what there is. */
export function didYouMean(nearest: string | undefined, all: readonly string[] = []): { fix?: string; notes?: readonly string[] } {
  if (nearest !== undefined) return { fix: `did you mean \`${nearest}\`?` };
  if (all.length === 0) return {};
  return { notes: [`there is ${list(all.map((name) => `\`${name}\``))}`] };
}

export function list(items: readonly string[]): string {
  if (items.length <= 1) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Where a layer was built: often its hyperparameters are what is wrong. Of what is checked alone there is no such place. */
export function builtAt(of: InstanceVal | undefined): readonly string[] {
  return of && of.span !== of.decl.name.span ? [`\`${of.title}\` was built at ${placeOf(of.span)}`] : [];
}

/** The remedy for a name from elsewhere, else the nearest that there is, with its edit. */
export function meant(span: Span, nearest: string | undefined, foreign?: string): string | Fix | undefined {
  return foreign ?? (nearest === undefined ? undefined : replace(span, nearest, `did you mean \`${nearest}\`?`));
}

/** `d*4 = 256` */
export function sized(size: Size): string {
  const value = print(size.dim);
  return sameWords(value, size.text) ? size.text : `${size.text} = ${value}`;
}

/** `d*4 = 256, from `w: [d*4, d]` (line 9)` */
export function sizedFrom(size: Size, near: Span): string {
  return `${sized(size)}${size.from ? `, ${origin(size.from, near)}` : ""}`;
}

/** Where a size was declared, for a message about `near`. */
export function origin(source: SizeSource, near: Span): string {
  const { file, start } = source.span;
  if (file.path === "--set") return `from \`--set ${file.text}\``;
  const { line } = positionAt(file, start);
  return `from \`${source.text}\` (${file === near.file ? `line ${line}` : `${file.path}:${line}`})`;
}

/** `N + M` and `M + N` */
function sameWords(a: string, b: string): boolean {
  const words = (text: string): string => (text.match(/\w+|[^\s\w]/g) ?? []).sort().join(" ");
  return words(a) === words(b);
}

/** `[B, T, d = 64]` */
export function shape(sizes: readonly Size[]): string {
  return `[${sizes.map((size) => sized(size)).join(", ")}]`;
}

/** `an int`, `a flag` */
export function article(kind: string): string {
  return kind.startsWith("`") ? kind : /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
