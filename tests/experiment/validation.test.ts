import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { validationData } from "../../src/experiment/measured-data.ts";
import { measure, restoredMeasurer } from "../../src/experiment/measure.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(7).slice(0, 305);
const LABELS: readonly (readonly [string, number])[] = [["a", 1], ["b", 0], ["c", 0], ["a", 1], ["b", 1]];
const DEV: readonly (readonly [string, number])[] = [["a", 1], ["b", 0], ["c", 1], ["a", 0], ["c", 0], ["b", 0], ["a", 1]];
const PAIRS: readonly (readonly [string, string])[] = [["ab", "ba"], ["b", "cc"], ["ca", "a"], ["c", "abcabcab"], ["b", "c"], ["a", "bb"], ["bc", "aaaa"], ["cb", "ab"]];

describeGpu("the loss on data that are not trained on", () => {
  const project = mkdtempSync(path.join(tmpdir(), "tfm-validation-"));
  let device: Device;
  beforeAll(async () => {
    cpSync(path.join(import.meta.dirname, "files", "validated.tfm"), path.join(project, "validated.tfm"));
    const table = (rows: readonly (readonly [string, string | number])[]): string => rows.map(([a, b]) => `${a}\t${b}\n`).join("");
    writeFileSync(path.join(project, "text.txt"), TEXT);
    writeFileSync(path.join(project, "labels.tsv"), table(LABELS));
    writeFileSync(path.join(project, "dev.tsv"), table(DEV));
    writeFileSync(path.join(project, "pairs.tsv"), table(PAIRS));
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
  });

  it("are not all that there is", async () => {
    const prepared = prepareRun({ source: valueOf(readModel(path.join(project, "validated.tfm"))), recipe: "classes", set: { "recipe.validation": "0.99" } });
    await expect(prepared).rejects.toMatchObject({ failure: { code: "data-empty", message: expect.stringMatching(/^validation = 0.99 leaves none of the \d+ texts to train on$/) as string } });
  });

  interface Trained {
    readonly metrics: Readonly<Record<string, number>>;
    readonly restored: Readonly<Record<string, number>>;
    readonly id: (letter: string) => number;
    readonly start: number;
    readonly end: number;
    /** -log softmax of what is wanted, in f64, of the sum of these rows of the weights. */
    readonly nats: (rows: readonly (readonly [name: string, id: number])[], wanted: number) => number;
  }

  /** A run of the recipe, measured in training and from its checkpoint. */
  async function trained(recipe: string): Promise<Trained> {
    const folder = path.join(project, recipe);
    const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(project, "validated.tfm"))), recipe }), device, folder);
    await run.train({});
    const { metrics } = await run.measure(run.prepared.data.validation!);
    run.dispose();
    const { checkpoint, model, tokenizer } = readTrained(folder);
    const { examples } = valueOf(await validationData(model.recipe!, path.join(project, "validated.tfm"), checkpoint.record.data));
    const restored = (await measure(restoredMeasurer(checkpoint, model, tokenizer, device), examples)).metrics;
    const weights = new Map(decodeSafetensors(readFileSync(path.join(folder, "model.safetensors"))).tensors.map(({ name, shape, data }) => [name, { width: shape[1] ?? 0, data: new Float32Array(data) }]));
    const nats: Trained["nats"] = (rows, wanted) => {
      const parts = rows.map(([name, id]) => {
        const { width, data } = weights.get(name)!;
        return data.slice(id * width, (id + 1) * width);
      });
      const logits = Array.from(parts[0]!, (_, v) => parts.reduce((sum, part) => sum + part[v]!, 0));
      return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[wanted]!;
    };
    return { metrics, restored, id: (letter) => tokenizer!.encode(letter)[0]!, start: tokenizer!.start, end: tokenizer!.end, nats };
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it("of a text is the mean over all places of its last part, in windows side by side", async () => {
    const { metrics, restored, id, nats } = await trained("letters");
    const last = [...TEXT].slice(244).map(id);
    expect(last).toHaveLength(61);
    // 60 places: eight windows of 7 and one of 4, in batches of 3.
    const costs = last.slice(1).map((next, t) => nats([["after", last[t]!], ["within", last[t - (t % 7)]!]], next));
    expect(metrics["loss"]).toBeCloseTo(mean(costs), 5);
    expect(metrics["nats_per_token"]).toBeCloseTo(mean(costs), 5);
    expect(metrics["perplexity"]).toBeCloseTo(Math.exp(mean(costs)), 4);
    expect(restored).toEqual(metrics);
  });

  it("of rows counts each row once, those of a short last batch too", async () => {
    const { metrics, restored, id, nats } = await trained("classes");
    expect(metrics["loss"]).toBeCloseTo(mean(DEV.map(([letter, label]) => nats([["after", id(letter)]], label))), 5);
    expect(Object.keys(metrics)).toEqual(["loss"]);
    expect(restored).toEqual(metrics);
  });

  it("of answers counts each token once, padding not at all", async () => {
    const { metrics, id, start, end, nats } = await trained("answers");
    const costs = PAIRS.slice(4).flatMap(([source, target]) => {
      const ids = [...target].map(id);
      return [...ids, end].map((next, t) => nats([["after", [start, ...ids][t]!], ["within", id(source[0]!)]], next));
    });
    expect(Object.keys(metrics)).toEqual(["loss"]);
    expect(metrics["loss"]).toBeCloseTo(mean(costs), 5);
  });
});
