/** Every scalar operation with its gradient, and every monoid, as kernels at many lengths, against their meaning in f64. */
import { expect, test } from "vitest";
import { named } from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, apply, iadd, index, int, isub, real, select, size } from "../../compiler/ir/expr.ts";
import type { Expr, Graph, ScalarType } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { MONOIDS, type MonoidName } from "../../compiler/ops/monoid.ts";
import { SCALAR_OPS, type ScalarOpName } from "../../compiler/ops/scalar.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import { draws } from "../../runtime/random/philox.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { expectHuge } from "../support/huge.ts";
import { compiledGraph, openGraph, runGraph } from "../support/run-graph.ts";

/** Nothing, one, odd ones, around vectors, subgroups, workgroups, and beyond. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 1000, 1025, 4099];
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

/** y[i] = op(a[i], b[i], …), a type of the operation's choosing being `any`; behind it, where it has one, the gradient of each argument. */
function opGraph(name: ScalarOpName, any: ScalarType): Graph {
  const { args, result, grad } = SCALAR_OPS[name];
  const b = new GraphBuilder("run");
  const given = args.map((type, at) => b.input(`x${at}`, type === "any" ? any : type, ["n"])).map((leaf) => access(leaf, index(0)));
  const expr = apply(name, ...given);
  b.output("y", b.map("y", ["n"], shown(expr, result === "any" ? any : result)));
  if (any !== "f32" || grad === undefined) return b.build();
  const dy = access(b.input("dy", "f32", ["n"]), index(0));
  for (const [at, gained] of grad(dy, given, expr).entries()) if (gained !== undefined) b.output(`dx${at}`, b.map(`dx${at}`, ["n"], gained));
  return b.build();
}

/** y[n] = Σ op(…) over operations of the same arguments, every second argument read from the end; behind it the sum of the first arguments' gradients, if there are any. */
function together(types: readonly ScalarType[], names: readonly ScalarOpName[]): Graph {
  const b = new GraphBuilder("together");
  const fields = new Map([...new Set(types)].map((type) => [type, b.input(type, type, ["n"])]));
  const given = types.map((type, at) => access(fields.get(type)!, at % 2 === 0 ? index(0) : isub(isub(size(named("n")), int(1)), index(0))));
  const dy = access(b.input("dy", "f32", ["n"]), index(0));
  const applied = names.map((name) => [name, safeArguments(name, given)] as const);
  const sum = (terms: readonly Expr[]): Expr => terms.reduce((total, term) => apply("add", total, term));
  b.output("y", b.map("y", ["n"], sum(applied.map(([name, args]) => shown(apply(name, ...args), SCALAR_OPS[name].result === "any" ? types.at(-1)! : (SCALAR_OPS[name].result as ScalarType))))));
  const gradients = applied.flatMap(([name, args]) => (types.includes("f32") ? (SCALAR_OPS[name].grad?.(dy, args, apply(name, ...args)).find((gradient) => gradient !== undefined) ?? []) : []));
  if (gradients.length > 0) b.output("dx", b.map("dx", ["n"], sum(gradients)));
  return prunedGraph(b.build());
}

/** Moved to where an operation is defined. */
function safeArguments(name: ScalarOpName, [first, second, ...more]: readonly Expr[]): readonly Expr[] {
  const positive = (x: Expr): Expr => apply("add", apply("abs", x), real(0.5));
  if (name === "log" || name === "sqrt") return [positive(first!)];
  if (name === "toInt") return [apply("floor", apply("mul", first!, real(20)))];
  if (name === "pow") return [positive(first!), second!];
  if (name === "div") return [first!, positive(second!)];
  if (name === "idiv" || name === "imod") return [first!, iadd(apply("iabs", second!), int(1))];
  return [first!, ...(second === undefined ? [] : [second]), ...more];
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  expect(got.length).toBe(wanted.length);
  Array.from(wanted).forEach((value, at) => {
    if (!Number.isFinite(value) || Math.abs(value) > 3e38) return; // left open: what is made of it may differ between adapters
    expect(Math.abs(got[at]! - value), `${what}[${at}]: got ${got[at]}, wanted ${value}`).toBeLessThanOrEqual(2e-6 + 1e-5 * Math.abs(value));
  });
}

