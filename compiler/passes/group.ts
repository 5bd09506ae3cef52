/**
 * Products whose matrix is chosen for each row become products of tiles of rows that chose the same one, so that they cost what
 * a product with one matrix costs, however many there are to choose from. Before and after, with rows sorted as in `group/rows.ts`:
 *
 *     y[b, t, j, f] = sum[i] x[b, t, i] * w[choice[b, t, j], i, f]
 *
 *     x.sorted[p, i] = if source[p] < rows then x[b of source[p], t of source[p], i] else 0
 *     y.tiles[q, r, f] = sum[i] x.sorted[q * TILE + r, i] * w[chosen[q], i, f]
 *     y[b, t, j, f] = y.tiles[tile[b, t, j], within[b, t, j], f]
 *
 * and the gradient of such a matrix becomes a product over the rows that stand together:
 *
 *     dw[e, i, f] = sum[b, t, j where choice[b, t, j] == e] x[b, t, i] * dy[b, t, j, f]
 *     →   dw[e, i, f] = sum[s: rows where s < count[e]] x.sorted[first[e] * TILE + s, i] * dy.sorted[first[e] * TILE + s, f]
 */
import * as dims from "../dim.ts";
import type { Dim } from "../dim.ts";
import { access, apply, iadd, imul, index, indicesIn, int, mul, real, select, size, substituteIndices } from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Graph, Reduction, Value, ValueId } from "../ir/graph.ts";
import { hasLoops, indexSizes, valuesById } from "../ir/walk.ts";
import { contraction } from "./fuse/contraction.ts";
import { Made } from "./group/made.ts";
import { type RoutedGradient, routedGradient, type RoutedProduct, routedProducts } from "./group/routed.ts";
import { type SortedRows, sortedRows, TILE } from "./group/rows.ts";
import type { Pass } from "./pass.ts";

export const group: Pass = {
  name: "group",
  doc: "Sorts the rows of a product by the matrix that each chooses, and takes the product tile by tile.",
  run(graph) {
    // Within a loop every value has the loop's time, and rows of different times never meet.
    if (hasLoops(graph)) return graph;
    const grouping = new Grouping(graph);
    return { ...graph, values: graph.values.flatMap((value) => grouping.grouped(value)) };
  },
};

/** The value that an equation of this pass stands for, by name. */
export function ungrouped(name: string): string {
  return name.replace(/\.(sorted|tiles)$/, "");
}

class Grouping {
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly made: Made;

  constructor(graph: Graph) {
    this.values = valuesById(graph);
    this.made = new Made(graph);
  }

  /** The value as it was, or after the equations that it is now read from. */
  grouped(value: Value): readonly Value[] {
    if (value.kind !== "equation" || !value.reduce) return [value];
    const gradient = routedGradient(value, this.values);
    const instead = gradient ? this.gradient(value, gradient) : this.product(value);
    return instead ? [...this.made.taken(), instead] : [value];
  }

  private rowsOf(choice: AccessExpr, choices: Dim): SortedRows {
    return sortedRows(this.values.get(choice.value)!, choices, this.made);
  }

  private product(value: Equation): Equation | undefined {
    const ways = routedProducts(value, this.values);
    const [first] = ways;
    if (!first || contraction(value)) return undefined;
    const weight = this.values.get(first.weight.value)!;
    const rows = this.rowsOf(first.choice, weight.shape[first.axis]!);
    const plans = ways.map((way) => ({ way, ...this.tilesOf(value, way, rows) }));
    // A sum over all axes of the matrix is one that exists already, taken along one axis, or any.
    const { way, name, shape, body, reduce } = plans.find((plan) => this.made.has("f32", plan.shape, plan.body, plan.reduce)) ?? plans[0]!;
    const tiles = this.made.equation(name, "f32", shape, body, reduce);

    const gone = new Set(way.depth.map((at) => indexOf(way.weight.slots[at]!)));
    const rank = value.shape.length;
    const left = value.reduce!.sizes.flatMap((_, at) => (gone.has(rank + at) ? [] : [rank + at]));
    const read = access(tiles, access(rows.tile, ...way.choice.slots), access(rows.within, ...way.choice.slots), ...way.columns.map((at) => way.weight.slots[at]!));
    const renumbered = substituteIndices([...way.outside, read].reduce(mul), (at) => (at < rank ? undefined : index(rank + left.indexOf(at))));
    const { reduce: before, ...map } = value;
    return left.length === 0 ? { ...map, body: renumbered } : { ...map, body: renumbered, reduce: { ...before!, sizes: left.map((at) => before!.sizes[at - rank]!) } };
  }

