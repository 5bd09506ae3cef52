/** Every scalar operation and every monoid as a kernel, against its meaning in f64. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, apply, index, real, select } from "../../compiler/ir/expr.ts";
import type { Expr, Graph, InputLeaf, ScalarType } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { MONOIDS, type MonoidName } from "../../compiler/ops/monoid.ts";
import { SCALAR_OPS, type ScalarOpName } from "../../compiler/ops/scalar.ts";
import { draws } from "../../runtime/random/philox.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

const LENGTHS = [1, 7, 63, 64, 65];
const random = draws(31);

function term(type: ScalarType): number {
  if (type === "bool") return random.below(2);
  if (type === "i32") return random.below(41) - 20;
  return Math.fround(random.normal() * 3);
}

async function run(graph: Graph, bindings: Bindings): Promise<{ got: ArrayLike<number>; wanted: Float64Array }> {
  const got = await runGraph(await gpuDevice(), compiledGraph(graph, bindings.sizes), graph, bindings);
  return { got: got.y!, wanted: interpret(graph, bindings).outputs.y!.data };
}

/** As a real, whatever its type: outputs are told apart by it. */
function shown(expr: Expr, type: ScalarType): Expr {
  return type === "bool" ? select(expr, real(1), real(0)) : type === "i32" ? apply("toReal", expr) : expr;
}

/** y[i] = op(a[i], b[i], …), a type of the operation's choosing being `any`. */
function opGraph(name: ScalarOpName, any: ScalarType): Graph {
  const { args, result } = SCALAR_OPS[name];
  const b = new GraphBuilder("run");
  const given = args.map((type, at) => b.input(`x${at}`, type === "any" ? any : type, ["n"]));
  const expr = apply(name, ...given.map((leaf) => access(leaf, index(0))));
  b.output("y", b.map("y", ["n"], shown(expr, result === "any" ? any : result)));
  return b.build();
}

function expectClose(got: ArrayLike<number>, wanted: Float64Array, what: string): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((value, at) => {
    if (!Number.isFinite(value) || Math.abs(value) > 3e38) return; // left open: what is made of it may differ between adapters
    expect(Math.abs(got[at]! - value), `${what}[${at}]: got ${got[at]}, wanted ${value}`).toBeLessThanOrEqual(2e-6 + 1e-5 * Math.abs(value));
  });
}

describeGpu("scalar operations on the adapter", () => {
  test.each(Object.keys(SCALAR_OPS) as ScalarOpName[])("%s", async (name) => {
    for (const any of name === "select" ? (["f32", "i32", "bool"] as const) : (["f32"] as const)) {
      const graph = opGraph(name, any);
      const inputs = graph.values.filter((value): value is InputLeaf => value.kind === "input");
      for (const n of name === "mul" ? LENGTHS : [65]) {
        const fields = Object.fromEntries(inputs.map((leaf) => [leaf.field, Array.from({ length: n }, () => term(leaf.type))]));
        const divisor = fields.x1;
        if (divisor && (name === "idiv" || name === "imod")) fields.x1 = divisor.map((value) => Math.abs(value) + 1);
        const { got, wanted } = await run(graph, { sizes: { n }, inputs: fields });
        expectClose(got, wanted, name);
      }
    }
  });

  test.each<[ScalarOpName, readonly (readonly [number, ...number[]])[]]>([
    ["tanh", [[1000], [-1000], [88.9], [0]]],
    ["erf", [[50], [-50], [3.9], [1e-3], [0]]],
    ["exp", [[-1000], [-87], [80]]],
    ["pow", [[-2, 3], [-2, 2], [-2, -1], [0, 0], [-1.5, 0], [2, 0.5], [10000, -0.75]]],
    ["finite", [[1], [3e38], [Infinity], [-Infinity], [NaN]]],
    ["idiv", [[-7, 3], [-6, 3], [7, 3], [-1, 5], [-2147483647, 2]]],
    ["imod", [[-7, 3], [-6, 3], [7, 3], [-1, 5], [-2147483647, 2]]],
  ])("%s at the edges", async (name, points) => {
    const fields = Object.fromEntries(points[0]!.map((_, arg) => [`x${arg}`, points.map((point) => point[arg]!)]));
    const { got, wanted } = await run(opGraph(name, "f32"), { sizes: { n: points.length }, inputs: fields });
    expectClose(got, wanted, name);
  });
});

describeGpu("monoids on the adapter", () => {
  const cases = (Object.keys(MONOIDS) as MonoidName[]).flatMap((name) => MONOIDS[name].operands.map((operand) => [name, operand] as const));
  test.each(cases)("%s of %s", async (name, operand) => {
    const b = new GraphBuilder("run");
    const x = b.input("x", operand, [3, "n"]);
    const y = b.reduce(name, "row", [3], ["n"], (r, i) => access(x, r!, i!));
    b.output("y", b.map("y", [3], (r) => shown(access(y, r!), y.type)));
    const graph = b.build();
    for (const n of LENGTHS) {
      const { got, wanted } = await run(graph, { sizes: { n }, inputs: { x: Array.from({ length: 3 * n }, () => term(operand)) } });
      expectClose(got, wanted, `${name} over ${n}`);
    }
  });
});
