import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LayerCost } from "../../compiler/cost.ts";
import { print } from "../../compiler/dim.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { checkedModel } from "../../src/experiment/check.ts";
import { fedSizes } from "../../src/experiment/fed-sizes.ts";
import { prepare } from "../../src/experiment/prepare.ts";
import { readModel, restoredModel } from "../../src/experiment/source.ts";
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

  it("calls a stack of one layer by its name, and layers that differ by their places", () => {
    const names = (text: string): readonly string[] => summarize(checkedModel(restoredModel([{ path: "m.tfm", text }])), { batch: 1, length: 4 }).cost.children.map(({ name }) => name);
    const deep = (layers: string, inner: string): string => `layer Deep(n) {
  up = stack(n) Linear(2, 2)
  forward(x: [B, 2]) -> [B, 2] {
    for level in up { x = level(x) }
    return x
  }
}
model M {
  deep = stack(l < ${layers}) Deep(${inner})
  forward(x: [B, 2]) -> [B, 2] {
    for level in deep { x = level(x) }
    return x
  }
}
`;
    expect(names(deep("1", "1"))).toEqual(["deep"]);
    expect(names(deep("2", "2"))).toEqual(["deep"]);
    expect(names(deep("2", "l + 1"))).toEqual(["deep.0", "deep.1"]);
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

/** Attention of a text over another, and nothing else: of 12 numbers a token. */
const ECHO = `model Echo(vocab, d = 12) {
  embed = Embedding(vocab, d)
  forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab] {
    wanted, given = embed(target), embed(source)
    weight[b,t,s] = softmax[s] sum[e] wanted[b,t,e] * given[b,s,e]
    found[b,t,e]  = sum[s] weight[b,t,s] * given[b,s,e]
    return embed.logits(found)
  }
}

train echo {
  tokenizer = characters()
  data      = pairs("pairs.tsv", from: "a", to: "b", tokenizer: tokenizer)
  model     = Echo(vocab: tokenizer.size)
  loss(source, target, next) = cross_entropy(model(target, source), next)
  optimizer = Adam(lr: 1e-3)
  batch = 4; steps = 8
}

train phased like echo {
  phases = until(0.25, batch: 2)
}
`;

/** Of which a batch of 4 is all short or all long: batches are of like lengths. */
const PAIRS = `${"ab\tc\n".repeat(8)}${"abababab\tcccccc\n".repeat(8)}`;

describe("summarize, of the batches of a run", () => {
  const project = mkdtempSync(path.join(tmpdir(), "tfm-summary-"));
  const file = path.join(project, "echo.tfm");
  beforeAll(() => {
    writeFileSync(file, ECHO);
    writeFileSync(path.join(project, "pairs.tsv"), PAIRS);
  });
  afterAll(() => rmSync(project, { recursive: true }));
  const summaryOf = async (set: Readonly<Record<string, string>> = {}, recipe = "echo"): Promise<Summary & { readonly vocab: number }> => {
    const prepared = await prepare({ source: valueOf(readModel(file)), recipe, set });
    return { ...summarize(prepared.model, { fed: fedSizes(prepared) }), vocab: prepared.tokenizer?.size ?? expect.fail("no tokenizer") };
  };
  /** Two products for attention and one for the logits, two FLOPs each, three times in a step. The target begins with `start`. */
  const flopsOf = (vocab: number, source: number, target: number): number => 3 * 2 * 4 * (2 * source * (target + 1) * 12 + (target + 1) * 12 * vocab);

  it("is the mean of what each costs, and not the cost of the mean length", async () => {
    const { training, sizes, bounds, vocab } = await summaryOf();
    expect(training?.flops).toBe((flopsOf(vocab, 2, 1) + flopsOf(vocab, 8, 6)) / 2);
    expect(training?.flops).not.toBe(flopsOf(vocab, 5, 3.5));
    expect(sizes).toEqual({ B: 4, S: 5, T: 4.5 });
    expect(bounds).toEqual({ B: 4, S: 8, T: 7 });
  });

  it("is the same for a batch in parts, but that a session holds one part", async () => {
    const [whole, parts] = [await summaryOf(), await summaryOf({ "recipe.accumulate": "2" })];
    expect(parts).toMatchObject({ sizes: whole.sizes, training: whole.training as object });
    expect(parts.bounds).toEqual({ ...whole.bounds, B: 2 });
  });

  it("counts each phase by its share of the steps", async () => {
    // A quarter of the steps has half of the rows.
    const { training, sizes, vocab } = await summaryOf({}, "phased");
    expect(sizes["B"]).toBe(3.5);
    expect(training?.flops).toBeLessThan((flopsOf(vocab, 2, 1) + flopsOf(vocab, 8, 6)) / 2);
  });

  it("is what tfmc summary prints, and where there are no data it says what it assumes", async () => {
    const { training } = await summaryOf();
    const { stdout } = await tfmc(["summary", file, "--rate", "10", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ sizesFrom: "data", sizes: { B: 4, S: 5, T: 4.5 }, bounds: { S: 8, T: 7 }, training: { steps: 8, flops: training?.flops } });
    expect((await tfmc(["summary", file, "--rate", "10"])).stdout).toContain(`sizes: means over 8 batches of the run, from ${path.join(project, "pairs.tsv")}`);
    renameSync(path.join(project, "pairs.tsv"), path.join(project, "moved.tsv"));
    const assumed = await tfmc(["summary", file, "--rate", "10", "--batch", "3"]);
    expect(assumed.stdout).toMatch(/B = 3, S = 64, T = 64\nsizes: assumed, as .*pairs\.tsv: there is no such file.*--data PATH/);
    expect((await tfmc(["summary", file, "--rate", "10", "--data", path.join(project, "moved.tsv")])).stdout).toContain("S = 5, T = 4.5");
    expect(await tfmc(["summary", file, "--data", "none.tsv"])).toMatchObject({ code: 1, stderr: expect.stringContaining("file-missing") as string });
    expect(await tfmc(["summary", file, "--data", "none.tsv", "--length", "3"])).toMatchObject({ code: 2, stderr: expect.stringContaining("options-exclude") as string });
  });
});

describe("tfmc summary", () => {
  it("refuses a length that the model does not take, and says which it takes", async () => {
    const gpt = path.join(packageRoot, "examples", "gpt", "model.tfm");
    expect(await tfmc(["summary", gpt, "--length", "100"])).toMatchObject({ code: 1, stderr: expect.stringContaining("loss requires T <= length, which does not hold for B = 12, T = 100: T may be at most 64.") as string });
  });

  it("without a recipe tells the function alone: nothing is trained", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-summary-"));
    const bare = path.join(folder, "bare.tfm");
    writeFileSync(bare, "model Bare(d = 8) {\n  up = Linear(d, d)\n  encode(x: [B, T, d]) -> [B, T, d] = up(x)\n}\n");
    const { stdout, stderr, code } = await tfmc(["summary", bare, "--rate", "10"]);
    expect([code, stderr]).toEqual([0, "without effect here: --rate\n"]);
    expect(stdout).toContain("layer                           parameters   encode FLOPs\n");
    expect(stdout).not.toMatch(/training|activations|gradients|optimizer/);
    const { layers } = JSON.parse((await tfmc(["summary", bare, "--json"])).stdout) as { layers: object };
    expect(Object.keys(layers)).toEqual(["path", "layer", "times", "parameters", "forwardFlops", "children"]);
    rmSync(folder, { recursive: true });
  });

  it("prints what it found as JSON, with a time by the given rate", async () => {
    const timed = async (rate: string): Promise<{ sizes: object; sizesFrom: string; layers: { trainingFlops: { value: number } }; training: { steps: number; flops: number; estimate: { seconds: number } } }> => {
      const { code, stdout } = await tfmc(["summary", FILE, "--batch", "8", "--length", "20", "--rate", rate, "--json"]);
      expect(code).toBe(0);
      return JSON.parse(stdout) as Awaited<ReturnType<typeof timed>>;
    };
    const [slow, fast] = [await timed("10"), await timed("20")];
    expect(slow).toMatchObject({ sizes: { B: 8, S: 20, T: 20 }, sizesFrom: "options" });
    expect(slow.training.steps).toBe(2000);
    expect(slow.training.flops).toBe(slow.layers.trainingFlops.value);
    // How long it really takes is for tests/experiment/estimate.test.ts.
    expect(slow.training.estimate.seconds).toBeCloseTo(2 * fast.training.estimate.seconds, 6);
  });
});
