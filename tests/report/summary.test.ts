import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { LayerCost } from "../../compiler/cost.ts";
import { print } from "../../compiler/dim.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { checkedModel } from "../../src/experiment/check.ts";
import { readModel } from "../../src/experiment/source.ts";
import { summarize } from "../../src/experiment/summary.ts";
import type { Summary } from "../../src/experiment/summary.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { tfmc } from "../support/tfmc.ts";

const FILE = path.join(packageRoot, "examples", "translation", "model.tfm");
const model = checkedModel(valueOf(readModel(FILE)), { set: { vocab: "1600", layers: "3" } });

function layer(cost: LayerCost, ...names: readonly string[]): LayerCost {
  return names.reduce((at, name) => at.children.find((child) => child.name === name) ?? expect.fail(`no ${name} in ${at.path}`), cost);
}

describe("summarize, of experts", () => {
  const sizes = { vocab: 100, d: 24, ff: 20, k: 2, layers: 3 };
  const feedOf = (experts: number): { readonly feed: LayerCost; readonly cost: LayerCost } => {
    const file = valueOf(readModel(path.join(packageRoot, "examples", "moe", "model.tfm")));
    const set = { ...Object.fromEntries(["vocab", "d", "ff", "layers"].map((name) => [name, String(sizes[name as keyof typeof sizes])])), heads: "4", experts: String(experts) };
    const { cost } = summarize(checkedModel(file, { set }), { batch: 8, length: 20 });
    return { cost, feed: layer(cost, "blocks", "feed") };
  };

  it("counts the two that a token meets of however many there are", () => {
    for (const experts of [2, 4, 8]) {
      const { feed } = feedOf(experts);
      // The router, then three products of 24 × 20 in each of two experts; two FLOPs each; three layers.
      const products = sizes.layers * 2 * (sizes.d * experts + sizes.k * 3 * sizes.d * sizes.ff);
      expect(print(feed.forward)).toBe(`${products}*B*T`);
      expect(print(feed.step)).toBe(`${3 * products}*B*T`);
      expect(feed.parameters).toBe(sizes.layers * (sizes.d * experts + 3 * experts * sizes.d * sizes.ff));
    }
  });
});

describe("summarize", () => {
  let summary: Summary;
  beforeAll(() => {
    summary = summarize(model, { batch: 8, length: 20 });
  });

  it("folds a stack into one layer with the figures of all", () => {
    expect(summary.cost.children.map(({ name, times }) => [name, times])).toEqual([["embed", 1], ["encoder", 3], ["decoder", 3], ["norm1", 1], ["norm2", 1], ["head", 1]]);
    // Two norms of 64 + 64; four products of 64 × 64 with biases; 64 → 256 → 64 with biases.
    expect(layer(summary.cost, "encoder").parameters).toBe(3 * (4 * 64 + 4 * (64 * 64 + 64) + (64 * 256 + 256) + (256 * 64 + 64)));
    expect(summary.cost.parameters).toBe(model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0));
  });

  it("gives FLOPs as formulas in the sizes", () => {
    // Per token four products of 64 × 64, per pair of tokens two products of length 64; two FLOPs each; three layers.
    expect(print(layer(summary.cost, "encoder", "attend").forward)).toBe(`${3 * 2 * 2 * 64}*B*S*S + ${3 * 2 * 4 * 64 * 64}*B*S`);
    expect(print(layer(summary.cost, "decoder", "feed", "up").forward)).toBe(`${3 * 2 * 64 * 256}*B*T`);
    expect(print(layer(summary.cost, "head").forward)).toBe(`${2 * 64 * 1600}*B*T`);
    expect(layer(summary.cost, "embed").forward).toEqual([]);
    expect(layer(summary.cost, "norm1").step).toEqual([]);
  });

  it("counts three products in a step for each one of the forward pass: itself and one for either factor's gradient", () => {
    const visit = (cost: LayerCost): void => {
      expect(evaluateSize(cost.step, summary.sizes), cost.path).toBe(3 * evaluateSize(cost.forward, summary.sizes));
      cost.children.forEach(visit);
    };
    visit(summary.cost);
  });

  it("adds the children of a layer up to at most the layer", () => {
    const visit = (cost: LayerCost): void => {
      for (const figure of ["forward", "step", "activations"] as const) {
        const inside = cost.children.reduce((sum, child) => sum + evaluateSize(child[figure], summary.sizes), 0);
        expect(inside).toBeLessThanOrEqual(evaluateSize(cost[figure], summary.sizes));
      }
      cost.children.forEach(visit);
    };
    visit(summary.cost);
  });

  it("plans the memory of a step", () => {
    // Values, gradients and Adam's two moments, each tensor at a multiple of 256 bytes.
    const least = 4 * 4 * summary.cost.parameters;
    expect(summary.memory.state).toBeGreaterThanOrEqual(least);
    expect(summary.memory.state).toBeLessThan(1.05 * least);
    expect(summary.peakBytes).toBe(Object.values(summary.memory).reduce((sum, bytes) => sum + bytes, 0));
    const larger = summarize(model, { batch: 16, length: 20 });
    expect(larger.memory.state).toBe(summary.memory.state);
    expect(larger.memory.arena / summary.memory.arena).toBeGreaterThan(1.5);
  });
});

describe("tfmc summary", () => {
  it("prints what it found as JSON, with a time by the given rate", async () => {
    const { code, stdout } = await tfmc(["summary", FILE, "--batch", "8", "--length", "20", "--rate", "10", "--json"]);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as { sizes: object; layers: { trainingFlops: { value: number } }; training: { steps: number; flops: number; estimate: { seconds: number } } };
    expect(found.sizes).toEqual({ B: 8, S: 20, T: 20 });
    expect(found.training.steps).toBe(2000);
    expect(found.training.flops).toBe(found.layers.trainingFlops.value);
    expect(found.training.estimate.seconds).toBeCloseTo((found.training.steps * found.training.flops) / (10e9 * 0.3), 6);
  });
});
