import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import type { Device } from "../../src/experiment/compiled.ts";
import { validationData } from "../../src/experiment/measured-data.ts";
import { measure, restoredMeasurer } from "../../src/experiment/measure.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(8);
/** Sentences of words with their tags. */
const TAGGED: readonly (readonly (readonly [word: string, tag: number])[])[] = [
  [["a", 0]],
  [["longer", 1], ["word", 2], ["here", 1], ["bb", 1], ["c", 2]],
  [["bb", 1]],
  [["a", 0], ["word", 0], ["c", 2]],
];
const LABELS = [1, 0, 0, 1, 0, 0, 0];

describeGpu("measuring a model that says nothing", () => {
  const project = mkdtempSync(path.join(tmpdir(), "tfm-measure-"));
  let device: Device;
  beforeAll(async () => {
    cpSync(path.join(import.meta.dirname, "files", "measured.tfm"), path.join(project, "measured.tfm"));
    writeFileSync(path.join(project, "text.txt"), TEXT);
    writeFileSync(path.join(project, "labels.tsv"), LABELS.map((label, at) => `${"abc".slice(at % 3)}\t${label}\n`).join(""));
    writeFileSync(path.join(project, "tags.tsv"), TAGGED.map((words) => words.map(([word, tag]) => `${word}\t${tag}\n`).join("")).join("\n"));
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
  });

  it("finds each letter of the held-out tenth as likely as any other, in training and from its checkpoint", async () => {
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "measured.tfm"))), recipe: "letters" }), device, path.join(project, "letters"));
    const { data, tokenizer } = run.prepared;
    await run.train({});
    const last = data.validation;
    expect(last?.count).toBe(TEXT.length - Math.floor(TEXT.length * 0.9));
    let done = 0;
    const { metrics } = await run.measure(last ?? data.whole, (count) => (done = count));
    run.dispose();
    // Uniform over the vocabulary: the perplexity is its size, whatever the windows.
    const size = tokenizer?.size ?? 0;
    expect(size).toBe(4 + new Set(TEXT).size);
    expect(metrics["perplexity"]).toBeCloseTo(size, 3);
    expect(metrics["nats_per_character"]).toBeCloseTo(Math.log(size), 5);
    // 36 letters, of which 35 are foreseen, in windows of 7.
    expect(done).toBe(5);

    const { checkpoint, model, tokenizer: saved } = readTrained(path.join(project, "letters"));
    const { examples } = valueOf(await validationData(model.recipe!, path.join(project, "measured.tfm"), checkpoint.record.data));
    expect((await measure(restoredMeasurer(checkpoint, model, saved, device), examples)).metrics).toEqual(metrics);
  });

  it("averages the recipe's metrics over all examples, and compares classes with the wanted ones", async () => {
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "measured.tfm"))), recipe: "classes" }), device, path.join(project, "classes"));
    await run.train({});
    const { metrics } = await run.measure(run.prepared.data.whole);
    run.dispose();
    const ones = LABELS.filter((label) => label === 1).length, count = LABELS.length;
    // Of equal logits the first is the largest, so class 0 is given; `guess` always gives class 1: precision 2/7, recall 1.
    expect(metrics["accuracy"]).toBeCloseTo((count - ones) / count, 6);
    expect(metrics["worth"]).toBeCloseTo(2.5, 6);
    expect(metrics["guess_accuracy"]).toBeCloseTo(ones / count, 6);
    expect(metrics["guess_f1"]).toBeCloseTo((2 * ones) / (2 * ones + (count - ones)), 6);
    expect(readFileSync(path.join(project, "classes", "log.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it.each([1, 2, 3, 4])("counts the words that are scored, and no other place, in batches of %i", async (batch) => {
    const words = TAGGED.flat();
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "measured.tfm"))), recipe: "tags", set: { "recipe.batch": String(batch) } }), device, path.join(project, `tags-${batch}`));
    const { metrics } = await run.measure(run.prepared.data.whole);
    run.dispose();
    const share = words.filter(([, tag]) => tag === 0).length / words.length;
    const mean = words.reduce((sum, [, tag]) => sum + tag, 0) / words.length;
    expect(metrics["accuracy"]).toBeCloseTo(share, 5);
    expect(metrics["guess_accuracy"]).toBeCloseTo(share, 6);
    expect(metrics["loss"]).toBeCloseTo(Math.log(3) + mean, 5);
  });

  it("says what cannot be measured on the data", async () => {
    const source = readFileSync(path.join(project, "measured.tfm"), "utf8").replace("metrics  = perplexity", "metrics  = bleu");
    writeFileSync(path.join(project, "bleu.tfm"), source);
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "bleu.tfm"))), recipe: "letters" }), device, path.join(project, "bleu"));
    await expect(run.measure(run.prepared.data.whole)).rejects.toMatchObject({ failure: { code: "metric-not-measurable" } });
    run.dispose();
  });
});
