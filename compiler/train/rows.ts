/** The rows of a batch, which micro-batches divide among them. */
import { named, type Dim } from "../dim.ts";
import { sizeNames } from "../../runtime/size.ts";
import { isOp } from "../ir/expr.ts";
import type { ApplyExpr, Expr } from "../ir/graph.ts";

const NAME = "B";

export const ROWS: Dim = named(NAME);

export const mentionsRows = (dim: Dim): boolean => sizeNames(dim).includes(NAME);

/** Divides by a product of sizes, the rows among them. Other sizes are the same in every micro-batch. */
export function isMean(expr: Expr): expr is ApplyExpr {
  const [, count] = isOp(expr, "div") ? expr.args : [];
  return count !== undefined && isOp(count, "toReal") && count.args[0]?.kind === "size" && mentionsRows(count.args[0].dim);
}
