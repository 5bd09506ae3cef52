/**
 * The rows that choose, sorted by what they chose, each choice's in whole tiles:
 *
 *     choice    1 0 1 1 2            TILE = 2, three choices, n = 5 rows
 *     sorted    1 _ | 0 2 | 3 _ | 4 _      the rows of choice 0, then those of 1 in two tiles, then those of 2
 *
 * A tile's rows meet one matrix. None is dropped, whatever was chosen; at most TILE - 1 places for each choice stay empty. It is all
 * written as equations: counting sort is a prefix sum, and its inverse a search in that.
 */
import * as dims from "../../dim.ts";
import type { Dim } from "../../dim.ts";
import { access, apply, iadd, idiv, imod, imul, index, int, isub, select, size } from "../../ir/expr.ts";
import type { Equation, Expr, Value } from "../../ir/graph.ts";
import { flat } from "./flat.ts";
import type { Made } from "./made.ts";

/** Few enough to leave little empty, enough for a tile of a product's kernel. */
export const TILE = 32;

export interface SortedRows {
  /** Places: the tiles' rows, one behind the other. */
  readonly places: Dim;
  readonly tiles: Dim;
  readonly rows: Dim;
  /** [tiles]: what the tile's rows chose. */
  readonly chosen: Equation;
  /** [choices + 1]: the first tile of each choice. */
  readonly first: Equation;
  /** Rows of a choice. */
  readonly count: (choice: Expr) => Expr;
  /** [places]: the row that stands there, or `rows` where none does. */
  readonly source: Equation;
  /** Of the shape of `choice`: the tile in which a row stands, and where in it. */
  readonly tile: Equation;
  readonly within: Equation;
  /** The row's indices, from its number. */
  readonly indicesOf: (row: Expr) => readonly Expr[];
}

const TILE_SIZE = int(TILE);

export function sortedRows(choice: Value, choices: Dim, made: Made): SortedRows {
  const { shape, name } = choice;
  const { rows, indicesOf, numberOf } = flat(shape);
  const tiles = dims.quotient("floor", dims.add(rows, dims.scale(choices, TILE - 1)), dims.constant(TILE));
  const places = dims.scale(tiles, TILE);
  const [i0, i1, i2] = [index(0), index(1), index(2)];

  // How many rows up to this one chose that.
  const chose = apply("ieq", access(choice, ...indicesOf(i2)), i1);
  const upto = made.equation(`${name}.upto`, "i32", [rows, choices], select(chose, int(1), int(0)), { monoid: "sum", sizes: [rows], where: apply("ile", i2, i0) });
  const count = (e: Expr): Expr => select(apply("ilt", int(0), size(rows)), access(upto, isub(size(rows), int(1)), e), int(0));
  const filled = idiv(iadd(count(i1), int(TILE - 1)), TILE_SIZE);
  const first = made.equation(`${name}.first`, "i32", [dims.add(choices, dims.ONE)], filled, { monoid: "sum", sizes: [choices], where: apply("ilt", i1, i0) });
  const begun = apply("ile", access(first, iadd(i1, int(1))), i0);
  const chosen = made.equation(`${name}.chosen`, "i32", [tiles], int(1), { monoid: "sum", sizes: [dims.subtract(choices, dims.ONE)], where: begun });

  const expert = access(chosen, idiv(i0, TILE_SIZE));
  const before = isub(i0, imul(access(first, expert), TILE_SIZE));
  const source = made.equation(`${name}.source`, "i32", [places], int(1), { monoid: "sum", sizes: [rows], where: apply("ile", access(upto, i1, expert), before) });

  const at = shape.map((_, axis) => index(axis));
  const own = access(choice, ...at);
  const rank = isub(access(upto, numberOf(at), own), int(1));
  const tile = made.equation(`${name}.tile`, "i32", shape, iadd(access(first, own), idiv(rank, TILE_SIZE)));
  const within = made.equation(`${name}.within`, "i32", shape, imod(rank, TILE_SIZE));
  return { places, tiles, rows, chosen, first, count, source, tile, within, indicesOf };
}
