/**
 * Recognising products with a factor that is chosen for each row by an index in memory, and the gradients of such factors:
 *
 *     y[b, t, j, f] = sum[i] x[b, t, i] * w[choice[b, t, j], i, f]
 *     dw[e, i, f] = sum[b, t, j where choice[b, t, j] == e] x[b, t, i] * dy[b, t, j, f]
 *
 * A plain product has rows that all meet the same matrix. Here the rows are the elements of `choice`, and each names its own.
 */
import { asNumber, equal, type Dim } from "../../dim.ts";
import { children, factorsOf, indicesIn } from "../../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Value, ValueId } from "../../ir/graph.ts";
import { indexSizes } from "../../ir/walk.ts";
import { scatterMatch } from "../../kernels/scatter.ts";

/** More matrices than this are a table to look up, not experts: most would have no rows. */
const MOST_CHOICES = 256;

export interface RoutedProduct {
  /** `choice[b, t, j]`; its slots are the row's indices. */
  readonly choice: AccessExpr;
  /** `w[choice[b, t, j], i, f]` */
  readonly weight: AccessExpr;
  /** The axis of the weight that is chosen along. */
  readonly axis: number;
  /** The other axes of the weight: those that the product keeps, and those that it sums over. */
  readonly columns: readonly number[];
  readonly depth: readonly number[];
  /** Factors of the sum over `depth`; they depend on the row and on `depth` alone. */
  readonly left: readonly Expr[];
  /** All others. */
  readonly outside: readonly Expr[];
}

export interface RoutedGradient {
  readonly choice: AccessExpr;
  readonly axis: number;
  readonly factors: readonly Expr[];
}

type Values = ReadonlyMap<ValueId, Value>;

/** The ways to see the equation as a product with chosen matrices; several where it sums over all of their axes. */
export function routedProducts(equation: Equation, values: Values): readonly RoutedProduct[] {
  const { reduce, type } = equation;
  if (type !== "f32" || reduce?.monoid !== "sum" || reduce.where) return [];
  const factors = factorsOf(equation.body);
  return factors.flatMap((factor) => (factor.kind === "access" ? productsWith(equation, factor, factors.filter((other) => other !== factor), values) : []));
}

function productsWith(equation: Equation, weight: AccessExpr, others: readonly Expr[], values: Values): RoutedProduct[] {
  const axis = weight.slots.findIndex(({ kind }) => kind === "access");
  const choice = weight.slots[axis];
  if (choice?.kind !== "access" || !isWhole(choice, equation, values) || !fewChoices(values.get(weight.value)!.shape[axis]!)) return [];
  const free = weight.slots.flatMap((_, at) => (at === axis ? [] : [at]));
  const rows = indicesIn(choice);
  const own = free.flatMap((at) => indexAt(weight.slots[at]!));
  if (own.length !== free.length || new Set([...own, ...rows]).size !== own.length + rows.length) return [];
  const sizes = indexSizes(equation);
  if (!free.every((at) => equal(sizes[indexAt(weight.slots[at]!)[0]!]!, values.get(weight.value)!.shape[at]!))) return [];

  const isKept = (at: number): boolean => indexAt(weight.slots[at]!)[0]! < equation.shape.length;
  const kept = free.filter(isKept);
  const summed = free.filter((at) => !isKept(at));
  const ways = kept.length > 0 ? [kept] : summed.map((at) => [at]);
  return ways.flatMap((columns) => {
    const depth = free.filter((at) => !columns.includes(at));
    const deep = depth.flatMap((at) => indexAt(weight.slots[at]!));
    const left = others.filter((factor) => indicesIn(factor).some((index) => deep.includes(index)));
    const fits = left.every((factor) => indicesIn(factor).every((index) => deep.includes(index) || rows.includes(index)));
    if (left.length === 0 || !fits) return [];
    return [{ choice, weight, axis, columns, depth, left, outside: others.filter((factor) => !left.includes(factor)) }];
  });
}

/** The gradient of a chosen matrix: a sum over the rows that chose it, of products of vectors along two or more of its axes. */
export function routedGradient(equation: Equation, values: Values): RoutedGradient | undefined {
  const { reduce, type, shape } = equation;
  const match = reduce?.monoid === "sum" && type === "f32" ? scatterMatch(equation) : undefined;
  if (!match || reduce?.where !== match.match || !fewChoices(shape[match.axis]!)) return undefined;
  const choice = children(match.match).find((side) => side.kind === "access" && side.value === match.input);
  if (choice?.kind !== "access" || !isWhole(choice, equation, values)) return undefined;
  const factors = factorsOf(equation.body);
  const axesOf = (factor: Expr): number[] => indicesIn(factor).filter((index) => index < shape.length);
  const apart = new Set(factors.map(axesOf).filter((axes) => axes.length > 0).map(String));
  return apart.size < 2 || factors.some((factor) => axesOf(factor).includes(match.axis)) ? undefined : { choice, axis: match.axis, factors };
}

/** Whether the choice is read at different indices, each of which runs through the whole axis. */
function isWhole(choice: AccessExpr, equation: Equation, values: Values): boolean {
  const { shape, type } = values.get(choice.value)!;
  const sizes = indexSizes(equation);
  const slots = choice.slots.flatMap(indexAt);
  return type === "i32" && shape.length > 0 && slots.length === shape.length && new Set(slots).size === slots.length && slots.every((index, at) => equal(sizes[index]!, shape[at]!));
}

function fewChoices(dim: Dim): boolean {
  const choices = asNumber(dim);
  return choices !== undefined && 0 < choices && choices <= MOST_CHOICES;
}

function indexAt(slot: Expr): number[] {
  return slot.kind === "index" ? [slot.at] : [];
}
