/**
 * Recognising a contraction: a sum of a product whose factors fall into a left side (rows × depth) and a right side
 * (depth × columns), told apart by the indices they depend on. Indices of both sides that survive are the batch.
 */
import type { Equation, Expr } from "../../ir/graph.ts";
import { accessesIn, factorsOf, indicesIn } from "../../ir/expr.ts";

export interface Contraction {
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** Reduced indices. */
  readonly depth: readonly number[];
  /** Products of them are the body; constants and factors without a column index are on the left. */
  readonly left: readonly Expr[];
  readonly right: readonly Expr[];
  /** i32: for each batch the depth ends there, where it is less than the whole. The batches are taken to share the whole out among them. */
  readonly end?: Expr;
}

/** Asked for again wherever a value might be recomputed. */
const known = new WeakMap<Equation, { readonly found: Contraction | undefined }>();

export function contraction(equation: Equation): Contraction | undefined {
  let entry = known.get(equation);
  if (!entry) known.set(equation, (entry = { found: contractionOf(equation) }));
  return entry.found;
}

function contractionOf(equation: Equation): Contraction | undefined {
  const { reduce, shape, body } = equation;
  if (!reduce || reduce.monoid !== "sum" || equation.type !== "f32" || shape.length === 0) return undefined;
  const end = reduce.where && endOf(equation);
  if (reduce.where && !end) return undefined;
  const factors = factorsOf(body).map((expr) => ({ expr, indices: new Set(indicesIn(expr)) }));
  const depth = reduce.sizes.map((_, at) => shape.length + at);
  const isDeep = (indices: ReadonlySet<number>): boolean => depth.some((index) => indices.has(index));
  const deep = factors.filter(({ indices }) => isDeep(indices));
  if (deep.length < 2) return undefined;

  // The right side grows from a factor with the last axis that some other deep factor lacks.
  const axes = shape.map((_, at) => at);
  const lastColumn = [...axes].reverse().find((axis) => deep.some(({ indices }) => indices.has(axis)) && deep.some(({ indices }) => !indices.has(axis)));
  if (lastColumn === undefined) return undefined;
  const right = deep.filter(({ indices }) => indices.has(lastColumn));
  const left = deep.filter(({ indices }) => !indices.has(lastColumn));
  const has = (side: typeof deep, axis: number): boolean => side.some(({ indices }) => indices.has(axis));

  const rows = axes.filter((axis) => has(left, axis) && !has(right, axis));
  const columns = axes.filter((axis) => has(right, axis) && !has(left, axis));
  const batch = axes.filter((axis) => has(left, axis) && has(right, axis));
  if (rows.length === 0 || columns.length === 0 || rows.length + columns.length + batch.length !== axes.length) return undefined;
  if (!depth.every((index) => has(left, index) || has(right, index))) return undefined;
  if (!depth.some((index) => has(left, index) && has(right, index))) return undefined;

  const shallow = factors.filter(({ indices }) => !isDeep(indices));
  const onRight = shallow.filter(({ indices }) => columns.some((axis) => indices.has(axis)));
  const onLeft = shallow.filter((factor) => !onRight.includes(factor));
  if (onRight.some(({ indices }) => rows.some((axis) => indices.has(axis)))) return undefined;
  if (end && indicesIn(end).some((index) => !batch.includes(index))) return undefined;
  return {
    batch, rows, columns, depth,
    left: [...left, ...onLeft].map(({ expr }) => expr),
    right: [...right, ...onRight].map(({ expr }) => expr),
    ...(end && { end }),
  };
}

/** `where k < end` of the only reduced index, `end` read from memory. */
function endOf({ shape, reduce }: Equation): Expr | undefined {
  const { where, sizes } = reduce!;
  if (where?.kind !== "apply" || where.op !== "ilt" || sizes.length !== 1) return undefined;
  const [k, end] = where.args as [Expr, Expr];
  return k.kind === "index" && k.at === shape.length && accessesIn(end).length > 0 ? end : undefined;
}
