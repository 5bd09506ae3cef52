import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stepJobs, train } from "../../runtime/index.ts";
import { corpus } from "../../src/corpus/index.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { Run } from "../../src/experiment/train.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { countingDevice } from "../support/counting-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

/** The example's own model, on real phrases: what a step takes, and that other sizes train as well. */
describeGpu("the translation example", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-steady-"));
  const data = path.join(folder, "train.tsv");
  const runs: Run[] = [];
  beforeAll(() => {
    const { train: pairs } = corpus(5, { train: 2400, heldout: 1 });
    writeFileSync(data, pairs.map(({ french, english }) => `${french}\t${english}\n`).join(""));
  });
  afterAll(() => runs.forEach((run) => run.dispose()));

  async function open(name: string, set: Settings): Promise<{ readonly run: Run; readonly counts: ReturnType<typeof countingDevice>["counts"]; reset(): void }> {
    const { device, counts, reset } = countingDevice(await gpuDevice());
    const source = valueOf(readModel(path.join(packageRoot, "examples", "translation", "model.tfm")));
    const run = await openRun(await prepareRun({ source, set, data }), { device, adapter: { name: "test", hardware: false } }, path.join(folder, name));
    runs.push(run);
    return { run, counts, reset };
  }

  it("submits once and creates nothing in 60 steps of many lengths, with at most 200 dispatches each", { timeout: 300_000 }, async () => {
    const { run: { session, prepared }, counts, reset } = await open("full", { "recipe.steps": "60", "recipe.batch": "8" });
    const lengths = new Set<string>();
    for (let step = 1; step <= 60; step++) {
      const batches = prepared.batches(step);
      const { S, T } = batches[0]?.sizes ?? {};
      lengths.add(`${S} ${T}`);
      reset();
      session.runJobs(stepJobs(session, batches, step));
      expect(counts).toMatchObject({ submits: 1, pipelines: 0, layouts: 0, bindGroups: 0, buffers: 0, textures: 0 });
      expect(counts.passes).toBeLessThanOrEqual(2);
      expect(counts.dispatches).toBeLessThanOrEqual(200);
      await session.settled();
    }
    expect(lengths.size).toBeGreaterThanOrEqual(10);
  });

  it("creates nothing while the loop reads its reports", { timeout: 300_000 }, async () => {
    const { run: { session, prepared }, counts, reset } = await open("loop", { "recipe.steps": "20", "recipe.batch": "8" });
    reset();
    await train({ session, batches: prepared.batches, steps: 20, reportEvery: 5 });
    expect(counts).toMatchObject({ submits: 20, passes: 20, pipelines: 0, bindGroups: 0, buffers: 0 });
  });

  it("trains at sizes of no power of two", { timeout: 300_000 }, async () => {
    const { run } = await open("odd", { d: "48", heads: "3", ff: "100", layers: "1", vocab: "400", "recipe.steps": "40" });
    const losses: number[] = [];
    await run.train({ onStep: ({ loss }) => losses.push(loss) });
    expect(losses).toHaveLength(4);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.85 * (losses[0] ?? 0));
  });
});
