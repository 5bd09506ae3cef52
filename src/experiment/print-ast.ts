import type { File } from "../../grammar/index.ts";
import { positionAt } from "../../grammar/index.ts";
import type { Span } from "../../grammar/index.ts";

/**
 * The syntax tree as text, a node a line: its place, the field that holds it, its kind, and what it says itself.
 *
 *     1:1     fn name=twice
 *     1:10      params: parameter name=x
 *     1:29      body.values: binary op="*"
 */
export function printAst(file: File): string {
  const lines: string[] = [];
  for (const top of file.tops) visit(top, "", 0, lines);
  return lines.map((line) => `${line}\n`).join("");
}

type Node = { readonly kind: string; readonly span: Span } & Readonly<Record<string, unknown>>;

function visit(value: unknown, field: string, depth: number, lines: string[]): void {
  const node = value as Node;
  const own: string[] = [];
  const children: [field: string, node: unknown][] = [];
  collect(node, "", own, children);
  const { line, column } = positionAt(node.span.file, node.span.start);
  lines.push(`${`${line}:${column}`.padEnd(8)}${"  ".repeat(depth)}${[...(field === "" ? [] : [`${field}:`]), node.kind, ...own].join(" ")}`);
  for (const [name, child] of children) visit(child, name, depth + 1, lines);
}

/** Names and plain values stand in the node's own line; blocks and lists are looked through. */
function collect(node: Readonly<Record<string, unknown>>, prefix: string, own: string[], children: [string, unknown][]): void {
  for (const [key, value] of Object.entries(node)) {
    if (["kind", "span", "opSpan", "doc", "parenthesized"].includes(key) || value === undefined) continue;
    const field = prefix === "" ? key : `${prefix}.${key}`;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (typeof one !== "object" || one === null) own.push(`${field}=${JSON.stringify(one)}`);
      else if (!("kind" in one)) own.push(...inline(field, one as Readonly<Record<string, unknown>>));
      else if (one.kind === "block" || one.kind === "result") collect(one as unknown as Node, field, own, children);
      else children.push([field, one]);
    }
  }
}

/** A name, or an operator of a chain of relations. */
function inline(field: string, value: Readonly<Record<string, unknown>>): readonly string[] {
  const text = value["text"] ?? value["op"];
  return typeof text === "string" ? [`${field}=${text}`] : [];
}
