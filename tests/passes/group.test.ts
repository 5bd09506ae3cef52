/** Products with a matrix chosen for each row, sorted by what is chosen: equal to what they were, in f64, and of few enough points. */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../compiler/dim.ts";
import type { Graph, Value } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { indexSizes } from "../../compiler/ir/walk.ts";
import { contraction } from "../../compiler/passes/fuse/contraction.ts";
import { group } from "../../compiler/passes/group.ts";
import { TILE } from "../../compiler/passes/group/rows.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { CHOICES, expertGraph, expertBindings } from "../support/experts.ts";

const passed = (graph: Graph): Graph => GRAPH_PASSES.reduce((before, pass) => pass.run(before), graph);
const products = ({ values }: Graph): Value[] => values.filter((value) => value.kind === "equation" && contraction(value) !== undefined);
const made = ({ values }: Graph, what: string): number => values.filter(({ name }) => name.endsWith(`.${what}`)).length;

describe("group", () => {
  for (const [name, choose] of Object.entries(CHOICES))
    for (const tokens of [0, 1, 7, 40, 75])
      it(`equals the equations as written: ${tokens} tokens, ${name}`, () => {
        const graph = expertGraph();
        const after = passed(graph);
        expect(verify(after)).toEqual([]);
        expect(made(after, "tiles")).toBeGreaterThan(0);
        const bindings = expertBindings(graph, tokens, choose);
        const [wanted, got] = [interpret(graph, bindings).outputs, interpret(after, bindings).outputs];
        for (const [output, { data }] of Object.entries(wanted))
          for (const [at, value] of data.entries()) expect(Math.abs(got[output]!.data[at]! - value), `${output}[${at}]`).toBeLessThan(1e-9);
      });

  it("takes seven products where nothing is known twice, and sorts each operand once", () => {
    const after = passed(expertGraph());
    // Up, down and the gradients of their inputs; the weights' gradients; the shares' is one of those taken along.
    expect(products(after).map(({ name }) => name).filter((name) => name.endsWith(".tiles")).length).toBe(4);
    expect(products(after).filter((value) => value.kind === "equation" && value.reduce!.where).length).toBe(2);
    expect(made(after, "upto")).toBe(1);
  });

  it("takes as many points as the rows that choose, and at most a tile for each choice", () => {
    const after = passed(expertGraph());
    const sizes = { T: 1000 };
    const rows = 2 * sizes.T, experts = 4, d = 8, ff = 12;
    for (const value of products(after).filter(({ name }) => name.endsWith(".tiles"))) {
      const points = indexSizes(value).reduce((product, dim) => product * evaluate(dim, sizes), 1);
      expect(points / (d * ff)).toBeGreaterThanOrEqual(rows);
      expect(points / (d * ff)).toBeLessThan(rows + experts * TILE);
    }
  });

  it("leaves alone what is a product already, and tables that are looked up", () => {
    const graph = expertGraph("forward(x: [T, d], choice: index(experts)[T], scores: [T, experts], share: [T, 2]) -> [T, ff] {\n    y[t,f] = side[choice[t],0,f]\n    return y\n  }");
    expect(made(group.run(graph), "tiles")).toBe(0);
  });
});
