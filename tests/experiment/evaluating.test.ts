import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Recipe } from "../../compiler/check/model.ts";
import type { TrainResult } from "../../runtime/index.ts";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { validationData } from "../../src/experiment/measured-data.ts";
import { createEvaluating, decidingFigure, judged } from "../../src/experiment/evaluating.ts";
import type { Standing } from "../../src/experiment/evaluating.ts";
import { measure, restoredMeasurer } from "../../src/experiment/measure.ts";
import { readCheckpoint } from "../../src/experiment/run-folder.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { RunOptions } from "../../src/experiment/train.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

describe("the best of evaluations", () => {
  const course = (figure: string, values: readonly number[]): Standing => values.reduce((before, value, at) => judged(before, at + 1, value), { figure, evaluated: 0, since: 0 } as Standing);

  it("is the lowest loss and perplexity, and the highest of anything else; the first of equals", () => {
    expect(course("loss", [3, 2, 2.5, 2])).toEqual({ figure: "loss", evaluated: 4, best: { step: 2, value: 2 }, since: 2 });
    expect(course("perplexity", [8, 9])).toMatchObject({ best: { step: 1 }, since: 1 });
    expect(course("accuracy", [0.5, 0.7, 0.6])).toMatchObject({ best: { step: 2, value: 0.7 }, since: 1 });
    expect(course("bleu", [0, 0, 1])).toMatchObject({ best: { step: 3, value: 1 }, since: 0 });
  });

  it("is no value that is not a number", () => {
    expect(course("loss", [Number.NaN, 4, Number.NaN])).toEqual({ figure: "loss", evaluated: 3, best: { step: 2, value: 4 }, since: 1 });
    expect(course("loss", [Number.NaN])).toEqual({ figure: "loss", evaluated: 1, since: 1 });
  });

  it("goes by what is watched, or else by the first metric, function, or the loss", () => {
    const metrics = [{ name: "accuracy" }] as unknown as Recipe["metrics"];
    expect(decidingFigure({ reports: ["bleu", "exact_match"], metrics, watch: "loss" })).toBe("loss");
    expect(decidingFigure({ reports: ["bleu", "exact_match"], metrics })).toBe("bleu");
    expect(decidingFigure({ reports: [], metrics })).toBe("accuracy");
    expect(decidingFigure({ reports: [], metrics: [] })).toBe("loss");
  });

  it("begins anew where a run goes on by another figure", () => {
    const recipe = { evaluate: 5, reports: [], metrics: [], watch: "loss" } as unknown as Recipe;
    const parts = { recipe, steps: 20, open: () => Promise.reject(new Error("not opened")), keepBest: () => Promise.resolve(), onEvaluation: () => {} };
    const saved: Standing = { figure: "bleu", evaluated: 10, best: { step: 10, value: 3 }, since: 0 };
    expect(createEvaluating({ ...parts, standing: saved }).standing()).toEqual({ figure: "loss", evaluated: 0, since: 0 });
    expect(createEvaluating({ ...parts, standing: { ...saved, figure: "loss" } }).standing().best).toEqual({ step: 10, value: 3 });
    expect([0, 4, 5, 19, 20].filter(createEvaluating(parts).due)).toEqual([5, 20]);
  });
});

