/**
 * The syntax tree: what a file says, before anything is known about what its names mean.
 *
 * Every node is a readonly record with a `kind` and the `span` it was read from. Parentheses are no nodes: an expression
 * written in them has `parenthesized` and a span that includes them. An item that could not be read is left out as a
 * whole, and what is known of it stands in its place (`Lost`): a tree never holds half an item.
 */
import type { SourceFile, Span } from "./source.ts";

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export interface File {
  readonly kind: "file";
  readonly source: SourceFile;
  readonly tops: readonly Top[];
  /** Of declarations that could not be read the names alone: who uses them is not to blame. */
  readonly lost: readonly Name[];
  /** In the order of the text; a doc comment is here as well as in its declaration's `doc`. */
  readonly comments: readonly Comment[];
  readonly span: Span;
}

/** From `//` to the end of the line. */
export interface Comment {
  /** With its slashes, without blanks at its end. */
  readonly text: string;
  /** Whether only blanks stand before it on its line. */
  readonly alone: boolean;
  readonly span: Span;
}

export type Top = Use | Decl | Fn;

/** `use "vit.tfm"` */
export interface Use {
  readonly kind: "use";
  readonly path: StringLiteral;
  readonly span: Span;
}

export const CATEGORIES = ["layer", "model", "optimizer", "train", "data", "weights"] as const;
export type Category = (typeof CATEGORIES)[number];

/** `layer Mlp(d, ff = 4 * d) { … }`, `train tag like sentence { … }`; also inside of a block. */
export interface Decl {
  readonly kind: "decl";
  readonly category: Category;
  readonly name: Name;
  /** undefined where no `( )` was written. */
  readonly params: readonly Parameter[] | undefined;
  readonly like: Name | undefined;
  readonly body: Block;
  /** The text of the `///` lines directly above, without the slashes; undefined without them. */
  readonly doc: string | undefined;
  readonly span: Span;
}

/** A function of the file: `fn relu(x: real) -> real = max(x, 0)`. */
export interface Fn extends Callable {
  readonly kind: "fn";
}

/** A function of a declaration: `forward(x: [..., n]) -> [..., m] { … }`, `loss(ids, next) = …`. */
export interface Method extends Callable {
  readonly kind: "method";
}

export interface Callable {
  readonly name: Name;
  readonly params: readonly Parameter[];
  /** The types after `->`; empty where none is given. */
  readonly results: readonly Type[];
  readonly body: Block | Result;
  readonly doc: string | undefined;
  readonly span: Span;
}

/** The `= e, f` of a function without a block. */
export interface Result {
  readonly kind: "result";
  readonly values: readonly Expr[];
  readonly span: Span;
}

/** `p: rate = 0.1` */
export interface Parameter {
  readonly kind: "parameter";
  readonly name: Name;
  readonly type: Type | undefined;
  readonly initial: Expr | undefined;
  readonly span: Span;
}

/** `[B, T, d]` (no name), `rate` (no dims), `index(vocab)[B, T]`: a name or dims or both; an argument only after a name. */
export interface Type {
  readonly kind: "type";
  readonly name: Name | undefined;
  readonly argument: Expr | undefined;
  readonly dims: readonly Dim[] | undefined;
  readonly span: Span;
}

/** One slot of a type, a target, an access or a binder. */
export type Dim = Expr | Ellipsis;

export interface Ellipsis {
  readonly kind: "ellipsis";
  readonly span: Span;
}

/** `[b, t-1 else 0]`, `[s where keep[b,s]]`, with the brackets in its span. */
export interface Slots {
  readonly kind: "slots";
  readonly items: readonly Dim[];
  readonly where: Expr | undefined;
  /** The fill of an access: its value outside of the tensor. */
  readonly fill: Expr | undefined;
  readonly span: Span;
}

export interface Block {
  readonly kind: "block";
  readonly items: readonly Item[];
  readonly span: Span;
}

export type Item = Held | Let | Require | Return | If | For | Scan | Decl | Method | Field | Assign | Lost;

/** Stands where an item of a block could not be read, so that nothing that needs it is blamed: the names that it gives something, and whether it returns. */
export interface Lost {
  readonly kind: "lost";
  readonly names: readonly string[];
  readonly returns: boolean;
  readonly span: Span;
}

/** `param gain: [d] ~ ones`, `state m: [...] ~ zeros`, `draw u: [B] ~ uniform` */
export interface Held {
  readonly kind: "param" | "state" | "draw";
  readonly name: Name;
  readonly type: Type;
  /** What stands after `~`: an initialiser or a distribution. */
  readonly from: Expr;
  readonly doc: string | undefined;
  readonly span: Span;
}

/** `let head = d / heads` */
export interface Let {
  readonly kind: "let";
  readonly name: Name;
  readonly value: Expr;
  readonly span: Span;
}

