/**
 * Models of other papers than those of examples/: in f64 their gradients are the slopes of their losses, and on the adapter values and
 * gradients are those of f64.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { formatSource } from "../../grammar/print.ts";
import { sourceFile } from "../../grammar/source.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { compiledGraph, openGraph } from "../support/run-graph.ts";
import { withGradients } from "../support/with-gradients.ts";

/** Sizes of a batch, the first one the largest. */
const SIZES: Readonly<Record<string, readonly Bindings["sizes"][]>> = {
  "crf": [{ B: 3, T: 6 }, { B: 1, T: 1 }],
  "ddpm": [{ B: 3 }, { B: 1 }],
  "gat": [{ N: 7 }, { N: 1 }],
  "linear-attention": [{ B: 2, T: 9 }, { B: 1, T: 1 }],
  "mamba": [{ B: 2, T: 7 }, { B: 1, T: 2 }],
  "mixer": [{ B: 3 }, { B: 1 }],
  "perceiver": [{ B: 3, S: 11 }, { B: 2, S: 1 }],
  "retention": [{ B: 2, T: 8 }, { B: 1, T: 1 }],
  "sinkhorn": [{ B: 2, S: 5, T: 7 }, { B: 1, S: 1, T: 2 }],
  "swin": [{ B: 2 }, { B: 1 }],
  "vae": [{ B: 5 }, { B: 1 }],
  "vq-vae": [{ B: 3 }, { B: 1 }],
  "wavenet": [{ B: 2, T: 19 }, { B: 1, T: 3 }],
};

const textOf = (name: string): string => readFileSync(new URL(`${name}.tfm`, import.meta.url), "utf8");
const NAMES = readdirSync(new URL(".", import.meta.url)).filter((file) => file.endsWith(".tfm")).map((file) => file.replace(/\.tfm$/, ""));

it("every file has its sizes, and is in its canonical form", () => {
  expect(NAMES).toEqual(Object.keys(SIZES));
  for (const name of NAMES) expect(formatSource(sourceFile(name, textOf(name))).text, name).toBe(textOf(name));
});

describe("gradients are the slopes of the loss, in f64", () => {
  for (const name of NAMES)
    it(name, () => {
      const graph = withGradients(textOf(name));
      const bindings = bindingsFor(graph, SIZES[name]![0]!);
      const { outputs } = interpret(graph, bindings);
      const parameters = Object.keys(bindings.states).filter((key) => key.startsWith("parameter/"));
      for (const key of parameters) {
        const gradient = outputs[gradientOf(graph, key)]!.data;
        const along = Float64Array.from(bindings.states[key]!, (_, at) => Math.sin(1 + 7 * at));
        const slope = (lossAt(graph, bindings, key, along, STEP) - lossAt(graph, bindings, key, along, -STEP)) / (2 * STEP);
        const wanted = gradient.reduce((sum, value, at) => sum + value * along[at]!, 0);
        const scale = Math.max(1e-3, Math.hypot(...gradient));
        expect(Math.abs(slope - wanted) / scale, `${key}: ${slope}, not ${wanted}`).toBeLessThan(1e-6);
      }
    });
});

const STEP = 1e-5;

function gradientOf(graph: Graph, key: string): string {
  const path = key.slice("parameter/".length);
  return graph.outputs.find(({ state }) => state?.path === path)!.name;
}

function lossAt(graph: Graph, bindings: Required<Omit<Bindings, "micro">>, key: string, along: Float64Array, by: number): number {
  const moved = Float64Array.from(bindings.states[key]!, (value, at) => value + by * along[at]!);
  return interpret(graph, { ...bindings, states: { ...bindings.states, [key]: moved } }).outputs["loss"]!.data[0]!;
}

it("retention is the same in parallel and one after the other", () => {
  const { entries } = checkedModel("retention.tfm", textOf("retention"));
  const [parallel, recurrent] = ["forward", "recurrent"].map((name) => {
    const { graph } = entries.find((entry) => entry.name === name)!;
    return interpret(graph, bindingsFor(graph, { B: 2, T: 8 })).outputs[name]!;
  });
  expect(parallel!.shape).toEqual([2, 8, 2, 3]);
  expect(relativeError(recurrent!.data, parallel!.data, 1e-6)).toBeLessThan(1e-12);
});

describeGpu("values and gradients on the adapter are those of f64", () => {
  for (const name of NAMES)
    it(name, async () => {
      const graph = withGradients(textOf(name));
      const sizes = SIZES[name]!;
      const opened = await openGraph(await gpuDevice(), compiledGraph(graph, sizes[0]!), graph, sizes[0]!);
      try {
        for (const at of sizes) {
          const bindings = bindingsFor(graph, at);
          const got = await opened.run(bindings);
          for (const [output, { data }] of Object.entries(interpret(graph, bindings).outputs)) expect(relativeError(got[output]!, data, 1e-2), `${output} at ${JSON.stringify(at)}`).toBeLessThan(1e-4);
        }
      } finally {
        opened.dispose();
      }
    });
});
