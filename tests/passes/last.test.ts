/**
 * What a model gives for the last place of a row, by itself and by the whole of it: in f64 the same numbers, and by kernels what they are in f64.
 * Nothing is asked of a model: those that look ahead are meant as well.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../compiler/check/model.ts";
import { compile } from "../../compiler/compile.ts";
import * as dims from "../../compiler/dim.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { ofLastPlace } from "../../compiler/last.ts";
import { atOnePlace } from "../../compiler/passes/one-place.ts";
import { AHEAD, generatingEntry, PAST } from "../support/generating.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { bindingsFor } from "../support/graphs.ts";
import { expectLike } from "../support/outputs.ts";
import { checkedModel, SMALL_TOKENIZER, SMALL_TRANSLATION } from "../support/reference.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

const SIZES = [{ B: 2, T: 1, S: 3 }, { B: 2, T: 4, S: 3 }];
const SMALL = { layers: "2", d: "16" };
const FAMILIES: Readonly<Record<string, readonly [family: string, entry: string, set: Readonly<Record<string, string>>]>> = {
  "a translator": ["translation", "forward", SMALL_TRANSLATION],
  "its decoder, norms first": ["translation", "decode", { ...SMALL_TRANSLATION, pre: "true" }],
  "an LSTM with attention": ["rnn", "decode", { d: "8", n: "6", p: "0", layers: "2" }],
  "GPT": ["gpt", "forward", { ...SMALL, heads: "2", length: "9" }],
  "Llama": ["llama", "forward", { ...SMALL, ff: "20" }],
  "a mixture of experts": ["moe", "forward", { ...SMALL, ff: "20" }],
  "T5": ["t5", "forward", { ...SMALL, heads: "2", ff: "20", p: "0" }],
};

function familyEntry(family: string, name: string, set: Readonly<Record<string, string>>): Entry {
  const text = readFileSync(new URL(`../../examples/${family}/model.tfm`, import.meta.url), "utf8");
  return checkedModel(`${family}/model.tfm`, text, { set, tokenizer: SMALL_TOKENIZER }).entries.find((entry) => entry.name === name)!;
}

function lastOfAll(graph: Graph, bindings: ReturnType<typeof bindingsFor>): Float64Array {
  const { data, shape } = interpret(graph, bindings).outputs[graph.outputs[0]!.name]!;
  const [rows, length, vocabulary] = shape as readonly [number, number, number];
  return Float64Array.from({ length: rows * vocabulary }, (_, at) => data[(Math.floor(at / vocabulary) * length + length - 1) * vocabulary + (at % vocabulary)]!);
}

/** As it is compiled. */
function lastGraph(entry: Entry): Graph {
  const { graph, requires } = ofLastPlace(entry);
  return atOnePlace(graph, requires);
}

function expectLast(entry: Entry): void {
  const { name, requires } = ofLastPlace(entry);
  const graph = lastGraph(entry);
  expect(verify(graph)).toEqual([]);
  expect(name).toBe(`last.${entry.name}`);
  expect(requires.at(-1)!.text).toBe("T > 0");
  const length = dims.named("T");
  expect(graph.values.find(({ id }) => id === graph.outputs[0]!.value)!.shape.some((dim) => dims.equal(dim, length))).toBe(false);
  for (const sizes of SIZES) {
    const bindings = bindingsFor(entry.graph, sizes, 1 + sizes.T);
    expect(Array.from(interpret(graph, bindings).outputs[graph.outputs[0]!.name]!.data)).toEqual(Array.from(lastOfAll(entry.graph, bindings)));
  }
}

describe("the last place is what it is among all:", () => {
  for (const [name, family] of Object.entries(FAMILIES)) test(name, () => expectLast(familyEntry(...family)));
  for (const [name, text] of Object.entries({ ...AHEAD, ...PAST })) test(name, () => expectLast(generatingEntry(text).entry));
});

/** Equations with an axis of T elements. */
function along(graph: Graph): string[] {
  return graph.values.flatMap(({ kind, name, shape }) => (kind === "equation" && shape.some((dim) => dims.equal(dim, dims.named("T"))) ? [name] : []));
}

test("of the last layer only keys and values are computed at every place", () => {
  const graph = lastGraph(familyEntry("gpt", "forward", { layers: "2", d: "16", heads: "2", length: "9" }));
  const left = along(graph).filter((name) => name.startsWith("blocks.1.") || /^(norm|embed\.logits)\b/.test(name));
  expect([...new Set(left.map((name) => name.replace(/~\d+$/, "")))]).toEqual([
    "blocks.1.norm1.mu.sum", "blocks.1.norm1.mu", "blocks.1.norm1.var.sum", "blocks.1.norm1.var", "blocks.1.norm1.y", "blocks.1.attend.k", "blocks.1.attend.v",
    "blocks.1.attend.score.sum", "blocks.1.attend.score", "blocks.1.attend.weight.where", "blocks.1.attend.softmax.e", "blocks.1.attend.weight",
  ]);
});

test("it takes what the function takes, though of the last place nothing may come of it", () => {
  const model = checkedModel("first.tfm", "model First {\n  forward(x: [B, T, 4], y: [B, T, 4], z: [B]) -> [B, T, 4] {\n    w[b, t < T, v] = if t < T - 1 then x[b,t,v] else y[b,t,v]\n    return w\n  }\n}\n");
  const { program } = compile(model, { profile: { kind: "any" }, training: false, entries: ["forward", "last.forward"] });
  expect(program.entries.map(({ inputs }) => inputs.map(({ name }) => name))).toEqual([["x", "y"], ["x", "y"]]);
});

describeGpu("by kernels", () => {
  const families = ["its decoder, norms first", "an LSTM with attention", "a mixture of experts"];
  const some = ["a window of the past", "ALiBi, causal", "a causal convolution", "an LSTM", "a prefix sum", "the place to copy from"];
  const entries = [...families.map((name) => [name, () => familyEntry(...FAMILIES[name]!)] as const), ...some.map((name) => [name, () => generatingEntry((PAST[name] ?? AHEAD[name])!).entry] as const)];
  test.each(entries)("%s", async (name, entry) => {
    const graph = lastGraph(entry());
    const compiled = compiledGraph(graph, SIZES[1]!);
    for (const sizes of SIZES) {
      const bindings = bindingsFor(graph, sizes, 3);
      expectLike(interpret(graph, bindings).outputs, await runGraph(await gpuDevice(), compiled, graph, bindings), name);
    }
  });
});
