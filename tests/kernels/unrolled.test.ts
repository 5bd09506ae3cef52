import { expect, it } from "vitest";
import { access, identityAccess } from "../../compiler/ir/expr.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import * as dims from "../../compiler/dim.ts";
import { compiledGraph } from "../support/run-graph.ts";

/** How often the term of a sum over axes of these lengths stands in its kernel. */
function terms(...lengths: readonly number[]): number {
  const b = new GraphBuilder("sums");
  const x = b.input("x", "f32", [dims.named("N"), ...lengths.map(dims.constant)]);
  const sizes = lengths.map(dims.constant);
  const y = b.sum("y", [dims.named("N")], sizes, identityAccess(x));
  b.output("y", b.map("z", [dims.named("N")], access(y, { kind: "index", at: 0 })));
  const wgsl = compiledGraph(b.build(), { N: 2 }).program.kernels.map(({ wgsl }) => wgsl).join("\n");
  return wgsl.split("+=").length - 1;
}

it("short loops are written out, but not into code that a driver compiles for seconds", () => {
  expect(terms(3)).toBe(3);
  expect(terms(3, 3)).toBe(9);
  expect(terms(3, 3, 3)).toBe(9);
  expect(terms(2, 2, 2)).toBe(8);
  expect(terms(4, 3)).toBe(3);
  expect(terms(3, 3, 7)).toBe(9);
  expect(terms(1000)).toBe(1);
});
