import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { compiledGraph, type Outputs, runGraph } from "../support/run-graph.ts";

const reference = layerTensors();

/** tests/reference/ops.safetensors; the runtime's reader takes no BOOL, which no checkpoint of ours holds. */
function layerTensors(): Map<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }> {
  const { buffer } = new Uint8Array(readFileSync(new URL("../reference/ops.safetensors", import.meta.url)));
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(buffer.slice(8, start))) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const arrays: Readonly<Record<string, (bytes: ArrayBuffer) => ArrayLike<number>>> = {
    F32: (bytes) => new Float32Array(bytes), I32: (bytes) => new Int32Array(bytes), BOOL: (bytes) => new Uint8Array(bytes),
  };
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return new Map(entries.map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { shape, data: arrays[dtype]!(buffer.slice(start + from, start + to)) }]));
}

/** A layer, or a function, of the library; `x` is what PyTorch's numbers call it. */
const attention = (settings: string, extra = "", call = "x", distant = ""): string => `
model Case(d = 8) {
  ${distant && `distant = Alibi(${distant})`}
  layer = Attention(d, heads: ${distant || 4}${settings}${distant && ", bias: distant"})
  forward(x: [B, T, d]${extra}) -> [B, T, d] = layer(${call})
}`;
const scalar = (name: string): string => `model Case(n = 13) { forward(x: [B, n]) -> [B, n] = ${name}(x) }`;
const layer = (made: string, width: number): string => `
model Case(d = ${width}) {
  layer = ${made}
  forward(x: [B, T, d]) -> [B, T, d] = layer(x)
}`;
const crossEntropy = (smoothing: number): string => `
model Case(n = 11) {
  forward(logits: [B, T, n], target: index(n)[B, T], keep: bool[B, T]) -> real = cross_entropy(logits, target, smoothing: ${smoothing}, keep: keep)
}`;

const KEEP = ", keep: bool[B, T]", MEMORY = ", memory: [B, S, d]";
const CASES: Readonly<Record<string, string>> = {
  "attention.plain": attention(""),
  "attention.unbiased": attention(", biased: false"),
  "attention.causal": attention(", causal: true"),
  "attention.window": attention(", causal: true, window: 2"),
  "attention.cross": attention("", MEMORY, "x, memory"),
  "attention.grouped": attention(", kv_heads: 2"),
  "attention.one_key_head": attention(", kv_heads: 1, causal: true"),
  "attention.grouped_cross": attention(", kv_heads: 2", `${MEMORY}, keep: bool[B, S]`, "x, memory, keep"),
  "attention.padded": attention("", KEEP, "x, keep: keep"),
  "attention.fully_masked": attention("", KEEP, "x, keep: keep"),
  "attention.causal_masked": attention(", causal: true", KEEP, "x, keep: keep"),
  "attention.window_both": attention(", window: 3", KEEP, "x, keep: keep"),
  "attention.alibi": attention(", causal: true", "", "x", "4"),
  "attention.alibi_both": attention("", KEEP, "x, keep: keep", "8"),
  layer_norm: layer("LayerNorm(d)", 9),
  rms_norm: layer("RMSNorm(d)", 9),
  relu: scalar("relu"),
  gelu: scalar("gelu"),
  gelu_tanh: scalar("gelu_tanh"),
  silu: scalar("silu"),
  sigmoid: scalar("sigmoid"),
  softplus: scalar("softplus"),
  softmax: "model Case(n = 13) {\n  forward(x: [B, n]) -> [B, n] {\n    y[b,i] = softmax[i] x[b,i]\n    return y\n  }\n}",
  feed_relu: layer("FeedForward(d, ff: 10)", 6),
  feed_gelu: layer("FeedForward(d, ff: 10, act: gelu)", 6),
  feed_swiglu: layer("FeedForward(d, ff: 10, act: silu, gated: true)", 6),
  embedding: "model Case(n = 11, d = 6) {\n  layer = Embedding(n, d)\n  forward(ids: index(n)[B, T]) -> [B, T, d] = layer(ids)\n}",
  embedding_logits: "model Case(n = 11, d = 6) {\n  layer = Embedding(n, d)\n  forward(x: [B, T, d]) -> [B, T, n] = layer.logits(x)\n}",
  binary_cross_entropy: "model Case() { forward(x: [B, T], y: [B, T]) -> real = binary_cross_entropy(x, y) }",
  mse: "model Case() { forward(x: [B, T], y: [B, T], keep: bool[B, T]) -> real = mse(x, y, keep) }",
  cross_entropy: crossEntropy(0),
  cross_entropy_smoothed: crossEntropy(0.1),
  cross_entropy_padded: crossEntropy(0.1),
};