/** `require heads divides d, T > 0` */
export interface Require {
  readonly kind: "require";
  readonly conditions: readonly Expr[];
  readonly span: Span;
}

export interface Return {
  readonly kind: "return";
  readonly values: readonly Expr[];
  readonly span: Span;
}

/** The item, known when compiling; the choice between values is a Conditional. */
export interface If {
  readonly kind: "if";
  readonly condition: Expr;
  readonly then: Block;
  readonly otherwise: Block | If | undefined;
  readonly span: Span;
}

/** `for l < layers { … }` counts (`below`); `for block in blocks { … }` walks (`in`). */
export interface For {
  readonly kind: "for";
  readonly name: Name;
  readonly mode: "below" | "in";
  readonly over: Expr;
  readonly body: Block;
  readonly span: Span;
}

/** `scan t < T with h = start, c = empty { … }` */
export interface Scan {
  readonly kind: "scan";
  readonly index: Name;
  readonly below: Expr;
  readonly carries: readonly Carry[];
  readonly body: Block;
  readonly span: Span;
}

export interface Carry {
  readonly name: Name;
  readonly initial: Expr;
  readonly span: Span;
}

/** `ids: index(tokenizer.size)[B, T]`, in a `data` declaration. */
export interface Field {
  readonly kind: "field";
  readonly name: Name;
  readonly type: Type;
  readonly doc: string | undefined;
  readonly span: Span;
}

/** `h, c = cell(x, h, c)`, `y[b,t,i] = …`, `blocks[l].attend.wq[i,h,e] = …`, `undecayed = "*.bias", "*.gain"` */
export interface Assign {
  readonly kind: "assign";
  readonly targets: readonly Target[];
  readonly values: readonly Expr[];
  readonly span: Span;
}

export interface Target {
  readonly kind: "target";
  readonly name: Name;
  /** What follows the name, in order. */
  readonly steps: readonly (TargetMember | Slots)[];
  readonly span: Span;
}

/** `.name`, with the dot in its span. */
export interface TargetMember {
  readonly kind: "member";
  readonly name: Name;
  readonly span: Span;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | BoolLiteral
  | NameExpr
  | Conditional
  | Binary
  | Unary
  | Relation
  | Access
  | Call
  | Member
  | Apply;

interface ExprNode {
  readonly span: Span;
  /** Written in parentheses, which are part of the span. It means nothing beyond the shape of the tree; `fmt` keeps them. */
  readonly parenthesized?: true;
}

export interface NumberLiteral extends ExprNode {
  readonly kind: "number";
  /** As written: `1e-5` (a number), `10000` (a size). */
  readonly text: string;
}

export interface StringLiteral extends ExprNode {
  readonly kind: "string";
  /** With `\"`, `\\`, `\n`, `\t` resolved; the text as written is the span's. */
  readonly value: string;
}

export interface BoolLiteral extends ExprNode {
  readonly kind: "bool";
  readonly value: boolean;
}

export interface NameExpr extends ExprNode {
  readonly kind: "name";
  readonly text: string;
}

/** `if c then a else b` */
export interface Conditional extends ExprNode {
  readonly kind: "conditional";
  readonly condition: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
}

export type BinaryOp = "or" | "and" | "+" | "-" | "*" | "/" | "%" | "^";

export interface Binary extends ExprNode {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly opSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}

export interface Unary extends ExprNode {
  readonly kind: "unary";
  readonly op: "-" | "not";
  readonly operand: Expr;
}

export type RelationOp = "<" | "<=" | ">" | ">=" | "==" | "!=" | "divides";

/** `0 <= i < n`: operands one more than operators. */
export interface Relation extends ExprNode {
  readonly kind: "relation";
  readonly operands: readonly Expr[];
  readonly operators: readonly { readonly op: RelationOp; readonly span: Span }[];
}

/** `x[b, t-1 else 0]`. With an operand behind it the same brackets are the head of an Apply. */
export interface Access extends ExprNode {
  readonly kind: "access";
  readonly base: Expr;
  readonly slots: Slots;
}

/** `f(x, p: 0.1)`, `model.encode(x)` */
export interface Call extends ExprNode {
  readonly kind: "call";
  readonly callee: NameExpr | Member;
  readonly args: readonly Arg[];
}

/** Positional ones first. */
export interface Arg {
  readonly kind: "arg";
  readonly name: Name | undefined;
  readonly value: Expr;
  readonly span: Span;
}

/** `model.d` */
export interface Member extends ExprNode {
  readonly kind: "member";
  readonly object: Expr;
  readonly name: Name;
}

/** `sum[i] x[i] * w[i]`, `stack(n) Block(d)`: the head applies to the product that follows. */
export interface Apply extends ExprNode {
  readonly kind: "apply";
  readonly head: Access | Call;
  readonly operand: Expr;
}
