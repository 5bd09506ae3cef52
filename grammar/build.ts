import type { CstNode, IToken } from "chevrotain";
import type * as ast from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors.ts";
import { spanOver } from "./source.ts";
import type { SourceFile, Span } from "./source.ts";
import { tokenSpan } from "./structure.ts";
import type { BlockContent } from "./structure.ts";
import type { Kind } from "./tokens.ts";

/** What a builder needs from outside: how the items of a block are read, and what the comments above an offset say. */
export interface Surroundings {
  readonly file: SourceFile;
  readonly report: (d: Diagnostic) => void;
  readonly block: (content: BlockContent) => ast.Item[];
  readonly doc: (start: number) => string | undefined;
}

/** An item as it is read; whether it may stand where it does is for the caller to say. */
export type Read = ast.Item | ast.Use | ast.Fn;

/** An expression may hold this many nodes from its root to a leaf, so that whoever walks it by recursion may. */
export const TALLEST = 256;

/** From the parser's concrete tree to the syntax tree. Returns undefined where a message was reported instead. */
export function build(around: Surroundings, item: CstNode): Read | undefined {
  const builder = new Builder(around);
  const read = builder.item(item);
  return builder.failed ? undefined : read;
}

class Builder {
  readonly around: Surroundings;
  readonly heights = new Map<ast.Expr, number>();
  failed = false;

  constructor(around: Surroundings) {
    this.around = around;
  }

  item(node: CstNode): Read {
    const [rule, child] = Object.entries(node.children)[0] as [string, CstNode[]];
    const n = child[0] as CstNode;
    switch (rule) {
      case "held":
        return this.held(n);
      case "letItem":
        return { kind: "let", name: this.name(n), value: this.expr(n), span: this.over(n) };
      case "requireItem":
        return { kind: "require", conditions: this.exprs(n), span: this.over(n) };
      case "returnItem":
        return { kind: "return", values: this.exprs(n), span: this.over(n) };
      case "ifItem":
        return this.ifItem(n);
      case "forItem":
        return { kind: "for", name: this.name(n), mode: has(n, "<") ? "below" : "in", over: this.expr(n), body: this.block(n), span: this.over(n) };
      case "scanItem":
        return { kind: "scan", index: this.name(n), below: this.expr(n), carries: nodes(n, "carry").map((c) => this.carry(c)), body: this.block(n), span: this.over(n) };
      case "useItem":
        return { kind: "use", path: this.string(token(n, "Text")), span: this.over(n) };
      case "fnItem":
        return { kind: "fn", ...this.callable(only(n, "method")), doc: this.doc(n), span: this.over(n) };
      case "declaration":
        return this.declaration(n);
      case "method": {
        return { kind: "method", ...this.callable(n), doc: this.doc(n), span: this.over(n) };
      }
      case "field":
        return { kind: "field", name: this.name(n), type: this.type(only(n, "type")), doc: this.doc(n), span: this.over(n) };
      case "assignment":
        return { kind: "assign", targets: nodes(n, "target").map((x) => this.target(x)), values: this.exprs(n), span: this.over(n) };
      default:
        throw new Error(`internal: no builder for the rule ${rule}`);
    }
  }

  declaration(n: CstNode): ast.Decl {
    const like = maybeToken(n, "parent");
    return {
      kind: "decl",
      category: token(n, "Kind").image as ast.Category,
      name: this.name(n),
      params: has(n, "parameters") ? this.params(only(n, "parameters")) : undefined,
      like: like === undefined ? undefined : this.named(like),
      body: this.block(n),
      doc: this.doc(n),
      span: this.over(n),
    };
  }

  held(n: CstNode): ast.Held {
    const kind = token(n, "Hold").image as ast.Held["kind"];
    return { kind, name: this.name(n), type: this.type(only(n, "type")), from: this.expr(n), doc: this.doc(n), span: this.over(n) };
  }