/** Arguments at which an operation is defined, and smooth to either side. */
function argumentsOf(name: ScalarOpName, types: readonly ScalarType[]): number[] {
  const given = types.map(term);
  if (name === "idiv" || name === "imod") given[1] = Math.abs(given[1]!) + 1;
  if (name === "pow" || name === "log" || name === "sqrt") given[0] = Math.abs(given[0]!) + 0.1;
  if (name === "div") given[1] = Math.sign(given[1]!) * (Math.abs(given[1]!) + 0.1);
  return given.map((value) => (types.includes("f32") ? Math.fround(value) : value));
}

/** dy times the central difference of the operation's meaning in f64, in its argument `at`. */
function difference(name: ScalarOpName, given: readonly number[], at: number, dy: number): number {
  const step = 1e-5 * Math.max(1, Math.abs(given[at]!));
  const moved = (by: number): number => {
    const [a = 0, b = 0, c = 0] = given.map((value, other) => (other === at ? value + by : value));
    return SCALAR_OPS[name].evaluate(a, b, c);
  };
  return (dy * (moved(step) - moved(-step))) / (2 * step);
}

describeGpu("scalar operations on the adapter", () => {
  const cases = (Object.keys(SCALAR_OPS) as ScalarOpName[]).flatMap((name) => (name === "select" ? (["f32", "i32", "bool"] as const) : (["f32"] as const)).map((any) => [name, any] as const));
  test.each(cases)("%s of %s: value and gradient, at every length", async (name, any) => {
    const graph = opGraph(name, any);
    const types = SCALAR_OPS[name].args.map((type) => (type === "any" ? any : type));
    const bounds = { n: Math.max(...LENGTHS) };
    const opened = await openGraph(await gpuDevice(), compiledGraph(graph, bounds), graph, bounds);
    try {
      for (const n of LENGTHS) {
        const rows = Array.from({ length: n }, () => argumentsOf(name, types));
        const dy = rows.map(() => Math.fround(random.normal()));
        const fields = Object.fromEntries([...types.map((_, at) => [`x${at}`, rows.map((row) => row[at]!)] as const), ["dy", dy] as const]);
        const got = await opened.run({ sizes: { n }, inputs: fields });
        expectClose(got.y!, rows.map(([a = 0, b = 0, c = 0]) => SCALAR_OPS[name].evaluate(a, b, c)), `${name} of ${n}`);
        for (const at of types.keys()) {
          const gradient = got[`dx${at}`];
          // `stop` has a slope and no gradient.
          if (gradient === undefined || name === "stop") continue;
          expectClose(gradient, rows.map((row, i) => difference(name, row, at, dy[i]!)), `gradient of ${name} in argument ${at} of ${n}`);
        }
      }
    } finally {
      opened.dispose();
    }
  });

  // Together: one kernel of all that take the same arguments, and one of their gradients.
  const typesOf = ([name, any]: (typeof cases)[number]): string => SCALAR_OPS[name].args.map((type) => (type === "any" ? any : type)).join(" ");
  test.each([...new Set(cases.map(typesOf))])("of %s, all of them, more workgroups than one dimension holds", async (types) => {
    const names = cases.filter((one) => typesOf(one) === types).map(([name]) => name);
    await expectHuge(await gpuDevice(), together(types.split(" ") as ScalarType[], names), { grows: "n" });
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
    const { got, wanted } = await run(opGraph(name, "f32"), { sizes: { n: points.length }, inputs: { ...fields, dy: points.map(() => 1) } });
    expectClose(got, wanted, name);
  });
});

