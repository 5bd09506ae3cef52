import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Session } from "../../runtime/index.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { initialText } from "../../src/experiment/initial-text.ts";
import { readCheckpoint, savedTokenizer } from "../../src/experiment/run-folder.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { measure, restoredMeasurer } from "../../src/experiment/measure.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { Run } from "../../src/experiment/train.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { valueOf } from "../../src/failure.ts";
import { failureOf } from "../../src/program.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";

interface Wanted {
  readonly recipe?: string;
  readonly set?: Settings;
  readonly initFrom?: readonly string[];
}

describeGpu("starting from other weights", () => {
  const project = mkdtempSync(path.join(tmpdir(), "tfm-start-"));
  afterAll(() => rmSync(project, { recursive: true }));
  let device: Device;
  const folder = (name: string): string => path.join(project, name);
  const bytes = (run: string, name: string): Uint8Array => readFileSync(path.join(folder(run), name));

  async function open(name: string, wanted: Wanted): Promise<Run> {
    return openRun(await prepareRun({ source: valueOf(readModel(folder("start.tfm"))), ...wanted }), device, folder(name));
  }
  async function resumed(name: string): Promise<Run> {
    const resume = readCheckpoint(folder(name));
    return openRun(await prepareRun({ source: resume.source, resume }), device, folder(name), resume);
  }
  const failing = async (work: Promise<unknown>): Promise<ReturnType<typeof failureOf>> => {
    try {
      await work;
    } catch (error) {
      if (failureOf(error) === undefined) throw error;
      return failureOf(error);
    }
    throw new Error("nothing was thrown");
  };
  const weights = async (session: Session, kind: "parameter" | "average" = "parameter"): Promise<Readonly<Record<string, Float32Array>>> => Object.fromEntries((await session.readStates([kind])).map(({ path: name, data }) => [name, data]));

  beforeAll(async () => {
    cpSync(path.join(import.meta.dirname, "files", "start.tfm"), folder("start.tfm"));
    writeFileSync(folder("text.txt"), "the quick brown fox jumps over the lazy dog\n".repeat(12));
    // Other words than in the text, so that a tokenizer trained on these would be another.
    writeFileSync(folder("labels.tsv"), Array.from({ length: 16 }, (_, at) => `${at % 2 === 0 ? "quartz foxes" : "lazy zebras hum"}\t${at % 2}\n`).join(""));
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    const run = await open("pretrained", { recipe: "pretrain" });
    await run.train({});
    run.dispose();
  });

  it("takes over what has the same path and shape, and draws the rest as ever", async () => {
    const drawn = await open("drawn", { recipe: "judge", initFrom: ["none"] });
    const run = await open("judged", { recipe: "judge", initFrom: [folder("pretrained")] });
    const loaded = await weights(run.session), before = await weights(drawn.session);
    const pretrained = await resumed("pretrained");
    const learnt = await weights(pretrained.session);
    for (const name of ["encoder.words.table", "encoder.mix.weight", "encoder.mix.bias"]) {
      expect(loaded[name], name).toEqual(learnt[name]);
      expect(loaded[name], name).not.toEqual(before[name]);
    }
    for (const name of ["judge.weight", "judge.bias"]) expect(loaded[name], name).toEqual(before[name]);
    for (const { data } of await run.session.readStates(["optimizer"])) expect(data.every((value) => value === 0)).toBe(true);
    expect(drawn.initial).toBeUndefined();
    expect(run.initial).toMatchObject({
      trained: { recipe: "pretrain", step: 12 },
      matched: ["encoder.words.table", "encoder.mix.weight", "encoder.mix.bias"],
      missing: [{ path: "judge.weight", shape: [16, 2] }, { path: "judge.bias", shape: [2] }],
      differing: [],
      unused: [{ path: "out.weight", shape: [16, 280] }, { path: "out.bias", shape: [280] }],
    });
    expect(initialText(run.initial!).join("\n")).toMatch(/^started from .*pretrained \(pretrain, step 12\): 3 of 5 parameters\n2 not there, drawn anew: judge.weight \[16, 2\], judge.bias \[2\]\n2 there that this model does not have: out.weight \[16, 280\], out.bias \[280\]$/);
    for (const one of [drawn, run, pretrained]) one.dispose();
  });

  it("reads a file of another program by the names of a `weights` block", async () => {
    const tensors = new Map(decodeSafetensors(bytes("pretrained", "model.safetensors")).tensors.map((tensor) => [tensor.name, tensor]));
    const mix = tensors.get("encoder.mix.weight")!;
    const turned = Float32Array.from({ length: 256 }, (_, at) => mix.data[(at % 16) * 16 + Math.floor(at / 16)] as number);
    cpSync(path.join(folder("pretrained"), "tokenizer.json"), path.join(folder("theirs"), "tokenizer.json"));
    writeFileSync(folder("theirs/net.safetensors"), encodeSafetensors([{ ...tensors.get("encoder.words.table")!, name: "net.emb" }, { name: "net.fc.weight", shape: [16, 16], data: turned }]));
    const judged = readFileSync(folder("start.tfm"), "utf8").replace("encoder = Reader(vocab, d); judge", 'weights torch { encoder.words.table = "emb"; encoder.mix.weight[i,o] = "fc.weight"[o,i]; encoder.mix.bias = "fc.b" }\n  encoder = Reader(vocab, d); judge');
    writeFileSync(folder("named.tfm"), judged);
    const run = await openRun(await prepareRun({ source: valueOf(readModel(folder("named.tfm"))), recipe: "judge", initFrom: [folder("theirs/net.safetensors")] }), device, folder("named"));
    const loaded = await weights(run.session);
    expect(loaded["encoder.words.table"]).toEqual(tensors.get("encoder.words.table")?.data);
    expect(loaded["encoder.mix.weight"]).toEqual(mix.data);
    expect(initialText(run.initial!)).toEqual([
      expect.stringMatching(/^started from .*net.safetensors, by the names of `torch`: 2 of 5 parameters$/),
      "3 not there, drawn anew: encoder.mix.bias [16], judge.weight [16, 2], judge.bias [2]",
      "sought for them: net.fc.b",
      "`torch` has no line for judge.weight, judge.bias",
    ]);
    run.dispose();
  });

  it("reads with its own tokenizer where that beside a file is another program's, and refuses a damaged one", async () => {
    const bert = { version: "1.0", added_tokens: [], normalizer: { type: "Nmt" }, pre_tokenizer: { type: "BertPreTokenizer" }, model: { type: "WordPiece", vocab: { a: 0 } } };
    cpSync(path.join(folder("pretrained"), "model.safetensors"), folder("foreign/model.safetensors"));
    writeFileSync(folder("foreign/tokenizer.json"), JSON.stringify(bert));
    const run = await open("foreign-run", { recipe: "pretrain", initFrom: [folder("foreign/model.safetensors")] });
    expect(initialText(run.initial!).slice(0, 3)).toEqual([expect.stringMatching(/5 of 5 parameters$/) as string, 'The tokenizer (tokenizer.json) has the normalizer "Nmt", which is not supported.', "its tokenizer is another: what was learnt of its tokens means nothing here"]);
    run.dispose();
    writeFileSync(folder("foreign/tokenizer.json"), "{");
    expect(await failing(open("foreign-other", { recipe: "pretrain", initFrom: [folder("foreign/model.safetensors")] }))).toMatchObject({ code: "tokenizer-damaged", message: expect.stringContaining("foreign") as string });
  });

  it("reads with the tokenizer that the weights were trained with, where the recipe asks for the same", async () => {
    const prepared = async (wanted: Wanted) => prepareRun({ source: valueOf(readModel(folder("start.tfm"))), ...wanted });
    const saved = savedTokenizer(readCheckpoint(folder("pretrained")));
    const text = (one: Awaited<ReturnType<typeof prepared>>): string => JSON.stringify(one.tokenizer?.toJSON());
    expect(text(await prepared({ recipe: "judge", initFrom: [folder("pretrained")] }))).toBe(saved);
    expect(text(await prepared({ recipe: "judge", initFrom: [path.join(folder("pretrained"), "model.safetensors")] }))).toBe(saved);
    expect(text(await prepared({ recipe: "judge", initFrom: ["none"] }))).not.toBe(saved);
    const apart = await prepared({ recipe: "apart", initFrom: [folder("pretrained")] });
    expect(text(apart)).not.toBe(saved);
    expect(apart.initial?.otherTokens).toBe(true);
  });

  it("goes on after an interruption to the same bits, though the weights it began with are gone", async () => {
    const whole = await open("whole", { recipe: "judge", initFrom: [folder("pretrained")] });
    await whole.train({});
    whole.dispose();
    const cut = await open("cut", { recipe: "judge", initFrom: [folder("pretrained")] });
    await cut.train({ stopAt: 5 });
    cut.dispose();
    renameSync(folder("pretrained"), folder("away"));
    try {
      const rest = await resumed("cut");
      expect(rest.initial).toEqual(cut.initial);
      await rest.train({});
      rest.dispose();
    } finally {
      renameSync(folder("away"), folder("pretrained"));
    }
    for (const name of ["model.safetensors", "state.safetensors", "tokenizer.json"]) expect(bytes("cut", name), name).toEqual(bytes("whole", name));
    expect(readCheckpoint(folder("cut")).record.initial).toEqual(cut.initial);
    expect(readFileSync(path.join(folder("cut"), "report.html"), "utf8")).toContain("3 of 5 parameters");
  });

  it("keeps what is frozen to the bit, and no optimizer state of it", async () => {
    const run = await open("headed", { recipe: "judge", set: { "recipe.frozen": "encoder.*" }, initFrom: [folder("pretrained")] });
    await run.train({ stopAt: 4 });
    run.dispose();
    const rest = await resumed("headed");
    await rest.train({});
    rest.dispose();
    const tensors = (name: string, file: string) => new Map(decodeSafetensors(bytes(name, file)).tensors.map((tensor) => [tensor.name, tensor.data]));
    const [before, after] = [tensors("pretrained", "model.safetensors"), tensors("headed", "model.safetensors")];
    for (const name of ["encoder.words.table", "encoder.mix.weight", "encoder.mix.bias"]) expect(after.get(name), name).toEqual(before.get(name));
    expect(after.get("judge.weight")).not.toEqual(tensors("cut", "model.safetensors").get("judge.weight"));
    expect([...tensors("headed", "state.safetensors").keys()].sort()).toEqual(["m/judge.bias", "m/judge.weight", "v/judge.bias", "v/judge.weight"]);
    expect(readFileSync(path.join(folder("headed"), "report.html"), "utf8")).toContain("encoder.words.table, encoder.mix.weight, encoder.mix.bias");
  });

  it("keeps an average of the weights: the model is used with it, training goes on without", async () => {
    const set = { "recipe.average": "0.8" };
    const whole = await open("averaged", { recipe: "judge", set, initFrom: [folder("pretrained")] });
    await whole.train({});
    const { metrics } = await whole.measure(whole.prepared.data.whole);
    whole.dispose();
    const cut = await open("averaged-cut", { recipe: "judge", set, initFrom: [folder("pretrained")] });
    // Both begin as the weights that were loaded.
    expect(await weights(cut.session, "average")).toEqual(await weights(cut.session));
    await cut.train({ stopAt: 5 });
    cut.dispose();
    const rest = await resumed("averaged-cut");
    await rest.train({});
    rest.dispose();
    for (const name of ["model.safetensors", "state.safetensors"]) expect(bytes("averaged-cut", name), name).toEqual(bytes("averaged", name));
    const tensors = (run: string, file: string) => new Map(decodeSafetensors(bytes(run, file)).tensors.map((tensor) => [tensor.name, tensor.data]));
    // Training itself knows nothing of the average.
    for (const [name, data] of tensors("whole", "model.safetensors")) {
      expect(tensors("averaged", "state.safetensors").get(`parameters/${name}`), name).toEqual(data);
      expect(tensors("averaged", "model.safetensors").get(name), name).not.toEqual(data);
    }
    const { checkpoint, model, tokenizer } = readTrained(folder("averaged"));
    expect((await measure(restoredMeasurer(checkpoint, model, tokenizer, device), whole.prepared.data.whole)).metrics).toEqual(metrics);
  });

  it("tells both shapes where they differ", async () => {
    const run = await open("wide", { recipe: "judge", set: { d: "24" }, initFrom: [folder("some.safetensors")] }).catch(failureOf);
    expect(run).toMatchObject({ code: "file-missing" });
    const tensor = (name: string, ...shape: number[]) => ({ name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) });
    writeFileSync(folder("some.safetensors"), encodeSafetensors([tensor("judge.bias", 2), tensor("encoder.mix.weight", 16, 16), tensor("other", 3)]));
    const wide = await open("wide", { recipe: "judge", set: { d: "24" }, initFrom: [folder("some.safetensors")] });
    expect(wide.initial).toMatchObject({ matched: ["judge.bias"], differing: [{ path: "encoder.mix.weight", model: [24, 24], file: [16, 16] }], unused: [{ path: "other", shape: [3] }] });
    expect(initialText(wide.initial!).join("\n")).toContain("1 of another shape, drawn anew: encoder.mix.weight is [16, 16] there and [24, 24] here");
    expect([...(await wide.session.readState("judge.bias"))]).toEqual([0.5, 0.5]);
    wide.dispose();
  });

  it("starts from the average of several, and without a step keeps it", async () => {
    for (const seed of ["1", "2"]) {
      const run = await open(`seed-${seed}`, { recipe: "judge", set: { "recipe.seed": seed }, initFrom: [folder("pretrained")] });
      await run.train({});
      run.dispose();
    }
    const soup = await open("soup", { recipe: "judge", set: { "recipe.steps": "0" }, initFrom: [folder("seed-1"), folder("seed-2")] });
    expect(initialText(soup.initial!)).toEqual([expect.stringMatching(/^started from the average of .*seed-1, .*seed-2: 5 of 5 parameters$/)]);
    expect(await soup.train({})).toMatchObject({ end: "done", step: 0 });
    soup.dispose();
    const tensors = (name: string) => decodeSafetensors(bytes(name, "model.safetensors")).tensors;
    const [one, two] = [tensors("seed-1"), tensors("seed-2")];
    for (const [at, { name, data }] of tensors("soup").entries()) {
      expect(data, name).toEqual(Float32Array.from(one[at]!.data, (value, index) => (value + (two[at]!.data[index] as number)) / 2));
      expect(data, name).not.toEqual(one[at]!.data);
    }
  });

  it("refuses weights of which nothing fits, and leaves no folder behind", async () => {
    const alone = await failing(open("alone", { recipe: "alone", initFrom: [folder("pretrained")] }));
    expect(alone).toMatchObject({ code: "no-weights-match", exit: 1, message: expect.stringContaining("lonely") as string, remedy: expect.stringContaining("--init-from none") as string });
    expect(() => readFileSync(path.join(folder("alone"), "log.jsonl"))).toThrow("ENOENT");
  });

  it("says how a model that was trained by itself becomes a part of another", async () => {
    const taught = await failing(open("taught", { recipe: "taught", initFrom: [folder("pretrained")] }));
    expect(taught?.remedy).toBe('if `teacher` is what was trained there, say so in the model, a line for each: `weights trained { teacher.encoder.words.table = "encoder.words.table"; … }`, or start with drawn weights: --init-from none');
  });

  it("finds the newest run of the recipe that init_from names, or says how to make one", async () => {
    const run = (args: readonly string[]) => tfmc(args, { cwd: project });
    const missing = await run(["train", "start.tfm", "--recipe", "judge"]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("`judge` starts from `pretrain`, and runs/ has no run of it");
    expect(missing.stderr).toContain("tfmc train start.tfm --recipe pretrain");
    expect((await run(["train", "start.tfm", "--steps", "3"])).code).toBe(0);
    expect((await run(["train", "start.tfm", "--steps", "4", "--out", "runs/mine"])).code).toBe(0);
    const found = await run(["train", "start.tfm", "--recipe", "judge", "--steps", "2", "--freeze", "encoder.words.*", "--freeze", "*.bias"]);
    expect(found.stderr).toContain("of them frozen");
    expect(found.stderr).toContain("started from runs/mine (pretrain, step 4): 3 of 5 parameters");
    expect(found.stdout).toBe("runs/start-2\n");
    const soup = await run(["train", "start.tfm", "--recipe", "judge", "--init-from", "runs/start-2", "--init-from", "runs/start-2", "--steps", "0", "--out", "runs/soup"]);
    expect(soup.stderr).toContain("started from the average of runs/start-2, runs/start-2: 5 of 5 parameters");
    expect(await run(["eval", "runs/soup", "labels.tsv"])).toMatchObject({ code: 0, stdout: (await run(["eval", "runs/start-2", "labels.tsv"])).stdout });
    expect(await run(["train", "start.tfm", "--init-from", "none", "--init-from", "runs/mine"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--init-from none") as string });
    expect(await run(["train", "--resume", "runs/start-2", "--init-from", "runs/mine"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--resume") as string });
  });
});