  ifItem(n: CstNode): ast.If {
    const conditions = nodes(n, "expr").map((x) => this.exprOf(x));
    const blocks = tokens(n, "Block").map((x) => this.blockOf(x));
    const keywords = tokens(n, "if");
    const last = maybeToken(n, "otherwise");
    let otherwise: ast.Block | ast.If | undefined = last === undefined ? undefined : this.blockOf(last);
    for (let i = blocks.length - 1; i >= 0; i--) {
      const then = blocks[i] as ast.Block;
      const span = spanOver(this.span(keywords[i] as IToken), otherwise?.span ?? then.span);
      otherwise = { kind: "if", condition: conditions[i] as ast.Expr, then, otherwise, span };
    }
    const built = otherwise as ast.If;
    if (blocks.length > TALLEST / 2) this.fail(errors.tooDeep(this.span(keywords[TALLEST / 2] as IToken), TALLEST / 2));
    return built;
  }

  carry(n: CstNode): ast.Carry {
    return { name: this.name(n), initial: this.expr(n), span: this.over(n) };
  }

  callable(n: CstNode): ast.Callable {
    const body: ast.Block | ast.Result = has(n, "Block") ? this.block(n) : this.result(n);
    return { name: this.name(n), params: this.params(only(n, "parameters")), results: nodes(n, "type").map((x) => this.type(x)), body, doc: undefined, span: this.over(n) };
  }

  result(n: CstNode): ast.Result {
    const values = this.exprs(n);
    return { kind: "result", values, span: spanOver((values[0] as ast.Expr).span, (values.at(-1) as ast.Expr).span) };
  }

  params(n: CstNode): ast.Parameter[] {
    return nodes(n, "parameter").map((p) => ({
      kind: "parameter",
      name: this.name(p),
      type: has(p, "type") ? this.type(only(p, "type")) : undefined,
      initial: has(p, "expr") ? this.expr(p) : undefined,
      span: this.over(p),
    }));
  }

  type(n: CstNode): ast.Type {
    const name = maybeToken(n, "Name") ?? maybeToken(n, "fn");
    return {
      kind: "type",
      name: name === undefined ? undefined : this.named(name),
      argument: has(n, "expr") ? this.expr(n) : undefined,
      dims: has(n, "dims") ? nodes(only(n, "dims"), "dim").map((d) => this.dim(d)) : undefined,
      span: this.over(n),
    };
  }

  dim(n: CstNode): ast.Dim {
    return has(n, "expr") ? this.expr(n) : { kind: "ellipsis", span: this.over(n) };
  }

  slots(n: CstNode): ast.Slots {
    const labelled = (label: string): ast.Expr | undefined => (has(n, label) ? this.exprOf(only(n, label)) : undefined);
    return { kind: "slots", items: nodes(n, "dim").map((d) => this.dim(d)), where: labelled("restriction"), fill: labelled("fill"), span: this.over(n) };
  }

  target(n: CstNode): ast.Target {
    const steps = nodes(n, "targetStep").map((s) => (has(s, "slots") ? this.slots(only(s, "slots")) : ({ kind: "member", name: this.name(s), span: this.over(s) } as const)));
    return { kind: "target", name: this.name(n), steps, span: this.over(n) };
  }

  block(n: CstNode): ast.Block {
    return this.blockOf(token(n, "Block"));
  }

  blockOf(block: IToken): ast.Block {
    return { kind: "block", items: this.around.block(block.payload as BlockContent), span: this.span(block) };
  }

  // --- expressions ---

  exprs(n: CstNode): ast.Expr[] {
    return nodes(only(n, "exprs"), "expr").map((x) => this.exprOf(x));
  }

  /** The first `expr` of a rule. */
  expr(n: CstNode): ast.Expr {
    return this.exprOf(only(n, "expr"));
  }

  exprOf(n: CstNode): ast.Expr {
    if (has(n, "disjunction")) return this.chain(only(n, "disjunction"), (x) => this.conjunction(x));
    const c = only(n, "conditional");
    const [condition, then, otherwise] = [this.exprOf(only(c, "condition")), this.exprOf(only(c, "chosen")), this.exprOf(only(c, "otherwise"))];
    return this.made({ kind: "conditional", condition, then, otherwise, span: this.over(c) }, condition, then, otherwise);
  }

