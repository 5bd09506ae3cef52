import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildIfChanged } from "../../scripts/build.mjs";
import { valueOf } from "../../src/failure.ts";
import { standaloneRuntime } from "../../src/embed/standalone.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";
import { calls } from "./calls.ts";
import type { Results } from "./calls.ts";
import { expectMeaning } from "./expected.ts";
import { moduleFiles, tokenizer, translation, userFolder, weightsFile } from "./tiny.ts";
import type { Folder } from "./tiny.ts";

const documentation = readFileSync(path.join(packageRoot, "docs/embedding.md"), "utf8");

/** What a program of the user's does, apart from where the module lies. */
const PROGRAM = `
import { readFile } from "node:fs/promises";
import { create } from "webgpu";
import { load, TfmError } from "./MODULE";
import { calls } from "./calls.js";

const gpu = create([]);
const results = await calls({
  load, TfmError, gpu,
  weights: () => readFile(new URL("model.safetensors", import.meta.url)),
  tokenizer: () => readFile(new URL("tokenizer.json", import.meta.url), "utf8"),
});
console.log(JSON.stringify(results));
`;

describeGpu("a compiled module in Node", () => {
  let folder: Folder;
  beforeAll(async () => {
    const built = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
    if (!built.ok) throw new Error(built.reason);
    folder = userFolder(["tfm", "webgpu"]);
    for (const [name, text] of moduleFiles("cpu")) folder.write(name, text);
    for (const [name, text] of moduleFiles("any", { runtime: { text: valueOf(standaloneRuntime()) } })) folder.write(`standalone/${name}`, text);
    folder.write("model.safetensors", weightsFile());
    folder.write("tokenizer.json", JSON.stringify(tokenizer.toJSON()));
    folder.write("calls.js", `export ${calls.toString()}\n`);
  }, 120_000);
  afterAll(() => folder?.remove());

  it.each([
    ["with the runtime of the package", "transformer.js"],
    ["with the runtime inside", "standalone/transformer.js"],
  ])("computes what the model means, %s", async (_, module) => {
    folder.write("program.js", PROGRAM.replace("MODULE", module));
    const { code, stdout, stderr } = await node(folder, "program.js");
    expect(stderr).not.toMatch(/Error|internal/);
    expect(code).toBe(0);
    expectMeaning(JSON.parse(stdout) as Results);
  }, 120_000);

  it("translates phrases as the example's app does, with no package but the WebGPU bindings", async () => {
    const app = readFileSync(path.join(packageRoot, "examples/translation/app.ts"), "utf8");
    expect(app.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
    const { code } = await transform(app, { loader: "ts", format: "esm" });
    const user = userFolder(["webgpu"]);
    try {
      user.write("examples/translation/app.js", code);
      // As `tfmc compile RUN -o DIR` writes it: with the runtime, the run's tokenizer and its limit inside.
      const options = { tokenizer: JSON.stringify(tokenizer.toJSON(), null, 2), maxLength: 5, runtime: { text: valueOf(standaloneRuntime()) } };
      for (const [name, text] of moduleFiles("any", options)) user.write(`examples/translation/compiled/${name}`, text);
      user.write("runs/translation/model.safetensors", weightsFile());
      const phrases = ["trois chats noirs", "deux chiens"];
      const run = (...args: readonly string[]) => tfmc(["exec", "--", process.execPath, path.join(user.path, "examples/translation/app.js"), ...args], { cwd: user.path });
      const good = await run(...phrases);
      expect(good).toMatchObject({ code: 0, stdout: phrases.map((phrase) => `${phrase} → ${translation(phrase, 5)}\n`).join("") });

      // The eight lines of the documentation, as they stand there.
      const [snippet] = Array.from(documentation.matchAll(/```js\n([^`]*webgpu[^`]*)```/g), (match) => match[1] ?? "");
      user.write("snippet.js", snippet as string);
      for (const [name, text] of moduleFiles("any", options)) user.write(`model/${name}`, text);
      user.write("model.safetensors", weightsFile());
      expect(snippet?.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(8);
      expect(await node(user, "snippet.js")).toMatchObject({ code: 0, stdout: `${translation("jeudi 14 mars 2024", 5)}\n` });

      user.write("runs/translation/model.safetensors", weightsFile().slice(0, -5));
      const bad = await run();
      expect({ code: bad.code, stdout: bad.stdout }).toEqual({ code: 1, stdout: "" });
      expect(bad.stderr).toMatch(/damaged/);
    } finally {
      user.remove();
    }
  }, 120_000);
});

it("the documentation names codes that there are", () => {
  const rows = documentation.split("\n").filter((line) => /^\| `[a-z]+-[a-z-]+`/.test(line));
  const codes = rows.flatMap((row) => Array.from((row.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g), (match) => match[1] as string));
  expect(codes.length).toBeGreaterThan(12);
  const sources = ["errors.ts", "embedded/errors.ts", "text/errors.ts", "training/safetensors.ts"].map((file) => readFileSync(path.join(packageRoot, "runtime", file), "utf8")).join();
  const isThere = (code: string): boolean => sources.includes(`"${code}"`) || (code.startsWith("unknown-") && sources.includes("`unknown-${what}`"));
  expect(codes.filter((code) => !isThere(code))).toEqual([]);
  // And those of its own, all of them.
  const own = Array.from(readFileSync(path.join(packageRoot, "runtime/embedded/errors.ts"), "utf8").matchAll(/new TfmError\(\s*"([a-z-]+)"/g), (match) => match[1] as string);
  expect(own.length).toBeGreaterThan(10);
  expect([...own, "device-error", "unknown-option", "weights-unsupported"].filter((code) => !codes.includes(code))).toEqual([]);
});

function node(folder: Folder, file: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    // The adapter's environment is this process's own.
    const child = spawn(process.execPath, [path.join(folder.path, file), ...args], { cwd: folder.path, env: { ...process.env, NODE_OPTIONS: undefined }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
}
