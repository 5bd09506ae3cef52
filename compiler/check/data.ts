/** `data = pairs("train.tsv", …)`: the source's arguments and the fields of its batches. */
import type { Expr as Node, Parameter } from "../../grammar/ast.ts";
import * as dims from "../dim.ts";
import { arguments_, evaluateArgument, matchArguments } from "./arguments.ts";
import { coerce, kindsOf } from "./kinds.ts";
import { bindFedSizes, inputOf } from "./entry.ts";
import * as errors from "./errors.ts";
import type { DataSpec, EntryInput } from "./model.ts";
import { requireAll } from "./require.ts";
import { declared } from "./scope.ts";
import { tableOf } from "./table.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { Size, Val } from "./value.ts";
import type { Context, Frame } from "./world.ts";

export interface Data {
  readonly spec: DataSpec;
  readonly fields: readonly { readonly input: EntryInput; readonly sizes: readonly Size[] }[];
  /** The sizes of a batch, by name. */
  readonly sizes: ReadonlyMap<string, Val>;
}

export function dataOf(node: Node, ctx: Context): Data | undefined {
  const source = node.kind === "call" && node.callee.kind === "name" ? declared(ctx.frame.home, node.callee.text) : undefined;
  if (node.kind !== "call" || source?.kind !== "class" || source.decl.category !== "data") {
    const all = [...ctx.frame.home.names, ...ctx.frame.home.library].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "data").map(([name]) => name);
    const name = node.kind === "call" && node.callee.kind === "name" ? node.callee.text : undefined;
    ctx.world.report(errors.unknownData(node.span, name && nearest(name, all), all));
    return undefined;
  }
  const { decl, home } = source;
  const params = decl.params ?? [];
  const matched = matchArguments(params, arguments_(node.args), `\`${decl.name.text}\``, ctx, node.span);
  if (!matched) return undefined;
  const frame: Frame = { kind: "function", home, self: undefined, path: "data", vars: new Map(), pack: undefined, active: [], call: "data" };
  const inner: Context = { ...ctx, frame };
  const kinds = kindsOf(params, inner);
  const given: Record<string, string | number | boolean> = {};
  for (const [k, param] of params.entries()) {
    const kind = kinds[k];
    if (kind === undefined || kind === "run") return undefined;
    const arg = matched[k];
    const value = arg
      ? coerce(evaluateArgument(arg, param, ctx, kind), kind, param.name.text, arg.span, ctx)
      : coerce(evaluateArgument({ name: undefined, span: param.initial!.span, node: param.initial }, param, inner, kind), kind, param.name.text, param.initial!.span, inner);
    if (value.kind === "poison") return undefined;
    frame.vars.set(param.name.text, value);
    const plain = plainValue(value);
    if (plain !== undefined) given[param.name.text] = plain;
  }
  if (!decl.body.items.every((item) => item.kind !== "require" || requireAll(item.conditions, inner))) return undefined;
  const fields = decl.body.items.filter((item) => item.kind === "field");
  const before = new Set(frame.vars.keys());
  bindFedSizes(fields, inner, (k) => ({ text: `${fields[k]!.name.text}: …`, span: fields[k]!.type.span }));
  const sizes = new Map([...frame.vars].filter(([name]) => !before.has(name)));
  const made: { readonly input: EntryInput; readonly sizes: readonly Size[] }[] = [];
  for (const field of fields) {
    const param: Parameter = { kind: "parameter", name: field.name, type: field.type, initial: undefined, span: field.span };
    const input = inputOf(param, inner);
    if (!input) return undefined;
    made.push(input);
  }
  const spec = { source: decl.name.text, arguments: given, fields: made.map(({ input }) => input) };
  if (home.library.get(decl.name.text)?.decl === decl) return { spec, fields: made, sizes };
  const table = tableOf(decl, spec.fields, ctx.world);
  return table && { spec: { ...spec, table }, fields: made, sizes };
}

function plainValue(value: Val): string | number | boolean | undefined {
  if (value.kind === "text") return value.value;
  if (value.kind === "size") return dims.asNumber(value.size.dim);
  if (value.kind === "tensor" && value.body.kind === "const") return value.type === "bool" ? value.body.value !== 0 : value.body.value;
  return undefined;
}