  conjunction(n: CstNode): ast.Expr {
    return this.chain(n, (x) => this.negation(x));
  }

  negation(n: CstNode): ast.Expr {
    if (!has(n, "negation")) return this.relation(only(n, "relation"));
    const operand = this.negation(only(n, "negation"));
    return this.made({ kind: "unary", op: "not", operand, span: spanOver(this.span(token(n, "not")), operand.span) }, operand);
  }

  relation(n: CstNode): ast.Expr {
    const operands = nodes(n, "operand").map((x) => this.chain(x, (y) => this.term(y)));
    const operators = tokens(n, "operator").map((x) => ({ op: x.image as ast.RelationOp, span: this.span(x) }));
    const first = operands[0] as ast.Expr;
    if (operators.length === 0) return first;
    return this.made({ kind: "relation", operands, operators, span: spanOver(first.span, (operands.at(-1) as ast.Expr).span) }, ...operands);
  }

  term(n: CstNode): ast.Expr {
    return this.chain(n, (x) => this.factor(x));
  }

  /** Operands with operators between them, from left to right. A `product` mixes `applied` and `factor`. */
  chain(n: CstNode, operand: (n: CstNode) => ast.Expr): ast.Expr {
    const operands = nodes(n, "operand");
    const operators = tokens(n, "operator");
    let left = operand(operands[0] as CstNode);
    for (const [i, sign] of operators.entries()) {
      const right = operand(operands[i + 1] as CstNode);
      left = this.made({ kind: "binary", op: sign.image as ast.BinaryOp, opSpan: this.span(sign), left, right, span: spanOver(left.span, right.span) }, left, right);
    }
    return left;
  }

  factor(n: CstNode): ast.Expr {
    if (n.name === "applied") return this.applied(n);
    if (has(n, "applied")) return this.applied(only(n, "applied"));
    const operand = this.factor(only(n, "factor"));
    return this.made({ kind: "unary", op: "-", operand, span: spanOver(this.span(token(n, "-")), operand.span) }, operand);
  }

  applied(n: CstNode): ast.Expr {
    const head = this.power(only(n, "power"));
    if (!has(n, "product")) return head;
    const operand = this.chain(only(n, "product"), (x) => this.factor(x));
    if ((head.kind !== "access" && head.kind !== "call") || head.parenthesized) {
      this.fail(errors.wrongApplication(head.span, operand.span));
      return head;
    }
    return this.made({ kind: "apply", head, operand, span: spanOver(head.span, operand.span) }, head, operand);
  }

  power(n: CstNode): ast.Expr {
    const base = this.postfix(only(n, "postfix"));
    if (!has(n, "factor")) return base;
    const exponent = this.factor(only(n, "factor"));
    return this.made({ kind: "binary", op: "^", opSpan: this.span(token(n, "^")), left: base, right: exponent, span: spanOver(base.span, exponent.span) }, base, exponent);
  }

  postfix(n: CstNode): ast.Expr {
    let value = this.primary(only(n, "primary"));
    for (const step of nodes(n, "step")) {
      if (has(step, "slots")) {
        const slots = this.slots(only(step, "slots"));
        value = this.made({ kind: "access", base: value, slots, span: spanOver(value.span, slots.span) }, value, ...this.inside(slots));
        continue;
      }
      const name = this.name(step);
      const member: ast.Member = { kind: "member", object: value, name, span: spanOver(value.span, name.span) };
      value = this.made(member, value);
      if (has(step, "args")) value = this.call(member, only(step, "args"));
    }
    return value;
  }

  primary(n: CstNode): ast.Expr {
    const number = maybeToken(n, "Numeral");
    if (number !== undefined) return { kind: "number", text: number.image, span: this.span(number) };
    const text = maybeToken(n, "Text");
    if (text !== undefined) return this.string(text);
    const bool = maybeToken(n, "Bool");
    if (bool !== undefined) return { kind: "bool", value: bool.image === "true", span: this.span(bool) };
    if (has(n, "expr")) {
      const inner = this.expr(n);
      return this.made({ ...inner, parenthesized: true, span: spanOver(this.span(token(n, "(")), this.span(token(n, ")"))) }, inner);
    }
    const name = token(n, "Name");
    const named: ast.NameExpr = { kind: "name", text: name.image, span: this.span(name) };
    return has(n, "args") ? this.call(named, only(n, "args")) : named;
  }

