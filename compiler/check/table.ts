/** A source of data that the model's file declares itself: a table with a column for each field, as far as a row of a table can hold what a field says. */
import type { Decl, Field } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { asName, asNumber, type Dim } from "../dim.ts";
import * as errors from "./errors.ts";
import type { EntryInput, TableSpec } from "./model.ts";
import type { World } from "./world.ts";

/** `fields`: those of the declaration, in its order. Undefined after an error. */
export function tableOf({ name, params, body }: Decl, fields: readonly EntryInput[], world: World): TableSpec | undefined {
  const [path] = params ?? [];
  if (path?.name.text !== "path" || path.type?.name?.text !== "text") return void world.report(errors.dataWithoutPath(name));
  if (fields.length === 0) return void world.report(errors.dataWithoutFields(name));
  const tokenizers = new Set((params ?? []).filter(({ type }) => type?.name?.text === "tokenizer").map((param) => param.name.text));
  const nodes = body.items.filter((item) => item.kind === "field");
  const isText = fields.map((_, at) => readsTokens(nodes[at]!, tokenizers));
  // How many tokens a text has is not known when its row is read.
  const sizes = new Set(fields.flatMap(({ shape }, at) => (isText[at] ? [] : shape.slice(1))).map(asName));
  for (const [at, field] of fields.entries()) {
    const mistake = columnMistake(field, nodes[at]!.type.span, isText[at]!, sizes);
    if (mistake) return void world.report(mistake);
  }
  return { texts: fields.flatMap(({ name: text }, at) => (isText[at] ? [text] : [])) };
}

/** `index(tokenizer.size)` */
function readsTokens({ type: { argument } }: Field, tokenizers: ReadonlySet<string>): boolean {
  return argument?.kind === "member" && argument.name.text === "size" && argument.object.kind === "name" && tokenizers.has(argument.object.text);
}

function columnMistake({ name, shape: [rows, ...extents], range }: EntryInput, span: Span, isText: boolean, sizes: ReadonlySet<string | undefined>): Diagnostic | undefined {
  if (rows === undefined || asName(rows) !== "B") return errors.columnWithoutRows(span, name);
  if (isText) return extents.length === 1 && isOwn(extents[0]!) ? undefined : errors.columnOfText(span, name);
  const unknown = extents.find((extent) => !((asNumber(extent) ?? 0) > 0 || isOwn(extent)));
  if (unknown) return errors.columnExtent(span, name, unknown);
  const free = extents.map(asName).filter((one) => one !== undefined);
  if (free.length > 1) return errors.columnRagged(span, name, free);
  return range === undefined || asNumber(range) !== undefined || (isOwn(range) && sizes.has(asName(range))) ? undefined : errors.columnRange(span, name, range);
}

/** A size that every row has of its own. */
function isOwn(extent: Dim): boolean {
  const size = asName(extent);
  return size !== undefined && size !== "B";
}