/** The entry with `loss`, its result weighted by `up`; its real arguments become parameters, so that they have gradients too. */
function weighted(entry: Graph): Graph {
  const values = entry.values.map((value) =>
    value.kind === "input" && value.type === "f32"
      ? ({ id: value.id, name: value.name, type: value.type, shape: value.shape, kind: "state", state: { kind: "parameter", path: `in.${value.field}` } } as const)
      : value);
  const b = new GraphBuilder(entry.name, { values, outputs: [] });
  const out = b.value(entry.outputs[0]!.value);
  b.output("out", out);
  const up = b.input("up", "f32", out.shape);
  const product = mul(identityAccess(out), identityAccess(up));
  b.output("loss", out.shape.length > 0 ? b.sum("loss", [], out.shape, product) : b.map("loss", [], product));
  return b.build();
}

test("every case of the reference is tried", () => {
  const names = new Set([...reference.keys()].filter((name) => name.endsWith(".out")).map((name) => name.slice(0, -".out".length)));
  expect(Object.keys(CASES).sort()).toEqual([...names].sort());
});

/** Scores that depend on the distance of query and key, in both directions too: conditions that a kernel may turn into bounds. */
const ON_ADAPTER = ["attention.window", "attention.window_both", "attention.alibi", "attention.alibi_both"];

/** The largest relative error, and below which size of all a tensor's elements their error counts as if they had it: `bias_k` has no gradient but rounding. */
type Closeness = readonly [most: number, floor: number];
const IN_F64: Closeness = [1e-6, 1e-3], IN_F32: Closeness = [1e-5, 0.1];

describe.each(Object.entries(CASES))("%s", (name, text) => {
  const given = (group: string): [string, ArrayLike<number>][] =>
    [...reference].filter(([key]) => key.startsWith(`${name}.${group}.`)).map(([key, tensor]) => [key.slice(name.length + group.length + 2), tensor.data]);
  const gradientOf = (): Graph => differentiate(weighted(checkedModel(`${name}.tfm`, text).entries.find((entry) => entry.name === "forward")!.graph));
  const bindingsOf = (graph: Graph): Required<Pick<Bindings, "sizes" | "inputs" | "states">> => ({
    sizes: sizesOf(graph),
    inputs: Object.fromEntries([...given("in"), ["up", reference.get(`${name}.up`)!.data] as const]),
    states: Object.fromEntries([
      ...given("in").map(([path, data]) => [`parameter/in.${path}`, data] as const),
      ...given("weight").map(([path, data]) => [`parameter/layer.${path}`, data] as const),
    ]),
  });

  test("has PyTorch's result and gradients, before and after all passes", () => {
    const graph = gradientOf();
    for (const program of [graph, GRAPH_PASSES.reduce((before, pass) => pass.run(before), graph)]) {
      expect(verify(program)).toEqual([]);
      const { outputs } = interpret(program, bindingsOf(program));
      expectAll(program, Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, data])), IN_F64);
    }
  });

  if (ON_ADAPTER.includes(name))
    describeGpu("on the adapter", () => {
      test("has them in f32", async () => {
        const graph = gradientOf(), bindings = bindingsOf(graph);
        expectAll(graph, await runGraph(await gpuDevice(), compiledGraph(graph, bindings.sizes), graph, bindings), IN_F32);
      });
    });

  /** The result, and every gradient. */
  function expectAll(graph: Graph, outputs: Outputs, close: Closeness): void {
    expectClose(outputs.out, reference.get(`${name}.out`)!.data, "out", close);
    const gradients = new Map(graph.outputs.flatMap((output) => (output.state ? [[output.state.path, outputs[output.name]!] as const] : [])));
    for (const [path, wanted] of given("grad")) expectClose(gradients.get(`in.${path}`) ?? gradients.get(`layer.${path}`), wanted, path, close);
    expect(gradients.size).toBe(given("grad").length);
  }

  /** The sizes that the tensors of the case have where the graph has names. */
  function sizesOf(graph: Graph): Record<string, number> {
    const sizes: Record<string, number> = {};
    for (const value of graph.values) {
      const path = value.kind === "input" ? `in.${value.field}` : value.kind === "state" ? value.state.path.replace(/^layer\./, "weight.") : undefined;
      const tensor = path === undefined ? undefined : reference.get(`${name}.${path.replace(/^in\.up$/, "up")}`);
      value.shape.forEach((dim, axis) => {
        const size = dim.length === 1 ? dim[0]!.factors[0] : undefined;
        if (tensor && typeof size === "string") sizes[size] = tensor.shape[axis]!;
      });
    }
    return sizes;
  }
});

function expectClose(found: ArrayLike<number> | undefined, wanted: ArrayLike<number>, what: string, [most, floor]: Closeness): void {
  expect(relativeError(found ?? [], wanted, floor), what).toBeLessThan(most);
}