  call(callee: ast.NameExpr | ast.Member, n: CstNode): ast.Expr {
    const args = nodes(n, "arg").map((a): ast.Arg => {
      const name = maybeToken(a, "Name");
      return { kind: "arg", name: name === undefined ? undefined : this.named(name), value: this.expr(a), span: this.over(a) };
    });
    const firstNamed = args.findIndex((a) => a.name !== undefined);
    const late = firstNamed < 0 ? undefined : args.slice(firstNamed).find((a) => a.name === undefined);
    if (late !== undefined) this.fail(errors.orderOfArguments(late.span, (args[firstNamed] as ast.Arg).span));
    return this.made({ kind: "call", callee, args, span: spanOver(callee.span, this.span(token(n, ")"))) }, callee, ...args.map((a) => a.value));
  }

  string(text: IToken): ast.StringLiteral {
    const inner = text.image.slice(1, text.image.length > 1 && /["']$/.test(text.image) ? -1 : undefined);
    const value = inner.replace(/\\([^])/gu, (_, c: string) => (c === "n" ? "\n" : c === "t" ? "\t" : c));
    return { kind: "string", value, span: this.span(text) };
  }

  inside(slots: ast.Slots): ast.Expr[] {
    return [...slots.items, slots.where, slots.fill].filter((x): x is ast.Expr => x !== undefined && x.kind !== "ellipsis");
  }

  /** Notes how tall an expression has become, and refuses those that only a machine would write. */
  made<E extends ast.Expr>(expr: E, ...children: readonly ast.Expr[]): E {
    const height = 1 + Math.max(0, ...children.map((c) => this.heights.get(c) ?? 0));
    this.heights.set(expr, height);
    if (height > TALLEST) this.fail(errors.tooDeep(expr.span, TALLEST));
    return expr;
  }

  /** One message for an item: what follows from it says nothing new. */
  fail(d: Diagnostic): void {
    if (!this.failed) this.around.report(d);
    this.failed = true;
  }

  // --- names and places ---

  name(n: CstNode): ast.Name {
    return this.named(token(n, "Name"));
  }

  named(name: IToken): ast.Name {
    return { text: name.image, span: this.span(name) };
  }

  doc(n: CstNode): string | undefined {
    return this.around.doc(this.over(n).start);
  }

  span(x: IToken): Span {
    return tokenSpan(this.around.file, x);
  }

  /** From the first to the last token of a rule. */
  over(n: CstNode): Span {
    const at = n.location;
    if (at === undefined) throw new Error(`internal: the rule ${n.name} has no place`);
    return { file: this.around.file, start: at.startOffset, end: (at.endOffset ?? at.startOffset) + 1 };
  }
}

/** The names under which chevrotain keeps a rule's children: of tokens (their type or label) and of rules (the same). */
type TokenKey = (typeof Kind)["name"];

function has(n: CstNode, key: string): boolean {
  return n.children[key] !== undefined;
}

function nodes(n: CstNode, key: string): CstNode[] {
  return (n.children[key] ?? []) as CstNode[];
}

function only(n: CstNode, key: string): CstNode {
  const found = n.children[key]?.[0];
  if (found === undefined) throw new Error(`internal: the rule ${n.name} has no ${key}`);
  return found as CstNode;
}

function tokens(n: CstNode, key: TokenKey): IToken[] {
  return (n.children[key] ?? []) as IToken[];
}

function maybeToken(n: CstNode, key: TokenKey): IToken | undefined {
  return tokens(n, key)[0];
}

function token(n: CstNode, key: TokenKey): IToken {
  const found = maybeToken(n, key);
  if (found === undefined) throw new Error(`internal: the rule ${n.name} has no ${key}`);
  return found;
}
