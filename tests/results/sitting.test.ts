import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import { valueOf } from "../../src/failure.ts";
import { canGoOn, noteBegin } from "../../src/results/sitting.ts";
import { tinyProject } from "../experiment/fixture.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

describeGpu("a run that an earlier sitting began", () => {
  const begin = { train: "tiny.tfm --init-from RUNS/first", from: { first: "2026-01-01T10:00:00Z" } };
  let project = "", folder = "";
  const changed = async (file: string, text: string): Promise<boolean> => {
    const before = readFileSync(path.join(project, file), "utf8");
    writeFileSync(path.join(project, file), text);
    try {
      return await canGoOn(folder, begin, undefined);
    } finally {
      writeFileSync(path.join(project, file), before);
    }
  };

  beforeAll(async () => {
    project = tinyProject();
    folder = path.join(project, "runs", "tiny");
    noteBegin(folder, begin);
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "tiny.tfm"))) }), { device: await gpuDevice(), adapter: { name: "test", hardware: false } }, folder);
    await run.train({ stopAt: 2 }).finally(() => run.dispose());
  });

  it("is gone on with", async () => {
    expect(await canGoOn(folder, begin, undefined)).toBe(true);
    expect(await canGoOn(folder, begin, path.join(project, "pairs.tsv"))).toBe(true);
  });

  it("is not, where it would begin in another way", async () => {
    expect(await canGoOn(path.join(project, "runs", "other"), begin, undefined)).toBe(false);
    expect(await canGoOn(folder, { ...begin, train: "tiny.tfm" }, undefined)).toBe(false);
    expect(await canGoOn(folder, { ...begin, from: { first: "2026-01-01T11:00:00Z" } }, undefined)).toBe(false);
  });

  it("is not, where its model or its data have changed, unless only in what is said of them", async () => {
    const model = readFileSync(path.join(project, "tiny.tfm"), "utf8"), pairs = readFileSync(path.join(project, "pairs.tsv"), "utf8");
    expect(await changed("tiny.tfm", `// a remark\n${model}`)).toBe(true);
    expect(await changed("tiny.tfm", model.replace(/seed = \d+/, "seed = 77"))).toBe(false);
    expect(await changed("tiny.tfm", "model {")).toBe(false);
    expect(await changed("pairs.tsv", `${pairs}sept\tseven\n`)).toBe(false);
    const others = path.join(project, "others.tsv");
    appendFileSync(others, "huit\teight\n");
    expect(await canGoOn(folder, begin, others)).toBe(false);
  });
});
