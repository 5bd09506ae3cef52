import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access } from "../../compiler/ir/expr.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { MONOIDS, type MonoidName } from "../../compiler/ops/monoid.ts";
import { draws } from "../../runtime/random/philox.ts";

/** What each means, said without folding. */
const MEANING: { readonly [Name in MonoidName]: (terms: readonly number[]) => number } = {
  sum: (terms) => terms.reduce((a, b) => a + b, 0),
  max: (terms) => [...terms].sort((a, b) => b - a)[0]!,
  min: (terms) => [...terms].sort((a, b) => a - b)[0]!,
  any: (terms) => +terms.some(Boolean),
  all: (terms) => +terms.every(Boolean),
  argmax: (terms) => terms.indexOf(Math.max(...terms)),
  argmin: (terms) => terms.indexOf(Math.min(...terms)),
};

const random = draws(11);

describe.each(Object.keys(MONOIDS) as MonoidName[])("%s", (name) => {
  const monoid = MONOIDS[name];
  describe.each(monoid.operands)("of %s", (operand) => {
    const term = (): number => (operand === "bool" ? random.below(2) : operand === "i32" ? random.below(7) - 3 : Math.round(random.normal() * 4) / 4 + 0);
    test("has an identity and associates", () => {
      for (let trial = 0; trial < 100; trial++) {
        const [a, b, c] = [term(), term(), term()];
        expect(monoid.combine(monoid.identity(operand), a)).toBe(a);
        expect(monoid.combine(monoid.combine(a, b), c)).toBe(monoid.combine(a, monoid.combine(b, c)));
        if (monoid.idempotent) expect(monoid.combine(a, a)).toBe(a);
      }
    });
    test.each([1, 2, 7])("reduces %i terms of a row to what it means", (n) => {
      const b = new GraphBuilder("reduce");
      const x = b.input("x", operand, [3, "n"]);
      b.output("y", b.reduce(name, "y", [3], ["n"], (r, i) => access(x, r!, i!)));
      const graph = b.build();
      expect(verify(graph)).toEqual([]);
      const data = Array.from({ length: 3 * n }, term);
      const { data: found } = interpret(graph, { sizes: { n }, inputs: { x: data } }).outputs.y!;
      expect([...found]).toEqual([0, 1, 2].map((r) => MEANING[name](data.slice(r * n, (r + 1) * n))));
    });
    test("of no terms is its identity, or position 0", () => {
      const b = new GraphBuilder("none");
      const x = b.input("x", operand, ["n"]);
      b.output("y", b.reduce(name, "y", [], ["n"], (i) => access(x, i!)));
      const found = interpret(b.build(), { sizes: { n: 0 }, inputs: { x: [] } }).outputs.y!.data[0];
      expect(found).toBe(monoid.positional ? 0 : monoid.identity(operand));
    });
  });
});
