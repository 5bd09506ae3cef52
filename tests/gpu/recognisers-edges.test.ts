/** The library's functions where f32 is in danger, through kernels: rows with nothing to attend to, saturation, huge logits, no targets. */
import { expect, it } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { compiledGraph, type Outputs, runGraph } from "../support/run-graph.ts";

/** The entry `forward` of a model; its real arguments become parameters, so that they have gradients. The gradient is that of Σ out · up. */
function withGradients(text: string): Graph {
  const { graph } = checkedModel("case.tfm", text).entries.find(({ name }) => name === "forward")!;
  const values = graph.values.map((value) =>
    value.kind === "input" && value.type === "f32"
      ? ({ id: value.id, name: value.name, type: value.type, shape: value.shape, kind: "state", state: { kind: "parameter", path: value.field } } as const)
      : value);
  const b = new GraphBuilder(graph.name, { values, outputs: [] });
  const out = b.value(graph.outputs[0]!.value);
  const up = b.input("up", "f32", out.shape);
  const product = mul(identityAccess(out), identityAccess(up));
  b.output("loss", out.shape.length > 0 ? b.sum("loss", [], out.shape, product) : b.map("loss", [], product));
  const gradient = differentiate(b.build());
  return { ...gradient, outputs: [{ name: "out", value: out.id }, ...gradient.outputs] };
}

/** `given` by field or parameter in place of random numbers. Every element of every output is finite, and what f64 says. */
async function checked(text: string, sizes: Bindings["sizes"], given: Readonly<Record<string, readonly number[]>>, options = {}): Promise<Outputs> {
  const graph = withGradients(text);
  const made = bindingsFor(graph, sizes);
  const inputs: Record<string, ArrayLike<number>> = { ...made.inputs };
  const states: Record<string, ArrayLike<number>> = { ...made.states };
  for (const [name, data] of Object.entries(given)) {
    if (inputs[name]) inputs[name] = data;
    else states[`parameter/${name}`] = data;
  }
  const bindings = { ...made, inputs, states };
  const wanted = interpret(graph, bindings).outputs;
  const got = await runGraph(await gpuDevice(), compiledGraph(graph, sizes, options), graph, bindings);
  for (const [name, { data }] of Object.entries(wanted)) {
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
    for (const [at, value] of data.entries()) expect(Math.abs(got[name]![at]! - value) / scale, `${name}[${at}]: ${got[name]![at]}, not ${value}`).toBeLessThan(1e-5);
  }
  return got;
}

describeGpu("the library at the edges of f32", () => {
  for (const recognise of [true, false])
    it(`attention to nothing is zeros, with gradients of zero${recognise ? "" : ", by naive kernels"}`, async () => {
      const got = await checked(`model Case(d = 8) {
  layer = Attention(d, heads: 2, biased: false)
  forward(x: [B, T, d], memory: [B, S, d], keep: bool[B, S]) -> [B, T, d] = layer(x, memory, keep)
}`, { B: 3, T: 4, S: 5 }, { keep: [1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }, { recognise });
      expect(Array.from(got["out"]!).slice(32, 64)).toEqual(Array(32).fill(0));
      const gradients = Object.entries(got).filter(([, data]) => data.length === 3 * 4 * 8 || data.length === 3 * 5 * 8);
      // The result, and the gradients of both arguments.
      expect(gradients.length).toBe(3);
      for (const [name, data] of gradients) expect(Array.from(data).slice(data.length / 3, (data.length / 3) * 2).every((value) => value === 0), name).toBe(true);
    });

  it("attention at scores of some thousands", async () => {
    await checked(`model Case(d = 4) {
  layer = Attention(d, heads: 1, biased: false, causal: true)
  forward(x: [B, T, d]) -> [B, T, d] = layer(x)
}`, { B: 1, T: 6 }, { x: Array.from({ length: 24 }, (_, at) => 60 * Math.sin(at * at)) });
  });

  const FAR = [-100, -30, -9.5, -1e-30, -0, 0, 1e-30, 9.5, 30, 100];
  for (const name of ["gelu", "gelu_tanh", "sigmoid", "silu", "softplus", "relu"])
    it(`${name} from -100 to 100`, async () => {
      await checked(`model Case { forward(x: [N]) -> [N] = ${name}(x) }`, { N: FAR.length }, { x: FAR });
    });
  it("tanh and erf from -100 to 100", async () => {
    await checked("model Case { forward(x: [N]) -> [N] { y[n] = tanh(x[n]) + 2 * erf(x[n]); return y } }", { N: FAR.length }, { x: FAR });
  });

  const ROWS = [[1e4, 1e4 - 1, -1e4], [-1e4, -1e4 + 2, -1e4 + 1], [-1e4, 1e4, 0], [0, 0, 0], [-3e38, 3e38, 0]];
  for (const [name, call] of [["logsumexp", "[i]"], ["softmax", "[i]"], ["log_softmax", "[i]"]])
    it(`${name} of logits up to 10,000 and far beyond`, async () => {
      const result = name === "logsumexp" ? "y[n] = logsumexp[i] x[n,i]" : `y[n,i] = ${name}${call} x[n,i]`;
      const shape = name === "logsumexp" ? "[N]" : "[N, M]";
      // Where the difference of two logits is beyond f32, its exponential is zero all the same; as a result it would be infinite.
      const rows = name === "log_softmax" ? ROWS.slice(0, -1) : ROWS;
      await checked(`model Case { forward(x: [N, M]) -> ${shape} { ${result}; return y } }`, { N: rows.length, M: 3 }, { x: rows.flat() });
    });

  for (const smoothing of [0, 0.1])
    it(`cross-entropy of no target is 0, with gradients of zero, smoothed by ${smoothing}`, async () => {
      const text = `model Case(n = 7) {
  forward(logits: [B, T, n], target: index(n)[B, T], keep: bool[B, T]) -> real = cross_entropy(logits, target, smoothing: ${smoothing}, keep: keep)
}`;
      const none = await checked(text, { B: 2, T: 3 }, { keep: [0, 0, 0, 0, 0, 0] });
      expect(none["out"]![0]).toBe(0);
      const gradient = Object.values(none).find(({ length }) => length === 42)!;
      expect(Array.from(gradient)).toEqual(Array(42).fill(0));
      const one = await checked(text, { B: 2, T: 3 }, { keep: [0, 0, 0, 0, 1, 0] });
      expect(Array.from(Object.values(one).find(({ length }) => length === 42)!).filter((value) => value !== 0)).toHaveLength(7);
    });

  it("norms of a row of equal numbers", async () => {
    for (const layer of ["LayerNorm", "RMSNorm"])
      await checked(`model Case(d = 6) {
  layer = ${layer}(d)
  forward(x: [N, d]) -> [N, d] = layer(x)
}`, { N: 3 }, { x: [...Array(6).fill(0), ...Array(6).fill(0.5), ...[1, 2, 3, 4, 5, 6]] });
  });
});
