/**
 * More workgroups than one dimension of a dispatch holds, which is 65,535: the rest goes along a second one. Every way of accessing a
 * tensor, its gradient, and every form that the fuser recognises, at the least size that goes beyond, in some elements.
 */
import { it } from "vitest";
import type { Graph, ValueId } from "../../compiler/ir/graph.ts";
import { valuesById } from "../../compiler/ir/walk.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import { expertGraph } from "../support/experts.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { SAMPLES } from "../support/graphs.ts";
import { expectHuge, type HugeCase } from "../support/huge.ts";
import type { Sample } from "../support/sample.ts";
import { FORMS, streamForward } from "./forms.ts";

/** The graph of one output alone. */
function computing(graph: Graph, name: string, value: ValueId): Graph {
  return prunedGraph({ ...graph, name: "huge", outputs: [{ name, value }] });
}

/** What cannot: it would be larger than a binding of 128 MiB, or sums over all of what grows. */
const WITHOUT: Readonly<Record<string, "result" | "gradient">> = { diagonal: "result", patches: "result", "convolution-3": "result", pairwise: "gradient" };

const SPECIAL: Readonly<Record<string, Partial<HugeCase>>> = {
  attention: { kinds: ["stream"] },
  // Reduced over its first size.
  least: { grows: "T", others: { B: 2 } },
  // Tiles of a product of everything with everything are too few before it is too large.
  pairwise: { options: { recognise: false } },
};

interface Growing {
  readonly graph: Graph;
  readonly huge: HugeCase;
}

/** What a sample computes, and the first gradient that grows with it. */
function growing({ name, graph, result, sizes, least = {} }: Sample): Readonly<Record<string, Growing>> {
  const [first, ...rest] = Object.keys(sizes[0]!) as [string, ...string[]];
  const huge = { grows: first, others: Object.fromEntries(rest.map((size) => [size, Math.max(2, least[size] ?? 0)])), ...SPECIAL[name] };
  const gradient = differentiate(graph);
  const values = valuesById(gradient);
  const wide = gradient.outputs.find(({ state, value }) => state !== undefined && values.get(value)!.shape.some((dim) => dim.some(({ factors }) => factors.includes(huge.grows))));
  return {
    ...(result !== undefined && WITHOUT[name] !== "result" && { result: { graph: computing(graph, "y", result), huge } }),
    ...(wide !== undefined && WITHOUT[name] !== "gradient" && { gradient: { graph: computing(gradient, wide.name, wide.value), huge } }),
  };
}

describeGpu("more workgroups than one dimension holds", () => {
  for (const sample of SAMPLES)
    for (const [what, { graph, huge }] of Object.entries(growing(sample)))
      it(`${sample.name}: ${what}`, async () => {
        await expectHuge(await gpuDevice(), graph, huge);
      });

  for (const [name, grows, others] of [
    ["map", "R", { C: 1, K: 1 }],
    ["row", "R", { C: 2, K: 1 }],
    ["contract NN", "R", { C: 1, K: 2 }],
    ["contract NT", "R", { C: 1, K: 2 }],
    ["contract TN", "R", { C: 1, K: 2 }],
    ["contract in batches", "R", { C: 1, K: 2 }],
    ["columns", "C", { R: 2, K: 1 }],
    ["scatter", "R", { C: 1, K: 7 }],
    ["search", "C", { R: 3, K: 1 }],
  ] as const)
    it(`recognised: ${name}`, async () => {
      const { build, kinds } = FORMS.find((form) => form.name === name)!;
      await expectHuge(await gpuDevice(), build("R", "C", "K"), { grows, others, kinds });
    });
  it("recognised: naive, for every equation", async () => {
    await expectHuge(await gpuDevice(), FORMS[0]!.build("R", "C", "K"), { grows: "R", others: { C: 1, K: 1 }, kinds: ["naive"], options: { recognise: false } });
  });
  it("recognised: stream", async () => {
    await expectHuge(await gpuDevice(), streamForward("T", "B"), { grows: "B", others: { T: 3 }, kinds: ["stream"] });
  });
  it("recognised: experts by sorted rows", async () => {
    const graph = expertGraph(undefined, { d: 2, ff: 3 });
    const tokens = graph.outputs.filter(({ name, state }) => name !== "loss" && state === undefined);
    await expectHuge(await gpuDevice(), prunedGraph({ ...graph, outputs: tokens }), { grows: "T", kinds: ["contract"] });
  });
});
