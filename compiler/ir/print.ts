/**
 * Graphs as text that reads like the language:
 *
 *     graph loss {
 *       %0 input x: f32[B, 8]
 *       %1 parameter w: f32[8, 4]
 *       %2 y[i0: B, i1: 4] = sum[i2: 8] x[i0, i2] * w[i2, i1]
 *       -> y
 *     }
 *
 * Values are called by their names; where several share one, `name%id`. A reduction's predicate stands in its brackets.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import type { Equation, Expr, Graph, GraphOutput, Value, ValueId } from "./graph.ts";

type NameOf = (id: ValueId) => string;

export function printGraph(graph: Graph): string {
  const nameOf = uniqueNames(graph.values);
  const lines = graph.values.map((value) => `  ${printValue(value, nameOf)}`);
  const outputs = graph.outputs.map((output) => `  -> ${printOutput(output, nameOf)}`);
  return [`graph ${graph.name} {`, ...lines, ...outputs, "}", ""].join("\n");
}

/** A name per value: its own where no other value has it. */
export function uniqueNames(values: readonly Value[]): NameOf {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value.name, (counts.get(value.name) ?? 0) + 1);
  const names = new Map(values.map((value) => [value.id, counts.get(value.name) === 1 ? value.name : `${value.name}%${value.id}`]));
  return (id) => names.get(id) ?? `%${id}`;
}

export function printValue(value: Value, nameOf: NameOf = (id) => `%${id}`): string {
  const shape = `[${value.shape.map(dims.print).join(", ")}]`;
  const head = `%${value.id}`;
  switch (value.kind) {
    case "input": {
      const range = value.range ? ` < ${dims.print(value.range)}` : "";
      return `${head} input ${value.name}: ${value.type}${shape}${range}`;
    }
    case "state":
      return `${head} ${value.state.kind} ${value.name}: ${value.type}${shape}`;
    case "host-scalar":
      return `${head} host ${value.name} = ${printExpr(value.body, nameOf)}`;
    case "host-table":
      return `${head} host ${value.name}${axes(value.shape, 0)} = ${printExpr(value.body, nameOf)}`;
    case "carry":
      return `${head} carry ${value.name}${shape} = ${nameOf(value.init)}; ${value.reverse ? "back from " : ""}${nameOf(value.next)}`;
    case "equation":
      return `${head} ${value.name}${axes(value.shape, 0)} = ${reduction(value, nameOf)}`;
    default:
      return value satisfies never;
  }
}

function reduction(value: Equation, nameOf: NameOf): string {
  if (!value.reduce) return printExpr(value.body, nameOf);
  const where = value.reduce.where ? ` where ${printExpr(value.reduce.where, nameOf)}` : "";
  const indices = axes(value.reduce.sizes, value.shape.length).slice(1, -1);
  return `${value.reduce.monoid}[${indices}${where}] ${printExpr(value.body, nameOf, PRODUCT)}`;
}

/** `[i0: B, i1: 4]`, numbered from `from`. */
function axes(sizes: readonly Dim[], from: number): string {
  return `[${sizes.map((size, at) => `i${from + at}: ${dims.print(size)}`).join(", ")}]`;
}

function printOutput(output: GraphOutput, nameOf: NameOf): string {
  const name = nameOf(output.value);
  const label = output.name === name ? name : `${output.name} = ${name}`;
  return output.state ? `${label} as ${output.state.kind} ${output.state.path}` : label;
}

const OR = 1, AND = 2, NOT = 3, RELATION = 4, SUM = 5, PRODUCT = 6, UNARY = 7, ATOM = 9;

/** Operators as they are written, with how strongly they bind; everything else is a call. */
const INFIX: Partial<Record<ScalarOpName, readonly [symbol: string, level: number]>> = {
  or: ["or", OR], and: ["and", AND],
  lt: ["<", RELATION], le: ["<=", RELATION], eq: ["==", RELATION], ne: ["!=", RELATION],
  ilt: ["<", RELATION], ile: ["<=", RELATION], ieq: ["==", RELATION], ine: ["!=", RELATION],
  add: ["+", SUM], sub: ["-", SUM], iadd: ["+", SUM], isub: ["-", SUM],
  mul: ["*", PRODUCT], div: ["/", PRODUCT], imul: ["*", PRODUCT], idiv: ["/", PRODUCT], imod: ["%", PRODUCT],
};
const PREFIX: Partial<Record<ScalarOpName, readonly [symbol: string, level: number]>> = {
  neg: ["-", UNARY], ineg: ["-", UNARY], not: ["not ", NOT],
};
const CALLS: Partial<Record<ScalarOpName, string>> = { iabs: "abs", imin: "min", imax: "max", toReal: "real", toInt: "int", fromBool: "int" };

/** `level`: parentheses are put around what binds less strongly. */
export function printExpr(expr: Expr, nameOf: NameOf = (id) => `%${id}`, level = 0): string {
  const list = (parts: readonly Expr[]): string => parts.map((part) => printExpr(part, nameOf)).join(", ");
  const wrap = (own: number, text: string): string => (own < level ? `(${text})` : text);
  switch (expr.kind) {
    case "const":
      return expr.value < 0 ? wrap(UNARY, constant(expr.type, expr.value)) : constant(expr.type, expr.value);
    case "index":
      return `i${expr.at}`;
    case "size": {
      const text = dims.print(expr.dim);
      return /^\w+$/.test(text) ? text : `(${text})`;
    }
    case "step":
    case "micro":
      return expr.kind;
    case "access":
      return `${nameOf(expr.value)}[${list(expr.slots)}]`;
    case "draw":
      return `draw#${(expr.site >>> 0).toString(16)}[${list(expr.coordinates)}]`;
    case "apply": {
      const infix = INFIX[expr.op], prefix = PREFIX[expr.op];
      const [a, b, c] = expr.args;
      if (infix) {
        const [symbol, own] = infix;
        // Left-associative: the right side needs parentheses at equal strength.
        return wrap(own, `${printExpr(a!, nameOf, own)} ${symbol} ${printExpr(b!, nameOf, own + 1)}`);
      }
      if (prefix) return wrap(prefix[1], `${prefix[0]}${printExpr(a!, nameOf, prefix[1] + 1)}`);
      if (expr.op === "pow") return wrap(UNARY + 1, `${printExpr(a!, nameOf, ATOM)}^${printExpr(b!, nameOf, ATOM)}`);
      if (expr.op === "select") {
        return wrap(0.5, `if ${printExpr(a!, nameOf, OR)} then ${printExpr(b!, nameOf, OR)} else ${printExpr(c!, nameOf, 0.5)}`);
      }
      return `${CALLS[expr.op] ?? expr.op}(${list(expr.args)})`;
    }
    default:
      return expr satisfies never;
  }
}

/** Reals show a point, an exponent or their name, so that no real looks like an integer. */
function constant(type: string, value: number): string {
  if (type === "bool") return value ? "true" : "false";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return type === "f32" && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
