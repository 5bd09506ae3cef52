/** What the model's source says of its entries, for the declarations: comments, the line as it was written, names of axes. */
import { parse } from "../../grammar/index.ts";
import type { Method, SourceFile, Type } from "../../grammar/index.ts";

export interface Signature {
  readonly doc: string | undefined;
  /** `encode(source: index(vocab)[B, S]) -> [B, S, d]` */
  readonly text: string;
  /** Of each result's axes: the name that stands there, if one does. */
  readonly axes: readonly (readonly (string | undefined)[])[];
}

export interface ModelSignature {
  readonly doc: string | undefined;
  /** By name of the entry. */
  readonly entries: ReadonlyMap<string, Signature>;
}

export function signatures(file: SourceFile, model: string): ModelSignature {
  const decl = parse(file).ast.tops.find((top) => top.kind === "decl" && top.category === "model" && top.name.text === model);
  if (decl?.kind !== "decl") return { doc: undefined, entries: new Map() };
  const methods = decl.body.items.filter((item): item is Method => item.kind === "method");
  return { doc: decl.doc, entries: new Map(methods.map((method) => [method.name.text, signature(method)])) };
}

function signature(method: Method): Signature {
  const params = method.params.map(({ span }) => written(span)).join(", ");
  const results = method.results.map(({ span }) => written(span)).join(", ");
  return { doc: method.doc, text: `${method.name.text}(${params})${results === "" ? "" : ` -> ${results}`}`, axes: method.results.map(axesOf) };
}

function axesOf({ dims = [] }: Type): readonly (string | undefined)[] {
  // An ellipsis stands for any number of axes: what follows it has no known place.
  if (dims.some(({ kind }) => kind === "ellipsis")) return [];
  return dims.map((dim) => (dim.kind === "name" ? dim.text : undefined));
}

/** On one line, without comments. */
function written({ file, start, end }: Type["span"]): string {
  return file.text.slice(start, end).replace(/\/\/.*/g, "").replace(/\s+/g, " ").trim();
}
