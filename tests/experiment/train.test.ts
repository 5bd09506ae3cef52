import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrainResult } from "../../runtime/index.ts";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { evaluate } from "../../src/experiment/evaluate.ts";
import { readCheckpoint } from "../../src/experiment/run-folder.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { RunOptions } from "../../src/experiment/train.ts";
import { restoredTranslator } from "../../src/experiment/translator.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { readPairs } from "../../src/data-sources/tsv.ts";
import { valueOf } from "../../src/failure.ts";
import { failureOf } from "../../src/program.ts";
import type { RunFacts } from "../../src/report/index.ts";
import { assertWellFormed } from "../report/well-formed.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { tinyProject } from "./fixture.ts";

interface Wanted extends RunOptions {
  readonly set?: Settings;
  readonly recipe?: string;
  readonly data?: string;
  readonly skipBadRows?: boolean;
}

describeGpu("training", () => {
  let project = "";
  let device: Device;
  const folder = (name: string): string => path.join(project, name);
  const file = (run: string, name: string): Uint8Array => readFileSync(path.join(folder(run), name));
  const rows = (run: string): readonly Record<string, number>[] => readFileSync(path.join(folder(run), "log.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, number>);

  /** Trains as `tfmc train` does; `from` is the run to go on with, in its own folder. */
  async function train(name: string, { set, recipe, data, skipBadRows, ...options }: Wanted = {}, from?: string): Promise<TrainResult> {
    const resume = from === undefined ? undefined : readCheckpoint(folder(from));
    const source = resume?.source ?? valueOf(readModel(path.join(project, "tiny.tfm")));
    const run = await openRun(await prepareRun({ source, recipe, set, data, skipBadRows, resume }), device, folder(name), resume);
    try {
      return await run.train(options);
    } finally {
      run.dispose();
    }
  }
  const failing = async (work: Promise<unknown> | (() => unknown)): Promise<ReturnType<typeof failureOf>> => {
    try {
      await (typeof work === "function" ? work() : work);
    } catch (error) {
      return failureOf(error);
    }
    throw new Error("nothing was thrown");
  };

  beforeAll(async () => {
    project = tinyProject();
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    await train("whole");
  });

  it("lowers the loss and logs every tenth step", () => {
    const log = rows("whole");
    expect(log.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(Object.keys(log[0] ?? {})).toEqual(["step", "loss", "learning_rate", "grad_norm", "tokens_per_second", "ms"]);
    // A guess among 61 tokens is ln 61 = 4.1.
    expect(log.at(-1)?.["loss"]).toBeLessThan(2);
    // 0.05 × warm-up over 5 × linear decay over 60 steps.
    log.forEach(({ step = 0, learning_rate }) => expect(learning_rate).toBeCloseTo(0.05 * (1 - step / 60), 12));
  });

  it("keeps the model, its settings and the hash of its data with the weights", () => {
    const { manifest, record, source } = readCheckpoint(folder("whole"));
    expect(manifest).toMatchObject({ step: 60, seed: 3 });
    expect(record.data).toMatchObject({ examples: 30, unit: "pairs", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(source.file.text).toBe(readFileSync(path.join(project, "tiny.tfm"), "utf8"));
    expect(decodeSafetensors(file("whole", "model.safetensors")).tensors.map(({ name }) => name)).toEqual(["embed.table", "mix.weight", "mix.bias"]);
  });

  it("goes on after an interruption to the same bits", async () => {
    expect(await train("cut", { stopAt: 23 })).toMatchObject({ step: 23, end: "stopped" });
    expect(await train("cut", {}, "cut")).toMatchObject({ step: 60, end: "done" });
    for (const name of ["model.safetensors", "state.safetensors", "tokenizer.json"]) expect(file("cut", name)).toEqual(file("whole", name));
    const numbers = (run: string): unknown => rows(run).filter(({ step = 0 }) => step % 10 === 0).map(({ step, loss, grad_norm }) => [step, loss, grad_norm]);
    expect(numbers("cut")).toEqual(numbers("whole"));
    // What lies in previous/ is the checkpoint of step 23, itself whole.
    expect(readCheckpoint(path.join(folder("cut"), "previous")).manifest.step).toBe(23);
  });

  it("goes on to the same bits from a checkpoint that was being replaced when the process ended", async () => {
    await train("torn", { stopAt: 23 });
    await train("torn", { stopAt: 31 }, "torn");
    // The files take their places one after the other, the manifest last: here it is still that of step 23.
    cpSync(path.join(folder("torn"), "previous", "state.json"), path.join(folder("torn"), "state.json"));
    expect(readCheckpoint(folder("torn")).manifest.step).toBe(23);
    await train("torn", { stopAt: 40 }, "torn");
    expect(readCheckpoint(path.join(folder("torn"), "previous")).manifest.step).toBe(23);
    await train("torn", {}, "torn");
    for (const name of ["model.safetensors", "state.safetensors", "tokenizer.json"]) expect(file("torn", name)).toEqual(file("whole", name));
  });

  it("goes on to the same bits where pairs too long for the model are left out", async () => {
    const pairs = readFileSync(path.join(project, "pairs.tsv"), "utf8").trimEnd().split("\n");
    writeFileSync(path.join(project, "long.tsv"), pairs.map((pair, at) => (at % 9 === 4 ? `${"un deux trois ".repeat(9)}\tone\n${pair}` : pair)).join("\n"));
    const data = path.join(project, "long.tsv");
    expect(await failing(train("long", { data }))).toMatchObject({ code: "sequence-over-limit", message: expect.stringContaining("long.tsv:5: ") as string });
    await train("long", { data, skipBadRows: true });
    expect(readCheckpoint(folder("long")).record.data).toMatchObject({ examples: 30, badRows: 3 });
    await train("long-cut", { data, skipBadRows: true, stopAt: 23 });
    // That such rows are left out belongs to the run.
    await train("long-cut", {}, "long-cut");
    for (const name of ["model.safetensors", "state.safetensors", "tokenizer.json"]) expect(file("long-cut", name)).toEqual(file("long", name));
    const [once, resumed] = [await prepareRun({ source: valueOf(readModel(path.join(project, "tiny.tfm"))), data, skipBadRows: true }), await prepareRun({ source: readCheckpoint(folder("long")).source, resume: readCheckpoint(folder("long")) })];
    const batches = ({ batches: of, stepsPerEpoch }: typeof once): unknown => Array.from({ length: 2 * stepsPerEpoch }, (_, at) => of(at + 1));
    expect(once.stepsPerEpoch).toBe(8);
    expect(batches(resumed)).toEqual(batches(once));
  });

  it("ends after the step at hand when it is interrupted", async () => {
    const signal = { aborted: false };
    const result = await train("aborted", { signal, onStep: ({ step }) => void (signal.aborted ||= step >= 20) });
    expect(result.end).toBe("interrupted");
    expect(result.step).toBeLessThan(60);
    expect(readCheckpoint(folder("aborted")).manifest.step).toBe(result.step);
    await train("aborted", {}, "aborted");
    expect(file("aborted", "model.safetensors")).toEqual(file("whole", "model.safetensors"));
  });

  it("gives other weights for another seed and the same for the same", async () => {
    await train("again");
    await train("other", { set: { "recipe.seed": "4" } });
    expect(file("again", "model.safetensors")).toEqual(file("whole", "model.safetensors"));
    expect(file("other", "model.safetensors")).not.toEqual(file("whole", "model.safetensors"));
  });

  it("accumulates gradients over parts of a batch to nearly the same weights", async () => {
    await train("parts", { set: { "recipe.accumulate": "2" } });
    const whole = rows("whole"), parts = rows("parts");
    parts.forEach(({ loss = 0 }, at) => expect(Math.abs(loss - (whole[at]?.["loss"] ?? 0))).toBeLessThan(1e-3));
  });

  it("translates with a trained model as with the one in training", async () => {
    const pairs = valueOf(readPairs(path.join(project, "pairs.tsv")));
    const { checkpoint, model, tokenizer } = readTrained(folder("whole"));
    const restored = restoredTranslator(checkpoint, model, tokenizer, device);
    const { metrics, answers } = await evaluate(restored, pairs, ["bleu", "exact_match"]);
    expect(Object.keys(metrics)).toEqual(["bleu", "exact_match"]);
    expect(metrics["exact_match"]).toBe(answers.filter(({ given, wanted }) => given === wanted).length / 30);
    // One by one: the same answers as in batches.
    const some = answers.slice(0, 5);
    for (const { source, given } of some) expect(await restored.translate([source])).toEqual([given]);
    expect(await restored.translate(["", "  "])).toEqual(["", ""]);
    expect(await failing(restored.translate(["un", "zyx wvu ".repeat(9)]))).toMatchObject({ code: "sequence-over-limit", exit: 1, message: expect.stringContaining("text 2") as string });
    restored.dispose();

    const resume = readCheckpoint(folder("whole"));
    const run = await openRun(await prepareRun({ source: resume.source, resume }), device, folder("whole"), resume);
    const live = run.translator();
    expect(await live.translate(some.map(({ source }) => source))).toEqual(some.map(({ given }) => given));
    live.dispose();
    run.dispose();
  });

  it("names the first step whose loss is not finite, and leaves no checkpoint of it", async () => {
    expect(await failing(train("exploded", { recipe: "explode" }))).toMatchObject({ code: "not-finite", exit: 5, message: expect.stringMatching(/at step [1-9]/) as string });
    expect(await failing(() => readCheckpoint(folder("exploded")))).toMatchObject({ code: "no-checkpoint" });
  });

  it("writes a report however a run ends, and tells of each time that it was gone on with", () => {
    const sittings = (run: string): unknown => (JSON.parse(readFileSync(path.join(folder(run), "run.json"), "utf8")) as RunFacts).sittings;
    expect(sittings("whole")).toMatchObject([{ from: 0, to: 60, end: "done" }]);
    expect(sittings("cut")).toMatchObject([{ from: 0, to: 23, end: "stopped" }, { from: 23, to: 60, end: "done" }]);
    expect(sittings("aborted")).toMatchObject([{ end: "interrupted" }, { end: "done" }]);
    expect(sittings("exploded")).toMatchObject([{ end: "failed", trouble: expect.stringMatching(/at step [1-9]/) as string }]);
    for (const run of ["whole", "cut", "aborted", "exploded"]) {
      const html = readFileSync(path.join(folder(run), "report.html"), "utf8");
      assertWellFormed(html);
      expect(html).toContain(readCheckpoint(folder("whole")).record.data.sha256);
    }
    expect(readFileSync(path.join(folder("exploded"), "report.html"), "utf8")).toContain('class="end failed"');
  });

  describe("a run that cannot be continued", () => {
    const copy = (name: string): string => {
      cpSync(folder("whole"), folder(name), { recursive: true });
      return name;
    };
    const changed = (name: string, which: string, change: (bytes: Uint8Array) => Uint8Array): string => {
      const target = path.join(folder(copy(name)), which);
      writeFileSync(target, change(readFileSync(target)));
      return name;
    };
    const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 100, (bytes.at(-100) ?? 0) ^ 4);

    it.each(["model.safetensors", "state.safetensors", "tokenizer.json", "state.json"])("%s is truncated or has a bit flipped", async (name) => {
      for (const [kind, change] of [["short", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 7)], ["flipped", flipped]] as const) {
        const run = changed(`${kind}-${name}`, name, change);
        const failure = await failing(() => readCheckpoint(folder(run)));
        expect(failure).toMatchObject({ code: "checkpoint-damaged", exit: 1 });
        expect(failure?.message).toContain(folder(run));
        expect(failure?.message).toContain(name);
      }
    });

    it("another model: says which parameters differ", async () => {
      const failure = await failing(train("whole", { set: { d: "24" } }, "whole"));
      expect(failure).toMatchObject({ code: "weights-of-another-model", exit: 1 });
      expect(failure?.message).toMatch(/mix\.weight is \[16, 16\], this model's is \[24, 24\]/);
    });

    it("another seed", async () => {
      expect(await failing(train("whole", { set: { "recipe.seed": "9" } }, "whole"))).toMatchObject({ code: "resume-with-other-seed", exit: 2 });
    });

    it("other data", async () => {
      const other = path.join(project, "other.tsv");
      writeFileSync(other, "un\tone\n");
      expect(await failing(train("whole", { data: other }, "whole"))).toMatchObject({ code: "resume-with-other-data", exit: 1 });
    });

    it("a folder that holds another run", async () => {
      expect(await failing(train("whole"))).toMatchObject({ code: "run-exists", exit: 2 });
    });
  });
});

describe("settings of size", () => {
  it("trains the tokenizer at the vocabulary that is set", async () => {
    const project = tinyProject();
    const prepared = await prepareRun({ source: valueOf(readModel(path.join(project, "tiny.tfm"))), set: { vocab: "30" } });
    expect(prepared.tokenizer?.size).toBe(30);
    expect(prepared.model.parameters.find(({ path: name }) => name === "embed.table")?.shape).toEqual([30, 16]);
  });

  it("takes bounds from the data, within the model's limit", async () => {
    const project = tinyProject();
    const { bounds, limit, batches, stepsPerEpoch } = await prepareRun({ source: valueOf(readModel(path.join(project, "tiny.tfm"))) });
    expect(limit).toBe(12);
    expect(stepsPerEpoch).toBe(8);
    for (let step = 1; step <= 20; step++) {
      for (const { sizes } of batches(step)) for (const [name, value] of Object.entries(sizes)) expect(value).toBeLessThanOrEqual(bounds[name] ?? 0);
    }
  });
});
