import * as dims from "../../dim.ts";
import type { Dim } from "../../dim.ts";
import { iadd, idiv, imod, imul, size } from "../../ir/expr.ts";
import type { Expr } from "../../ir/graph.ts";

/** The elements of a shape in their order in memory, as rows with one number. */
export interface Flat {
  readonly rows: Dim;
  /** An element's indices from its number, and the other way round. */
  readonly indicesOf: (row: Expr) => readonly Expr[];
  readonly numberOf: (indices: readonly Expr[]) => Expr;
}

export function flat(shape: readonly Dim[]): Flat {
  const strides = shape.map((_, axis) => dims.multiply(...shape.slice(axis + 1)));
  return {
    rows: dims.multiply(...shape),
    indicesOf: (row) =>
      shape.map((extent, axis) => {
        const divided = dims.asNumber(strides[axis]!) === 1 ? row : idiv(row, size(strides[axis]!));
        return axis === 0 ? divided : imod(divided, size(extent));
      }),
    numberOf: (indices) => indices.map((at, axis) => imul(at, size(strides[axis]!))).reduce(iadd),
  };
}
