/** The recurrent cells of the library, run along a sequence, against loops written by hand; their gradients; their kernels. */
import { describe, expect, it, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { add, identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Equation, Expr, Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { partsOf } from "../../compiler/ir/recurrence.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import type { Feed } from "../../runtime/feed.ts";
import { createSession } from "../../runtime/create-session.ts";
import { countedDevice } from "../../src/experiment/counted-device.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

const [D, N] = [3, 4];

function graphOf(cell: string): Graph {
  const text = `model Along() {
    along = Recurrent(${D}, ${N}, ${cell})

    forward(x: [B, S, ${D}], keep: bool[B, S]) -> [B, S, ${N}], [B, ${N}], [B, ${N}] {
      states, h, c = along(x, keep)
      return states, h, c
    }
  }
  `;
  return checkedModel("along.tfm", text).entries[0]!.graph;
}

type Row = readonly number[];
type Weights = (name: string) => (...at: number[]) => number;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const total = (count: number, term: (k: number) => number): number => Array.from({ length: count }, (_, k) => term(k)).reduce((a, b) => a + b, 0);
const each = (of: (j: number) => number): Row => Array.from({ length: N }, (_, j) => of(j));

const CELLS: Readonly<Record<string, (w: Weights, x: Row, h: Row, c: Row) => readonly [Row, Row]>> = {
  LstmCell(w, x, h, c) {
    const [wx, wh, bias] = [w("wx"), w("wh"), w("bias")];
    const gate = (g: number, j: number): number => total(D, (i) => x[i]! * wx(g, i, j)) + total(N, (k) => h[k]! * wh(g, k, j)) + bias(g, j);
    const next = each((j) => sigmoid(gate(1, j)) * c[j]! + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)));
    return [each((j) => sigmoid(gate(3, j)) * Math.tanh(next[j]!)), next];
  },
  GruCell(w, x, h, c) {
    const [wx, wh, biasX, biasH] = [w("wx"), w("wh"), w("bias_x"), w("bias_h")];
    const a = (g: number, j: number): number => total(D, (i) => x[i]! * wx(g, i, j)) + biasX(g, j);
    const r = (g: number, j: number): number => total(N, (k) => h[k]! * wh(g, k, j)) + biasH(g, j);
    const z = each((j) => sigmoid(a(1, j) + r(1, j)));
    return [each((j) => (1 - z[j]!) * Math.tanh(a(2, j) + sigmoid(a(0, j) + r(0, j)) * r(2, j)) + z[j]! * h[j]!), c];
  },
  RnnCell(w, x, h, c) {
    const [wx, wh, bias] = [w("wx"), w("wh"), w("bias")];
    return [each((j) => Math.tanh(total(D, (i) => x[i]! * wx(i, j)) + total(N, (k) => h[k]! * wh(k, j)) + bias(j))), c];
  },
};

/** States of all times, then the last h and c, as flat rows. */
function byHand(cell: string, graph: Graph, { sizes, inputs, states }: Required<Omit<Bindings, "micro">>): readonly number[][] {
  const weights: Weights = (name) => {
    const leaf = graph.values.find((value) => value.kind === "state" && value.state.path === `along.cell1.${name}`)!;
    const shape = leaf.shape.map((dim) => dim[0]!.coefficient);
    return (...at) => states[`parameter/along.cell1.${name}`]![at.reduce((flat, position, k) => flat * shape[k]! + position, 0)]!;
  };
  const [B, S] = [sizes.B!, sizes.S!];
  const [all, lastH, lastC]: number[][] = [[], [], []];
  for (let b = 0; b < B; b++) {
    let [h, c]: [Row, Row] = [each(() => 0), each(() => 0)];
    for (let s = 0; s < S; s++) {
      const x = Array.from({ length: D }, (_, i) => inputs.x![(b * S + s) * D + i]!);
      if (inputs.keep![b * S + s]) [h, c] = CELLS[cell]!(weights, x, h, c);
      all!.push(...h);
    }
    lastH!.push(...h);
    lastC!.push(...c);
  }
  return [all!, lastH!, lastC!];
}

/** All results weighted by probes of their own, so that every one of them has a gradient. */
function withLoss(graph: Graph): Graph {
  const builder = new GraphBuilder("loss", { values: graph.values, outputs: [] });
  const losses = graph.outputs.map(({ name, value }) => {
    const result = builder.value(value);
    const probe = builder.input(`probe ${name}`, "f32", result.shape);
    return builder.sum(`loss ${name}`, [], result.shape, mul(identityAccess(result as Equation), identityAccess(probe)));
  });
  const body = losses.map((part): Expr => identityAccess(part)).reduce(add);
  builder.output("loss", builder.map("loss", [], body));
  return builder.build();
}

const SIZES = [{ B: 1, S: 1 }, { B: 3, S: 2 }, { B: 2, S: 5 }];