describeGpu("evaluating while training", () => {
  const project = mkdtempSync(path.join(tmpdir(), "tfm-evaluating-"));
  const model = path.join(project, "validated.tfm");
  let device: Device;
  const folder = (name: string): string => path.join(project, name);
  const bytes = (run: string, name: string): Uint8Array => readFileSync(path.join(folder(run), name));
  const rows = (run: string): readonly Record<string, number>[] => readFileSync(path.join(folder(run), "log.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, number>);
  const evaluations = (run: string): readonly Record<string, number>[] => rows(run).filter((row) => "eval_loss" in row);

  beforeAll(async () => {
    cpSync(path.join(import.meta.dirname, "files", "validated.tfm"), model);
    writeFileSync(path.join(project, "text.txt"), "the quick brown fox jumps over the lazy dog. ".repeat(7).slice(0, 305));
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    expect(await train("whole")).toMatchObject({ step: 12, end: "done" });
  });

  async function train(name: string, { set, ...options }: RunOptions & { readonly set?: Settings } = {}, from?: string): Promise<TrainResult> {
    const resume = from === undefined ? undefined : readCheckpoint(folder(from));
    const run = await openRun(await prepareRun({ source: resume?.source ?? valueOf(readModel(model)), recipe: "climb", set, resume }), device, folder(name), resume);
    try {
      return await run.train(options);
    } finally {
      run.dispose();
    }
  }

  it("logs what it measures, and only what is watched", () => {
    expect(evaluations("whole").map(({ step }) => step)).toEqual([3, 6, 9, 12]);
    expect(evaluations("whole").map((row) => Object.keys(row))).toEqual(Array(4).fill(["step", "eval_loss"]));
    const losses = evaluations("whole").map((row) => row["eval_loss"]!);
    expect(losses[1]).toBeLessThan(losses[0]!);
    expect(losses[3]).toBeGreaterThan(losses[2]!);
    expect(readCheckpoint(folder("whole")).record.standing).toEqual({ figure: "loss", evaluated: 12, best: { step: 6, value: losses[1] }, since: 2 });
  });

  it("keeps them with a checkpoint of their step, so that a run that is killed has done it", async () => {
    const seen: unknown[] = [];
    await train("watched", {
      onEvaluation: ({ step, standing: { best } }) => {
        // As it lies on the disk when the next one is told: of the evaluation before.
        const had = seen.length > 0 ? readCheckpoint(folder("watched")) : undefined;
        seen.push([step, best?.step, had?.manifest.step, had?.record.standing?.best?.step]);
      },
    });
    expect(seen).toEqual([[3, 3, undefined, undefined], [6, 6, 3, 3], [9, 6, 6, 6], [12, 6, 6, 6]]);
  });

  it("keeps the best weights, which are used when they are asked for", async () => {
    const measured = async (weights: "last" | "best"): Promise<number> => {
      const { checkpoint, model: checked, tokenizer } = readTrained(folder("whole"), weights);
      const { examples } = valueOf(await validationData(checked.recipe!, model, checkpoint.record.data));
      return (await measure(restoredMeasurer(checkpoint, checked, tokenizer, device), examples)).metrics["loss"]!;
    };
    const [, best, , last] = evaluations("whole").map((row) => row["eval_loss"]!);
    expect(await measured("last")).toBe(last);
    expect(await measured("best")).toBe(best);
    expect(readTrained(folder("whole"), "best").checkpoint.manifest.step).toBe(6);
  });

  it("leaves alone what layers keep from step to step", async () => {
    const run = await openRun(await prepareRun({ source: valueOf(readModel(model)), recipe: "counting" }), device, folder("counting"));
    await run.train({});
    run.dispose();
    expect(evaluations("counting")).toHaveLength(6);
    const { tensors } = decodeSafetensors(bytes("counting", "model.safetensors"));
    expect([...new Float32Array(tensors.find(({ name }) => name === "used")!.data)]).toEqual([12]);
  });

  it("goes on to the same bits from between two evaluations, in the same folder or another", async () => {
    await train("cut", { stopAt: 7 });
    expect(readCheckpoint(folder("cut")).record.standing).toMatchObject({ evaluated: 6, best: { step: 6 } });
    await train("other", {}, "cut");
    await train("cut", {}, "cut");
    for (const run of ["cut", "other"]) {
      for (const name of ["model.safetensors", "best.safetensors"]) expect(bytes(run, name)).toEqual(bytes("whole", name));
      expect(readCheckpoint(folder(run)).record.standing).toEqual(readCheckpoint(folder("whole")).record.standing);
    }
    expect(evaluations("cut")).toEqual(evaluations("whole"));
  });

  it("drops an evaluation that is interrupted, and does it when the run goes on", async () => {
    const signal = { aborted: false };
    let evaluation = 0;
    const onEvaluating = (done: number): void => {
      if (done === 3) evaluation++;
      signal.aborted ||= evaluation === 2;
    };
    expect(await train("aborted", { signal, onEvaluating })).toMatchObject({ step: 6, end: "interrupted" });
    expect(evaluations("aborted").map(({ step }) => step)).toEqual([3]);
    expect(readCheckpoint(folder("aborted")).record.standing).toMatchObject({ evaluated: 3 });
    await train("aborted", {}, "aborted");
    expect(evaluations("aborted")).toEqual(evaluations("whole"));
    expect(bytes("aborted", "best.safetensors")).toEqual(bytes("whole", "best.safetensors"));
    expect(bytes("aborted", "model.safetensors")).toEqual(bytes("whole", "model.safetensors"));
  });

  it("ends when it has been no better for as long as the recipe is patient, also when that counts over an interruption", async () => {
    const set = { "recipe.evaluate": "2", "recipe.patience": "2", "recipe.steps": "40" };
    expect(await train("patient", { set })).toMatchObject({ step: 10, end: "enough" });
    expect(evaluations("patient").map(({ step }) => step)).toEqual([2, 4, 6, 8, 10]);
    expect(await train("cut-patient", { set, stopAt: 9 })).toMatchObject({ step: 9, end: "stopped" });
    expect(await train("cut-patient", {}, "cut-patient")).toMatchObject({ step: 10, end: "enough" });
    expect(bytes("cut-patient", "best.safetensors")).toEqual(bytes("patient", "best.safetensors"));
    // It stays ended, until it is given more patience.
    expect(await train("patient", {}, "patient")).toMatchObject({ step: 10, end: "enough" });
    expect(await train("patient", { set: { "recipe.patience": "3" } }, "patient")).toMatchObject({ step: 12, end: "enough" });
    const report = readFileSync(path.join(folder("patient"), "report.html"), "utf8");
    expect(report).toContain("ended when it got no better");
    expect(report).toContain("every 2 steps, by loss; ends after 3 that are no better");
  });

  it("needs something to measure on, and settings that fit", async () => {
    await expect(train("nothing", { set: { "recipe.validation": "0" } })).rejects.toMatchObject({ failure: { code: "no-validation" } });
    expect(existsSync(folder("nothing"))).toBe(false);
    for (const set of [{ "recipe.watch": "bleu" }, { "recipe.evaluate": "0" }, { "recipe.patience": "half" }]) {
      await expect(train("wrong", { set })).rejects.toMatchObject({ diagnostics: [{ code: expect.stringMatching(/value-unknown|setting-value/) as string }] });
    }
    const { recipe } = await prepareRun({ source: valueOf(readModel(model)), recipe: "climb", set: { "recipe.evaluate": "none", "recipe.watch": "none", "recipe.validation": "none" } });
    expect([recipe.evaluate, recipe.watch, recipe.validation]).toEqual([undefined, undefined, undefined]);
    const reports = async (metrics: string): Promise<readonly string[]> => (await prepareRun({ source: valueOf(readModel(model)), recipe: "climb", set: { "recipe.metrics": metrics } })).recipe.reports;
    expect([await reports("none"), await reports("bleu, perplexity")]).toEqual([[], ["bleu", "perplexity"]]);
    await expect(reports("blue")).rejects.toMatchObject({ diagnostics: [{ code: "value-unknown" }] });
    const source = readFileSync(model, "utf8").replace("validation = 0.2", "validation = 0.2; patience = 3");
    writeFileSync(path.join(project, "impatient.tfm"), source);
    await expect(prepareRun({ source: valueOf(readModel(path.join(project, "impatient.tfm"))), recipe: "letters" })).rejects.toThrow(/`patience` is a number of evaluations: it needs `evaluate/);
  });
});
