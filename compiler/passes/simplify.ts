import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { apply, bool, conjuncts, conjunction, dependsOn, imul, index, int, isConst, isOp, mul, real, size, substituteIndices } from "../ir/expr.ts";
import type { Equation, Expr, Reduction, ScalarType, Value, ValueId } from "../ir/graph.ts";
import { typeOf } from "../ir/typeof.ts";
import { asMap, indexSizes, mapExpressions, reducedWhere, valuesById } from "../ir/walk.ts";
import { type Known, knownSizes } from "../ops/affine.ts";
import { simplifyConditions, simplifyExpr } from "../ops/algebra.ts";
import { MONOIDS } from "../ops/monoid.ts";
import type { Pass } from "./pass.ts";

export const simplify: Pass = {
  name: "simplify",
  doc: "Folds constants, uses the ranges of indices, and removes indices that a reduction does not need.",
  run(graph) {
    const values = valuesById(graph);
    return { ...graph, values: graph.values.map((value) => simpleValue(value, values)) };
  },
};

function simpleValue(value: Value, values: ReadonlyMap<ValueId, Value>): Value {
  const known = knownIn(value, values);
  if (value.kind !== "equation" || !value.reduce) return mapExpressions(value, (expr) => simplifyExpr(expr, known));
  const conditions = simplifyConditions(conjuncts(value.reduce.where), known);
  const body = simplifyExpr(value.body, known, conditions);
  return simpleReduction(withoutPinned({ ...value, body, reduce: reducedWhere(value.reduce, conditions) }, values), values);
}

/** What a value's expressions may take for granted. */
export function knownIn(value: Value, values: ReadonlyMap<ValueId, Value>): Known {
  return knownOver(indexSizes(value), (id) => values.get(id));
}

/** The same of expressions over indices of these sizes. */
export function knownOver(sizes: readonly Dim[], valueOf: (id: ValueId) => Value | undefined): Known {
  const rangeOf = (id: ValueId): Dim | undefined => {
    const read = valueOf(id);
    return read?.kind === "input" ? read.range : undefined;
  };
  return { ...knownSizes(sizes), rangeOf };
}

/**
 * A reduced index that the predicate sets is replaced by what it is set to; a sum's `if` counts as a predicate then:
 *
 *     sum[v: N] if v == target[b] then x[b, v] else 0   →   if 0 <= target[b] and target[b] < N then x[b, target[b]] else 0
 */
function withoutPinned(value: Equation, values: ReadonlyMap<ValueId, Value>): Equation {
  const { monoid, sizes, where } = value.reduce!;
  if (MONOIDS[monoid].positional) return value;
  const rank = value.shape.length;
  const chosen = isOp(value.body, "select") && monoid === "sum" && isConst(value.body.args[2]!, 0) ? value.body.args : undefined;
  const conditions = [...conjuncts(where), ...conjuncts(chosen?.[0])];
  for (const [place, condition] of conditions.entries()) {
    if (!isOp(condition, "ieq")) continue;
    const [a, b] = condition.args as [Expr, Expr];
    const [pinned, to] = a.kind === "index" && a.at >= rank ? [a, b] : [b, a];
    if (pinned.kind !== "index" || pinned.at < rank || dependsOn(to, new Set([pinned.at]))) continue;
    const extent = size(sizes[pinned.at - rank]!);
    const range = [apply("ile", int(0), to), apply("ilt", to, extent)];
    const put = (expr: Expr): Expr => substituteIndices(expr, (at) => (at === pinned.at ? to : undefined));
    const left = [...conditions.slice(0, place).filter((other) => !dependsOn(other, new Set([pinned.at]))), ...range];
    const rest = conditions.filter((other, at) => at !== place && !left.includes(other)).map(put);
    // The index stays with one value, 0; what follows removes it.
    const one = sizes.map((old, k) => (rank + k === pinned.at ? dims.ONE : old));
    const moved = { ...value, body: put(chosen ? chosen[1]! : value.body), reduce: { monoid, sizes: one, where: conjunction([...left, ...rest]) } };
    const simple = simpleValue(moved, values);
    return simple.kind === "equation" ? simple : moved;
  }
  return value;
}

/**
 *     sum[i: 1] f(i)         →  f(0)
 *     sum[i: n] f            →  n * f
 *     max[i: 4] f            →  f
 *     sum[i where false] …   →  0
 */
function simpleReduction(value: Equation, values: ReadonlyMap<ValueId, Value>): Equation {
  if (!value.reduce) return value;
  const { monoid, sizes, where } = value.reduce;
  const { positional, idempotent, identity } = MONOIDS[monoid];
  const operand = typeOf(value.body, (id) => values.get(id)!.type);
  if ((where && isConst(where, 0)) || sizes.some((extent) => extent.length === 0)) return asMap(value, constantOf(value.type, positional ? 0 : identity(operand)));
  if (positional) return dims.asNumber(sizes[0]!) === 1 ? asMap(value, int(0)) : value;

  const rank = value.shape.length;
  const kept: number[] = [], repeated: Dim[] = [];
  for (const [k, extent] of sizes.entries()) {
    const number = dims.asNumber(extent);
    const at = new Set([rank + k]);
    const used = dependsOn(value.body, at) || (where !== undefined && dependsOn(where, at));
    if (number === 1) continue;
    if (!used && monoid === "sum") repeated.push(extent);
    else if (!used && idempotent && number !== undefined) continue;
    else kept.push(k);
  }
  if (kept.length === sizes.length) return value;
  const move = (expr: Expr): Expr =>
    substituteIndices(expr, (at) => (at < rank ? undefined : kept.includes(at - rank) ? index(rank + kept.indexOf(at - rank)) : int(0)));
  const times = repeated.length > 0 ? size(dims.multiply(...repeated)) : undefined;
  const known = { ...knownIn(value, values), ...knownSizes([...value.shape, ...kept.map((k) => sizes[k]!)]) };
  const moved = simplifyExpr(times ? multiplied(move(value.body), times, operand) : move(value.body), known);
  if (kept.length > 0) {
    const reduce: Reduction = { monoid, sizes: kept.map((k) => sizes[k]!), ...(where ? { where: simplifyExpr(move(where), known) } : {}) };
    return { ...value, body: moved, reduce };
  }
  const none = constantOf(value.type, identity(operand));
  return asMap(value, where ? simplifyExpr(apply("select", move(where), moved, none), known) : moved);
}

function constantOf(type: ScalarType, value: number): Expr {
  return type === "f32" ? real(value) : type === "i32" ? int(value) : bool(value !== 0);
}

function multiplied(body: Expr, times: Expr, type: ScalarType): Expr {
  return type === "f32" ? mul(body, apply("toReal", times)) : imul(body, times);
}

