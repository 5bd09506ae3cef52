import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { train } from "../../runtime/index.ts";
import { corpus } from "../../src/corpus/index.ts";
import { fedSizes } from "../../src/experiment/fed-sizes.ts";
import { productRate, trainingSeconds } from "../../src/experiment/rate.ts";
import { readModel } from "../../src/experiment/source.ts";
import { summarize } from "../../src/experiment/summary.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const STEPS = 40;
/** Before the clock: the driver compiles in the first steps. */
const WARM = 10;

describeGpu("the time of a training before it starts", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-estimate-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is within a factor of 4 of what the translator's steps take, beside other tests", { timeout: 300_000 }, async () => {
    const data = path.join(folder, "train.tsv");
    writeFileSync(data, corpus(5, { train: 2400, heldout: 1 }).train.map(({ french, english }) => `${french}\t${english}\n`).join(""));
    const source = valueOf(readModel(path.join(packageRoot, "examples", "translation", "model.tfm")));
    const prepared = await prepareRun({ source, set: { "recipe.steps": String(STEPS) }, data });
    const device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    const { training } = summarize(prepared.model, { fed: fedSizes(prepared) });
    const run = await openRun(prepared, device, path.join(folder, "run"));
    try {
      const { session } = run;
      await train({ session, batches: prepared.batches, steps: WARM });
      const before = await productRate(device);
      const started = performance.now();
      await train({ session, batches: prepared.batches, steps: STEPS, from: WARM });
      const measured = (performance.now() - started) / 1000;
      const estimated = trainingSeconds({ steps: STEPS - WARM, flops: training?.flops ?? Number.NaN }, Math.max(before, await productRate(device)));
      expect(estimated / measured).toBeGreaterThan(1 / 4);
      expect(estimated / measured).toBeLessThan(4);
    } finally {
      run.dispose();
    }
  });
});