describe.each(Object.keys(CELLS))("%s", (cell) => {
  const graph = graphOf(cell);

  test("is a valid graph whose product with the inputs stands outside of the loop", () => {
    expect(verify(graph)).toEqual([]);
    const parts = partsOf(graph);
    const loops = parts.flatMap((part) => ("members" in part ? [part] : []));
    const outside = parts.flatMap((part) => ("members" in part ? [] : [part.id]));
    const products = graph.values.filter((value) => value.kind === "equation" && value.reduce).map(({ id, name }) => [name.split("~")[0], outside.includes(id)]);
    expect(loops.filter(({ members }) => members.some(({ reduce }) => reduce)).length).toBe(1);
    expect(products.filter(([, hoisted]) => hoisted).length).toBe(1);
    expect(products.filter(([, hoisted]) => !hoisted).length).toBe(1);
  });

  test.each(SIZES)("equals a loop by hand at %o", (sizes) => {
    const bindings = bindingsFor(graph, sizes, 5);
    const { outputs } = interpret(graph, bindings);
    const wanted = byHand(cell, graph, bindings);
    Object.values(outputs).forEach(({ data }, at) => {
      expect(data.length).toBe(wanted[at]!.length);
      wanted[at]!.forEach((value, k) => expect(data[k]).toBeCloseTo(value, 12));
    });
  });

  test.each(SIZES)("has the gradient of central differences at %o", (sizes) => {
    const loss = withLoss(graph);
    const grad = differentiate(loss);
    expect(verify(grad)).toEqual([]);
    const bindings = bindingsFor(loss, sizes, 6);
    const { outputs } = interpret(grad, bindings);
    for (const { name, state } of grad.outputs.filter((output) => output.state)) {
      const key = `parameter/${state!.path}`;
      // Every seventh element: the same code computes the others.
      for (let at = 0; at < outputs[name]!.data.length; at += 7) {
        const lossAt = (offset: number): number => {
          const moved = Float64Array.from(bindings.states[key]!);
          moved[at]! += offset;
          return interpret(loss, { ...bindings, states: { ...bindings.states, [key]: moved } }).outputs.loss!.data[0]!;
        };
        const wanted = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
        expect(Math.abs(outputs[name]!.data[at]! - wanted), `${name}[${at}]`).toBeLessThanOrEqual(1e-8 + 1e-6 * Math.abs(wanted));
      }
    }
  });
});

test("what a loop touches lives from its first step to its last", () => {
  const { plan } = compiledGraph(differentiate(withLoss(graphOf("LstmCell"))), { B: 2, S: 3 }).stages[0]!;
  expect(plan.loops!.map(({ reverse }) => reverse ?? false)).toEqual([false, true]);
  for (const { first, last } of plan.loops!)
    for (const { bindings } of plan.steps.slice(first, last + 1))
      for (const ref of bindings) {
        if (ref.kind !== "temporary") continue;
        const temporary = plan.temporaries[ref.at]!;
        expect(temporary.first, temporary.name).toBeLessThanOrEqual(first);
        expect(temporary.last, temporary.name).toBeGreaterThanOrEqual(last);
      }
});

describeGpu("kernels of a recurrent layer equal the interpreter", () => {
  for (const [cell, recognise] of [...Object.keys(CELLS).map((name) => [name, true] as const), ["LstmCell", false] as const])
    it(`${cell}${recognise ? "" : ", by naive kernels"}`, async () => {
      const device = await gpuDevice();
      const grad = differentiate(withLoss(graphOf(cell)));
      const compiled = compiledGraph(grad, SIZES.at(-1)!, { recognise });
      for (const sizes of SIZES) {
        const bindings = bindingsFor(grad, sizes, 7);
        const wanted = interpret(grad, bindings).outputs;
        const got = await runGraph(device, compiled, grad, bindings);
        for (const [name, { data }] of Object.entries(wanted)) {
          const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
          const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - got[name]![at]!)), 0);
          expect(got[name]!.length).toBe(data.length);
          expect(worst / scale, `${name} at ${JSON.stringify(sizes)}`).toBeLessThan(2e-5);
        }
      }
    });

  it("batches of different lengths in one submission, and one after the other", async () => {
    const graph = withLoss(graphOf("LstmCell"));
    const { program } = compiledGraph(graph, SIZES.at(-1)!);
    const batches = SIZES.map((sizes) => bindingsFor(graph, sizes, 8));
    const feeds = batches.map(({ sizes, inputs }): Feed => ({
      sizes,
      fields: Object.fromEntries(Object.entries(inputs).map(([field, data]) => [field, field === "keep" ? Int32Array.from(data) : Float32Array.from(data)])),
    }));
    const wanted = batches.map((bindings) => interpret(graph, { ...bindings, states: batches[0]!.states }).outputs.loss!.data[0]!);
    const { device, counts } = countedDevice(await gpuDevice());
    const session = await createSession(program, { device, bounds: { B: 3, S: 5 }, batches: 3, debug: true });
    try {
      for (const [key, data] of Object.entries(batches[0]!.states)) session.writeState(key.replace("parameter/", ""), Float32Array.from(data));
      for (const order of [[0, 1, 2], [2, 0, 1], [2, 1, 0], [2], [0]]) {
        const before = { ...counts };
        session.runJobs(order.map((at) => ({ entries: ["loss"], feed: feeds[at]! })));
        expect([counts.submits - before.submits, counts.passes - before.passes]).toEqual([1, order.length]);
        const { data } = await session.read(session.output("loss"));
        expect(data[0]! / wanted[order.at(-1)!]!).toBeCloseTo(1, 4);
      }
    } finally {
      session.dispose();
    }
  });
});
