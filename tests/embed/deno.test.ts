/** A second WebGPU: Deno's, where Naga compiles the WGSL, as it does in Firefox; everywhere else in these tests Tint does. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { buildIfChanged } from "../../scripts/build.mjs";
import { deno } from "../../scripts/setup/deno.mjs";
import { checkedModel } from "../../src/experiment/check.ts";
import { writingEntries } from "../../src/experiment/decoding.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import { standaloneRuntime } from "../../src/embed/standalone.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu } from "../support/gpu.ts";
import { calls } from "./calls.ts";
import type { Results } from "./calls.ts";
import { expectMeaning } from "./expected.ts";
import { moduleFiles, tokenizer, userFolder, weightsFile } from "./tiny.ts";
import type { Folder } from "./tiny.ts";

const PROGRAM = `
import { load, TfmError } from "./transformer.js";
import { calls } from "./calls.js";
const beside = (name) => new URL(name, import.meta.url);
const results = await calls({
  load, TfmError, gpu: undefined,
  weights: () => Deno.readFile(beside("model.safetensors")), tokenizer: () => Deno.readTextFile(beside("tokenizer.json")),
});
console.log(JSON.stringify(results));
`;

/** What the compiler of WGSL has against kernels, by their names. */
const TRIAL = `
const device = await (await navigator.gpu.requestAdapter()).requestDevice();
const refused = {};
const kernels = JSON.parse(await Deno.readTextFile(new URL("kernels.json", import.meta.url)));
for (const [name, code] of kernels) {
  device.pushErrorScope("validation");
  device.createShaderModule({ code });
  const error = await device.popErrorScope();
  if (error) refused[name] = error.message;
}
console.log(JSON.stringify({ tried: kernels.length, refused }));
`;

/** The text of every kernel that a training of an example, and its use, ask of a device without features. */
function kernelsOf(example: string): readonly (readonly [name: string, wgsl: string])[] {
  const model = checkedModel(valueOf(readModel(path.join(packageRoot, "examples", example, "model.tfm"))));
  const { kernels } = compile(model, { profile: { kind: "gpu" }, training: true, entries: [...model.entries.map((entry) => entry.name), ...writingEntries(model)] }).program;
  return kernels.flatMap(({ name, wgsl, features, fallback }) => {
    const plain = features.length === 0 ? wgsl : fallback?.wgsl;
    return plain === undefined ? [] : [[`${example} ${name}`, plain] as const];
  });
}

describeGpu("in Deno", () => {
  const program = deno();
  let folder: Folder;
  beforeAll(async () => {
    const built = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
    if (!built.ok) throw new Error(built.reason);
    folder = userFolder();
    for (const [name, text] of moduleFiles("any", { runtime: { text: valueOf(standaloneRuntime()) } })) folder.write(name, text);
    folder.write("model.safetensors", weightsFile());
    folder.write("tokenizer.json", JSON.stringify(tokenizer.toJSON()));
    folder.write("calls.js", `export ${calls.toString()}\n`);
    folder.write("program.js", PROGRAM);
    folder.write("trial.js", TRIAL);
  }, 120_000);
  afterAll(() => folder?.remove());

  /** What a program of the folder prints. */
  const run = (file: string): unknown => {
    const place = path.join(folder.path, file);
    const env = { ...process.env, DENO_DIR: path.join(folder.path, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
    const { stdout, stderr, status } = spawnSync(program as string, ["run", "--unstable-webgpu", "--no-remote", `--allow-read=${folder.path}`, place], { encoding: "utf8", env });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  it("a compiled module computes what the model means", { timeout: 120_000 }, ({ skip }) => {
    if (program === undefined) return skip("there is no Deno (npm test says why it could not be fetched)");
    expectMeaning(run("program.js") as Results);
  });

  it("every kernel of the examples is accepted", { timeout: 300_000 }, ({ skip }) => {
    if (program === undefined) return skip("there is no Deno (npm test says why it could not be fetched)");
    const kernels = readdirSync(path.join(packageRoot, "examples"), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? kernelsOf(entry.name) : []));
    folder.write("kernels.json", JSON.stringify(kernels));
    expect(run("trial.js")).toEqual({ tried: kernels.length, refused: {} });
    expect(kernels.length).toBeGreaterThan(500);
    // And it would say so.
    folder.write("kernels.json", JSON.stringify([["wrong", "@compute @workgroup_size(64) fn main() { let x: i32 = 1.5; }"]]));
    expect(run("trial.js")).toMatchObject({ tried: 1, refused: { wrong: expect.stringContaining("i32") as string } });
  });
});
