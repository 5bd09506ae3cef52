import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/experiment/run-folder.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { trainingProgram } from "../../src/experiment/compiled.ts";
import type { Prepared } from "../../src/experiment/prepare.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(7).slice(0, 305);
const project = mkdtempSync(path.join(tmpdir(), "tfm-phases-"));
const model = path.join(project, "validated.tfm");
beforeAll(() => {
  cpSync(path.join(import.meta.dirname, "files", "validated.tfm"), model);
  writeFileSync(path.join(project, "text.txt"), TEXT);
  writeFileSync(path.join(project, "labels.tsv"), "a\t1\nb\t0\n");
  writeFileSync(path.join(project, "dev.tsv"), "a\t0\n");
});

describe("phases", () => {
  const prepared = (recipe: string, set: Settings = {}): Promise<Prepared> => prepareRun({ source: valueOf(readModel(model)), recipe, set });

  it("feed the first steps otherwise, and the last as the recipe says", async () => {
    const run = await prepared("phased");
    // 12 steps: a quarter is 3, three quarters are 9.
    const sizes = Array.from({ length: 12 }, (_, at) => run.batches(at + 1).map((batch) => batch.sizes));
    expect(sizes).toEqual([...Array(3).fill([{ B: 5, T: 3 }]), ...Array(6).fill([{ B: 3, T: 5 }]), ...Array(3).fill([{ B: 3, T: 7 }])]);
    expect(run.bounds).toEqual({ B: 5, T: 7 });
    // Every window is a part of the text that is trained on, and `next` goes on from it.
    const spelt = (values: Int32Array): string => run.tokenizer?.decode([...values]) ?? "";
    for (let step = 1; step <= 12; step++) {
      for (const { sizes: { B = 0, T = 0 }, fields } of run.batches(step)) {
        for (let b = 0; b < B; b++) {
          const now = spelt((fields["ids"] as Int32Array).slice(b * T, (b + 1) * T)), next = spelt((fields["next"] as Int32Array).slice(b * T, (b + 1) * T));
          expect(TEXT.slice(0, 244)).toContain(now[0] + next);
          expect(now.slice(1)).toBe(next.slice(0, -1));
        }
      }
    }
  });

  it("are the same in every run, and leave the steps behind them as they would be without", async () => {
    const [one, two, plain] = [await prepared("phased"), await prepared("phased"), await prepared("letters")];
    for (let step = 1; step <= 12; step++) expect(one.batches(step)).toEqual(two.batches(step));
    for (let step = 10; step <= 12; step++) expect(one.batches(step)).toEqual(plain.batches(step));
    expect((await prepared("phased", { "recipe.phases": "none" })).batches(1)).toEqual(plain.batches(1));
    const parts = await prepared("phased", { "recipe.accumulate": "2" });
    expect([1, 5].map((step) => parts.batches(step).map(({ sizes }) => sizes["B"]))).toEqual([[2, 3], [1, 2]]);
    expect(parts.bounds).toEqual({ B: 3, T: 7 });
  });

  it.each([
    ["phases = 0.9", /such as `until\(0.9, length: 128\)`/],
    ["phases = until(1.5, length: 3)", /share of the steps between 0 and 1/],
    ["phases = until(length: 3)", /share of the steps between 0 and 1/],
    ["phases = until(0.5, length: 3), until(0.5, length: 4)", /in the order of the steps/],
    ["phases = until(0.5, width: 3)", /has no parameter `width`/],
    ["phases = until(0.5, length: 2.5)", /`length` is an integer/],
    ["phases = until(0.5, batch: 0)", /`batch` is an integer/],
  ])("%s is refused", async (setting, says) => {
    const file = path.join(project, "wrong.tfm");
    writeFileSync(file, readFileSync(model, "utf8").replace(/phases = until.*/, setting));
    await expect(prepareRun({ source: valueOf(readModel(file)), recipe: "phased" })).rejects.toThrow(says);
  });

  it("take no others from the command line", async () => {
    await expect(prepared("phased", { "recipe.phases": "until(0.5, length: 2)" })).rejects.toThrow(/`phases` is `none` on the command line/);
  });

  it("ask for no length of data that have none", async () => {
    const file = path.join(project, "wrong.tfm");
    writeFileSync(file, `${readFileSync(model, "utf8")}\ntrain short like classes {\n  phases = until(0.5, length: 3)\n}\n`);
    await expect(prepareRun({ source: valueOf(readModel(file)), recipe: "short" })).rejects.toThrow(/`labelled` has none/);
  });
});

describeGpu("training in phases", () => {
  let device: Device;
  beforeAll(async () => {
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
  });
  const bytes = (run: string): Uint8Array => readFileSync(path.join(project, run, "model.safetensors"));
  async function train(name: string, stopAt?: number, resumed = false): Promise<void> {
    const resume = resumed ? readCheckpoint(path.join(project, name)) : undefined;
    const run = await openRun(await prepareRun({ source: resume?.source ?? valueOf(readModel(model)), recipe: "phased", resume }), device, path.join(project, name), resume);
    try {
      await run.train({ stopAt });
    } finally {
      run.dispose();
    }
  }

  it("is one program, and goes on to the same bits from within a phase and from between two", async () => {
    const programs = await Promise.all(["phased", "letters"].map(async (recipe) => trainingProgram((await prepareRun({ source: valueOf(readModel(model)), recipe })).model, device)));
    expect(programs[0]).toEqual(programs[1]);
    await train("whole");
    for (const step of [3, 7]) {
      await train(`cut-${step}`, step);
      await train(`cut-${step}`, undefined, true);
      expect(bytes(`cut-${step}`)).toEqual(bytes("whole"));
    }
  });
});
