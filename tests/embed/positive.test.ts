/** `isPositive` of examples/bert/app.ts with a small BERT of random weights, in Node and on the example's page, against the interpreter. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { sourceFile } from "../../grammar/source.ts";
import { buildIfChanged } from "../../scripts/build.mjs";
import { draws } from "../../runtime/random/philox.ts";
import { MASK, trainWordPiece } from "../../runtime/text/index.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { emitModule } from "../../src/embed/module.ts";
import { standaloneRuntime } from "../../src/embed/standalone.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu, withoutGpu } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { tfmc } from "../support/tfmc.ts";
import { openInChromium } from "./chromium.ts";
import { userFolder } from "./tiny.ts";
import type { Folder } from "./tiny.ts";

const TEXTS = ["a gripping , funny film", "dull", "it 's a Café of ideas !", "funny and dull and funny and dull", "no film", "a a a", "film of ideas", "gripping", `${"funny dull film ".repeat(40)}`.trim()];
const file = (name: string): string => readFileSync(path.join(packageRoot, "examples/bert", name), "utf8");

const tokenizer = trainWordPiece(TEXTS, 70, { specials: [MASK] });
const { size, pad, start, end } = tokenizer;
const model = checkedModel("bert.tfm", file("model.tfm"), { recipe: "sentence", set: { layers: "1", d: "16", heads: "2" }, use: (used) => sourceFile(used, ""), tokenizer: { size, pad, start, end } });
type Weights = ReadonlyMap<string, Float32Array>;
const drawn = (seed: number): Weights => new Map(model.parameters.map(({ path: name, shape }, at) => {
  const random = draws(seed, at);
  return [name, Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, () => 0.7 * random.normal())];
}));
/** The first that give both answers to the texts of the page. */
const weights = Array.from({ length: 50 }, (_, seed) => drawn(seed)).find((some) => new Set(TEXTS.slice(0, 4).map((text) => meaning(text, some))).size === 2)!;

/** By the graph that the checker made, in f64. */
function meaning(text: string, weights: Weights): boolean {
  const ids = [start, ...tokenizer.encode(text).slice(0, 62), end];
  const { graph, outputs } = model.entries.find(({ name }) => name === "sentence")!;
  const states = Object.fromEntries([...weights].map(([name, data]) => [`parameter/${name}`, data]));
  const result = interpret(graph, { sizes: { B: 1, T: ids.length }, inputs: { ids, segment: ids.map(() => 0) }, states });
  const [negative = 0, positive = 0] = result.outputs[outputs[0]!.name]!.data;
  return positive > negative;
}

describeGpu("isPositive", () => {
  let folder: Folder | undefined;
  beforeAll(async () => {
    if (withoutGpu) return;
    const built = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
    if (!built.ok) throw new Error(built.reason);
    folder = userFolder(["webgpu", "typescript", "@webgpu/types", "@types/node"]);
    const { program } = compile(model, { profile: { kind: "any" }, training: false });
    const files = emitModule(model, program, { runtime: { text: valueOf(standaloneRuntime()) }, tokenizer: JSON.stringify(tokenizer.toJSON()) });
    for (const [name, text] of files) folder.write(`examples/bert/compiled/${name}`, text);
    folder.write("runs/sst2/model.safetensors", encodeSafetensors(model.parameters.map(({ path: name, shape }) => ({ name, shape, data: weights.get(name)! }))));
    folder.write("examples/bert/app.ts", file("app.ts"));
    folder.write("examples/bert/app.js", (await transform(file("app.ts"), { loader: "ts", format: "esm" })).code);
    folder.write("examples/bert/page.html", file("page.html"));
    folder.write("index.html", '<!doctype html><title>tfm</title><link rel="icon" href="data:,">');
  }, 120_000);
  afterAll(() => folder?.remove());

  it("is right in its types", () => {
    const compilerOptions = { strict: true, noEmit: true, noUncheckedIndexedAccess: true, target: "es2022", lib: ["es2023"], module: "nodenext", skipLibCheck: true, types: ["node", "@webgpu/types"] };
    folder!.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["examples/bert/app.ts"] }));
    const { stdout } = spawnSync(process.execPath, [path.join(packageRoot, "node_modules/typescript/bin/tsc"), "-p", folder!.path], { cwd: folder!.path, encoding: "utf8" });
    expect(stdout).toBe("");
  }, 60_000);

  it("says in Node what the model means", async () => {
    const run = await tfmc(["exec", "--", process.execPath, path.join(folder!.path, "examples/bert/app.js"), ...TEXTS], { cwd: folder!.path });
    expect(run).toMatchObject({ code: 0, stdout: TEXTS.map((text) => `${meaning(text, weights) ? "+" : "-"} ${text}\n`).join("") });
  }, 120_000);

  it("says on the page what the model means", { timeout: 120_000 }, async ({ skip }) => {
    const served = await openInChromium(folder!.path);
    if (typeof served === "string") return skip(served);
    try {
      await served.page.goto(`${served.address}examples/bert/page.html`);
      for (const text of TEXTS.slice(0, 4)) {
        await served.page.fill("input", text);
        await served.page.press("input", "Enter");
        const answer = served.page.locator("output", { hasText: text });
        await answer.waitFor({ timeout: 60_000 });
        expect(await answer.textContent()).toBe(`${meaning(text, weights) ? "Positive" : "Negative"}: “${text}”`);
      }
      expect(served.messages.filter((message) => !/powerPreference/.test(message))).toEqual([]);
    } finally {
      await served.close();
    }
  });
});
