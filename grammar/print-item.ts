/** Items as documents to be laid out: those with blocks as heads and blocks in turn, the others whole. */
import type * as ast from "./ast.ts";
import { LINE, group, list, nest } from "./layout.ts";
import type { Doc } from "./layout.ts";
import { printExpr, printSlots, printType } from "./print-expr.ts";

export type AnyItem = ast.Item | ast.Top;

/** A head and the block behind it. */
export type Part = readonly [Doc, ast.Block];

/** The heads and blocks of an item; undefined for an item without. */
export function partsOf(item: AnyItem): readonly Part[] | undefined {
  switch (item.kind) {
    case "decl":
      return [[header(item), item.body]];
    case "fn":
    case "method":
      return item.body.kind === "block" ? [[signature(item), item.body]] : undefined;
    case "for":
      return [[["for ", item.name.text, item.mode === "below" ? " < " : " in ", printExpr(item.over)], item.body]];
    case "scan": {
      const carries = item.carries.map((c) => [c.name.text, " = ", printExpr(c.initial)]);
      return [[["scan ", item.index.text, " < ", printExpr(item.below), " with ", nest("here", list(carries))], item.body]];
    }
    case "if": {
      const parts: Part[] = [[["if ", printExpr(item.condition)], item.then]];
      let rest = item.otherwise;
      for (; rest?.kind === "if"; rest = rest.otherwise) parts.push([[" else if ", printExpr(rest.condition)], rest.then]);
      return rest === undefined ? parts : [...parts, [" else", rest]];
    }
    default:
      return undefined;
  }
}

/** Items without a block. */
export type Simple = Exclude<AnyItem, ast.Decl | ast.If | ast.For | ast.Scan>;

/** `beside`: what is set begins on the line of its `=`, even if it does not end there. */
export function simple(item: Simple, beside = false): Doc {
  switch (item.kind) {
    case "use":
      return ["use ", printExpr(item.path)];
    case "fn":
    case "method":
      if (item.body.kind === "block") throw new Error("internal: a function with a block is not simple");
      return setting([signature(item)], item.body.values, beside);
    case "let":
      return setting(["let ", item.name.text], [item.value], beside);
    case "require":
      return ["require ", nest(2, values(item.conditions))];
    case "return":
      return ["return ", nest(2, values(item.values))];
    case "param":
    case "state":
    case "draw":
      return group(item.kind, " ", item.name.text, ": ", printType(item.type), nest(2, LINE, "~ ", printExpr(item.from)));
    case "field":
      return [item.name.text, ": ", printType(item.type)];
    case "assign":
      return setting([targets(item)], item.values, beside);
    case "lost":
      throw new Error("internal: a text with mistakes is not printed");
    default:
      return item satisfies never;
  }
}

function setting(left: readonly Doc[], right: readonly ast.Expr[], beside: boolean): Doc {
  if (beside) return [group(...left), " = ", nest(2, values(right))];
  return [group(...left), " =", group(nest(2, LINE, values(right)))];
}

export function values(exprs: readonly ast.Expr[]): Doc {
  return list(exprs.map((e) => printExpr(e)));
}

export function targets(item: ast.Assign): Doc {
  return list(item.targets.map((t) => [t.name.text, ...t.steps.map((s) => (s.kind === "slots" ? printSlots(s) : `.${s.name.text}`))]));
}

function header(d: ast.Decl): Doc {
  const like = d.like === undefined ? "" : ` like ${d.like.text}`;
  return [d.category, " ", d.name.text, d.params === undefined ? "" : parameters(d.params), like];
}

/** Breaks before `->` first, then between the parameters. */
export function signature(f: ast.Fn | ast.Method): Doc {
  const head: Doc = [f.kind === "fn" ? "fn " : "", f.name.text, parameters(f.params)];
  return f.results.length === 0 ? head : group(head, nest(2, LINE, "-> ", nest("here", list(f.results.map(printType)))));
}

function parameters(params: readonly ast.Parameter[]): Doc {
  const docs = params.map((p): Doc => [p.name.text, p.type === undefined ? "" : [": ", printType(p.type)], p.initial === undefined ? "" : [" = ", printExpr(p.initial, true)]]);
  return group("(", nest("here", list(docs)), ")");
}
