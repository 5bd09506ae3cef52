/** What names and expressions stand for while a file is elaborated. */
import type { Callable, Decl } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import type { Dim } from "../dim.ts";
import type { Expr, ScalarType } from "../ir/graph.ts";
import type { Initializer, Instance, TokenizerSpec } from "./model.ts";
import type { FileScope } from "./scope.ts";

/** A size with the expression it was written as and the declaration it comes from, for messages. */
export interface Size {
  readonly dim: Dim;
  readonly text: string;
  readonly from?: SizeSource | undefined;
}

export interface SizeSource {
  /** `x: [B, T, d]`, without quotes. */
  readonly text: string;
  readonly span: Span;
}

/** An index of an equation. While elaborating, `IndexExpr.at` holds its id; the graph builder numbers by position. */
export interface IndexVar {
  readonly id: number;
  readonly name: string;
  readonly size: Size;
}

export type Val =
  | SizeVal
  | Tensor
  | TextVal
  | NoneVal
  | ClassVal
  | InstanceVal
  | StackVal
  | FnVal
  | MethodVal
  | BuiltinVal
  | InitVal
  | TokenizerVal
  | ParamVal
  | Poison;

/** An integer known when compiling, or a size of the batch. */
export interface SizeVal {
  readonly kind: "size";
  readonly size: Size;
}

/**
 * Anything computed: element [axes] is `body`, an expression over the axes' ids and, in a function of scalars called
 * inside an equation, over that equation's indices. Numbers and flags known when compiling have no axes and a constant body.
 */
export interface Tensor {
  readonly kind: "tensor";
  readonly type: ScalarType;
  readonly axes: readonly IndexVar[];
  readonly body: Expr;
}

export interface TextVal {
  readonly kind: "text";
  readonly value: string;
}

export interface NoneVal {
  readonly kind: "none";
}

export interface ClassVal {
  readonly kind: "class";
  readonly decl: Decl;
  readonly home: FileScope;
}

export interface InstanceVal {
  readonly kind: "instance";
  readonly path: string;
  readonly decl: Decl;
  readonly home: FileScope;
  /** Hyperparameters, lets, parameters, states and children, by name. */
  readonly members: Map<string, Val>;
  readonly children: Instance[];
  /** `Linear(n: 64)`, for messages. */
  readonly title: string;
  readonly span: Span;
  readonly hyperparameters: (readonly [string, string])[];
  /** Where each member was defined. */
  readonly places: Map<string, Span>;
}

export interface StackVal {
  readonly kind: "stack";
  readonly path: string;
  /** Built without an index: the layers differ in their parameters only. */
  readonly alike: boolean;
  readonly items: readonly InstanceVal[];
}

export interface FnVal {
  readonly kind: "fn";
  readonly fn: Callable;
  readonly home: FileScope;
}

export interface MethodVal {
  readonly kind: "method";
  readonly fn: Callable;
  readonly self: InstanceVal;
}

export interface BuiltinVal {
  readonly kind: "builtin";
  readonly name: string;
}

export interface InitVal {
  readonly kind: "init";
  readonly init: Initializer;
}

export interface TokenizerVal {
  readonly kind: "tokenizer";
  readonly spec: TokenizerSpec;
  readonly sizes: ReadonlyMap<string, SizeVal>;
}

/** A tensor that outlives the run. */
export interface ParamVal {
  readonly kind: "param";
  readonly state: "parameter" | "running" | "optimizer";
  readonly path: string;
  readonly shape: readonly Size[];
  readonly init: Initializer;
  readonly span: Span;
}

/** What an expression with an error stands for: whatever uses it says nothing more. */
export interface Poison {
  readonly kind: "poison";
}

export const POISON: Poison = { kind: "poison" };
export const NONE: NoneVal = { kind: "none" };

export function scalar(type: ScalarType, body: Expr): Tensor {
  return { kind: "tensor", type, axes: [], body };
}

export function number(value: number): Tensor {
  return scalar("f32", { kind: "const", type: "f32", value });
}

export function flag(value: boolean): Tensor {
  return scalar("bool", { kind: "const", type: "bool", value: value ? 1 : 0 });
}

/** The kind of a value in the words of the language. */
export function kindOf(value: Val): string {
  switch (value.kind) {
    case "tensor": {
      const name = value.type === "f32" ? "real" : value.type === "i32" ? "int" : "bool";
      if (value.axes.length > 0) return `${name}[${value.axes.map((axis) => axis.size.text).join(", ")}]`;
      return value.body.kind === "const" ? (value.type === "f32" ? "number" : value.type === "bool" ? "flag" : "int") : name;
    }
    case "param":
      return `real[${value.shape.map((size) => size.text).join(", ")}]`;
    case "class":
      return value.decl.category;
    case "instance":
    case "stack":
      return "layer";
    case "fn":
    case "method":
    case "builtin":
      return "function";
    case "size":
    case "text":
    case "none":
    case "init":
    case "tokenizer":
      return value.kind;
    case "poison":
      return "value";
    default:
      return value satisfies never;
  }
}
