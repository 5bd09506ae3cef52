import { expect, it } from "vitest";
import { access, apply, index, int, mul } from "../../compiler/ir/expr.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import * as dims from "../../compiler/dim.ts";
import type { Expr } from "../../compiler/ir/graph.ts";
import type { Kernel } from "../../runtime/program.ts";
import { compiledGraph } from "../support/run-graph.ts";

/** A product whose left side is read by way of that many tables, one after the other; its program's kernels. */
function kernelsThrough(tables: number): readonly Kernel[] {
  const b = new GraphBuilder("lookups");
  const [rows, depth, columns] = [dims.named("N"), dims.constant(16), dims.constant(16)];
  const x = b.input("x", "f32", [rows, depth]);
  const w = b.input("w", "f32", [depth, columns]);
  const table = b.input("table", "i32", [depth]);
  let place: Expr = index(2);
  for (let at = 0; at < tables; at++) place = access(table, apply("imod", place, int(16)));
  b.output("y", b.sum("y", [rows, columns], [depth], mul(access(x, index(0), place), access(w, index(2), index(1)))));
  return compiledGraph(b.build(), { N: 64 }).program.kernels;
}

it("a product's text does not multiply with the lookups by which an operand is read", () => {
  const [few, many] = [kernelsThrough(2), kernelsThrough(12)];
  expect(many.map(({ name }) => name)).toEqual(few.map(({ name }) => name));
  expect(few.map(({ name }) => name)).toEqual(["contract_y"]);
  const length = (kernels: readonly Kernel[]): number => kernels.reduce((sum, { wgsl }) => sum + wgsl.length, 0);
  expect(length(many)).toBeLessThan(4 * length(few));
});