describeGpu("monoids on the adapter", () => {
  const cases = (Object.keys(MONOIDS) as MonoidName[]).flatMap((name) => MONOIDS[name].operands.map((operand) => [name, operand] as const));
  test.each(cases)("%s of %s, at every length", async (name, operand) => {
    const b = new GraphBuilder("run");
    const x = b.input("x", operand, [3, "n"]);
    const y = b.reduce(name, "row", [3], ["n"], (r, i) => access(x, r!, i!));
    b.output("y", b.map("y", [3], (r) => shown(access(y, r!), y.type)));
    const graph = b.build();
    const bounds = { n: Math.max(...LENGTHS) };
    const opened = await openGraph(await gpuDevice(), compiledGraph(graph, bounds), graph, bounds);
    try {
      for (const n of LENGTHS) {
        const bindings = { sizes: { n }, inputs: { x: Array.from({ length: 3 * n }, () => term(operand)) } };
        const got = (await opened.run(bindings)).y!;
        const { data } = interpret(graph, bindings).outputs.y!;
        // Sums of thousands of terms of either sign round at the size of the terms, not of what is left of them.
        const slack = name === "sum" && operand === "f32" ? 2e-6 * Math.sqrt(n) * 3 : 0;
        for (const [at, value] of data.entries()) {
          if (Math.abs(value) > 3e38) continue;
          expect(Math.abs(got[at]! - value), `${name} over ${n}: got ${got[at]}, wanted ${value}`).toBeLessThanOrEqual(2e-6 + slack + 1e-5 * Math.abs(value));
        }
      }
    } finally {
      opened.dispose();
    }
  });

  test.each(cases)("%s of %s, where lanes are taken four at a time: of a row, of columns, of all", async (name, operand) => {
    const b = new GraphBuilder("run");
    const x = b.input("x", operand, ["n", 8]);
    const keep = b.input("keep", "bool", ["n", 8]);
    const all = b.input("all", operand, ["m"]);
    const outputs = [
      b.reduce(name, "row", ["n"], [8], (r, i) => access(x, r!, i!)),
      b.reduce(name, "columns", [8], ["n"], (i, r) => access(x, r!, i!)),
      b.reduce(name, "all_of_it", [], ["m"], (i) => access(all, i!)),
      ...(MONOIDS[name].positional ? [] : [b.reduce(name, "kept", ["n"], [8], (r, i) => access(x, r!, i!), (r, i) => access(keep, r!, i!))]),
    ];
    for (const y of outputs) b.output(y.name, b.map(`${y.name}_shown`, y.shape, (...at) => shown(access(y, ...at), y.type)));
    const graph = b.build();
    const bindings = {
      sizes: { n: 5, m: 43 },
      // A row of zeros and one of ones first, for a random row hardly ever has none or nothing but what holds.
      inputs: { x: Array.from({ length: 40 }, (_, at) => (at < 16 ? Math.floor(at / 8) : term(operand))), keep: Array.from({ length: 40 }, () => term("bool")), all: Array.from({ length: 43 }, () => term(operand)) },
    };
    const got = await runGraph(await gpuDevice(), compiledGraph(graph, bindings.sizes), graph, bindings);
    const wanted = interpret(graph, bindings).outputs;
    for (const y of outputs) expectClose(got[y.name]!, wanted[y.name]!.data, y.name);
  });

  test.each<ScalarType>(["f32", "i32", "bool"])("of %s, all of them, of rows in more workgroups than one dimension holds", async (operand) => {
    const b = new GraphBuilder("rows");
    const x = b.input("x", operand, ["n", 3]);
    for (const name of (Object.keys(MONOIDS) as MonoidName[]).filter((one) => MONOIDS[one].operands.includes(operand))) {
      const y = b.reduce(name, `row_${name}`, ["n"], [3], (r, i) => access(x, r!, i!));
      b.output(name, b.map(name, ["n"], (r) => shown(access(y, r!), y.type)));
    }
    await expectHuge(await gpuDevice(), b.build(), { grows: "n" });
  });
});
