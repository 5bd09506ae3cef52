/**
 * Sums over the points at which a computed field names a row of the result, the gradient of a table that was looked up by it, go along
 * a list of the points sorted by row, so that each point is met once and not once for every row:
 *
 *     dw[v, i] = sum[b, t where noisy[b, t] == v] dy[b, t, i]
 *
 *     place[b, t] = sum[c, u where noisy[c, u] < noisy[b, t] or noisy[c, u] == noisy[b, t] and c*T + u < b*T + t] 1
 *     order[p] = sum[b, t where place[b, t] == p] b*T + t
 *     dw[v, i] = sum[p where first[v] <= p and p < first[v + 1]] dy[b of order[p], t of order[p], i]
 *
 * where `first[v]`, the number of points of rows before v, is counted for every 64th row, and from there along the sorted list:
 *
 *     block[h] = sum[b, t where noisy[b, t] < 64*h] 1
 *     row[p] = noisy[b of order[p], t of order[p]]
 *     first[v] = block[v / 64] + sum[p where block[v / 64] <= p and p < block[v / 64 + 1] and row[p] < v] 1
 *
 * A field of the batch is sorted by the host instead (kernels/scatter.ts). Either list has all points of the field, and a sum over a part
 * of them leaves the others out.
 */
import * as dims from "../dim.ts";
import type { Dim } from "../dim.ts";
import { access, apply, conjunction, conjuncts, iadd, idiv, imul, index, int, substituteIndices } from "../ir/expr.ts";
import type { Equation, Expr } from "../ir/graph.ts";
import { hasLoops, valuesById } from "../ir/walk.ts";
import { overAll, scatterMatch } from "../kernels/scatter.ts";
import { flat } from "./group/flat.ts";
import { Made } from "./group/made.ts";
import type { Pass } from "./pass.ts";

/** Elements of a result that are as well found by looking at every point. */
const FEW = 1024;

/** Rows that share a count of the points before them. */
const BLOCK = 64;

export const sort: Pass = {
  name: "sort",
  doc: "Sorts the points of a sum by the row of the result that a computed field names.",
  run(graph) {
    // Within a loop every value has the loop's time, and points of different times never meet.
    const loops = hasLoops(graph);
    const [values, made] = [valuesById(graph), new Made(graph)];
    return {
      ...graph,
      values: graph.values.flatMap((value) => {
        const found = value.kind === "equation" ? scatterMatch(value) : undefined;
        const field = found && values.get(found.input)!;
        if (field?.kind === "input") return [overAll(value as Equation, field.shape)];
        const sorted = field?.kind === "equation" && !loops ? alongSorted(value as Equation, field, made) : undefined;
        return sorted ? [...made.taken(), sorted] : [value];
      }),
    };
  },
};

function alongSorted(summed: Equation, field: Equation, made: Made): Equation | undefined {
  if (summed.type !== "f32" || summed.reduce?.monoid !== "sum" || isSmall(summed.shape)) return undefined;
  const value = overAll(summed, field.shape);
  const found = scatterMatch(value)!;
  const { rows, indicesOf } = flat(field.shape);
  const { first, order } = sortedPoints(field, value.shape[found.axis]!, made);

  const rank = value.shape.length;
  const [row, place] = [index(found.axis), index(rank)];
  const point = indicesOf(access(order, place));
  const moved = (expr: Expr): Expr => substituteIndices(expr, (at) => (at < rank ? undefined : point[at - rank]));
  const others = conjuncts(value.reduce!.where).filter((conjunct) => conjunct !== found.match).map(moved);
  return { ...value, body: moved(value.body), reduce: { monoid: "sum", sizes: [rows], where: conjunction([...inPart(place, first, row), ...others]) } };
}

/** That a place of the sorted list is one of part `at`, where `starts` has where each part begins, and one more. */
function inPart(place: Expr, starts: Equation, at: Expr): readonly Expr[] {
  return [apply("ile", access(starts, at), place), apply("ilt", place, access(starts, iadd(at, int(1))))];
}

/** `first` [choices + 1]: where the points of each row begin; `order` [points]: the points, by row and within by number. */
function sortedPoints(field: Equation, choices: Dim, made: Made): { readonly first: Equation; readonly order: Equation } {
  const { rows, numberOf, indicesOf } = flat(field.shape);
  const indicesFrom = (at: number): readonly Expr[] => field.shape.map((_, axis) => index(at + axis));
  const equation = (name: string, shape: readonly Dim[], body: Expr, reduce?: Equation["reduce"]): Equation => made.equation(`${field.name}.${name}`, "i32", shape, body, reduce);
  // Along the field's own axes: a point's number is cheap to make, its indices take divisions.
  const overPoints = (where: Expr): Equation["reduce"] => ({ monoid: "sum", sizes: field.shape, where });

  const [own, other] = [indicesFrom(0), indicesFrom(field.shape.length)];
  const [ownRow, otherRow] = [access(field, ...own), access(field, ...other)];
  const earlier = conjunction([apply("ieq", otherRow, ownRow), apply("ilt", numberOf(other), numberOf(own))]);
  const place = equation("place", field.shape, int(1), overPoints(apply("or", apply("ilt", otherRow, ownRow), earlier)));
  const order = equation("order", [rows], numberOf(indicesFrom(1)), overPoints(apply("ieq", access(place, ...indicesFrom(1)), index(0))));

  const blocks = dims.add(dims.quotient("floor", choices, dims.constant(BLOCK)), dims.constant(2));
  const block = equation("block", [blocks], int(1), overPoints(apply("ilt", access(field, ...indicesFrom(1)), imul(int(BLOCK), index(0)))));
  const row = equation("row", [rows], access(field, ...indicesOf(access(order, index(0)))));
  const mine = idiv(index(0), int(BLOCK));
  const within = [...inPart(index(1), block, mine), apply("ilt", access(row, index(1)), index(0))];
  const inBlock = equation("first.within", [dims.add(choices, dims.ONE)], int(1), { monoid: "sum", sizes: [rows], where: conjunction(within) });
  const first = equation("first", inBlock.shape, iadd(access(block, mine), access(inBlock, index(0))));
  return { first, order };
}

function isSmall(shape: readonly Dim[]): boolean {
  const elements = dims.asNumber(dims.multiply(...shape));
  return elements !== undefined && elements <= FEW;
}