  /** The product of the sorted rows: [tiles, TILE, columns]. */
  private tilesOf(value: Equation, { choice, weight, axis, columns, depth, left }: RoutedProduct, rows: SortedRows): { name: string; shape: readonly Dim[]; body: Expr; reduce: Reduction } {
    const sizes = this.values.get(weight.value)!.shape;
    const [tile, row] = [index(0), index(1)];
    const newIndex = new Map([...columns, ...depth].map((at, k) => [at, index(2 + k)]));
    const ofOld = new Map([...newIndex].map(([at, to]) => [indexOf(weight.slots[at]!), to]));
    const place = iadd(imul(tile, int(TILE)), row);
    const factors = left.map((factor) => this.sorted(factor, choice, rows, value, place, ofOld));
    const matrix = access(weight.value, ...sizes.map((_, at) => (at === axis ? access(rows.chosen, tile) : newIndex.get(at)!)));
    return {
      name: `${value.name}.tiles`,
      shape: [rows.tiles, dims.constant(TILE), ...columns.map((at) => sizes[at]!)],
      body: [...factors, matrix].reduce(mul),
      reduce: { monoid: "sum", sizes: depth.map((at) => sizes[at]!) },
    };
  }

  private gradient(value: Equation, { choice, axis, factors }: RoutedGradient): Equation | undefined {
    const rows = this.rowsOf(choice, value.shape[axis]!);
    const rank = value.shape.length;
    const [expert, nth] = [index(axis), index(rank)];
    const place = iadd(imul(access(rows.first, expert), int(TILE)), nth);
    const axes = new Map(value.shape.map((_, at) => [at, index(at)]));
    const body = factors.map((factor) => this.sorted(factor, choice, rows, value, place, axes)).reduce(mul);
    const instead: Equation = { ...value, body, reduce: { monoid: "sum", sizes: [rows.rows], where: apply("ilt", nth, rows.count(expert)) } };
    return contraction(instead) ? instead : undefined;
  }

  /** A factor of the rows at a place in their order, read from memory where it stands sorted. `indices`: what its other indices are called there. */
  private sorted(factor: Expr, choice: AccessExpr, rows: SortedRows, value: Equation, place: Expr, indices: ReadonlyMap<number, Expr>): Expr {
    if (factor.kind === "const") return factor;
    const source = access(rows.source, index(0));
    const row = rows.indicesOf(source);
    const rowOf = new Map(choice.slots.map((slot, at) => [indexOf(slot), row[at]!]));
    const others = indicesIn(factor).filter((at) => !rowOf.has(at));
    const sizes = indexSizes(value);
    const moved = substituteIndices(factor, (at) => rowOf.get(at) ?? index(1 + others.indexOf(at)));
    const label = factor.kind === "access" ? this.values.get(factor.value)!.name : value.name;
    const made = this.made.equation(`${label}.sorted`, "f32", [rows.places, ...others.map((at) => sizes[at]!)], select(apply("ilt", source, size(rows.rows)), moved, real(0)));
    return access(made, place, ...others.map((at) => indices.get(at)!));
  }
}

function indexOf(slot: Expr): number {
  if (slot.kind !== "index") throw new Error("internal: a slot that is no index");
  return slot.at;
}
