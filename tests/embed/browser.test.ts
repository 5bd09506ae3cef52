import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildIfChanged } from "../../scripts/build.mjs";
import { standaloneRuntime } from "../../src/embed/standalone.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu, withoutGpu } from "../support/gpu.ts";
import { calls } from "./calls.ts";
import type { Results } from "./calls.ts";
import { openInChromium } from "./chromium.ts";
import type { Served } from "./chromium.ts";
import { expectMeaning } from "./expected.ts";
import { moduleFiles, tokenizer, userFolder, weightsFile } from "./tiny.ts";
import type { Folder } from "./tiny.ts";

/** Weights by address, the tokenizer by response, the GPU by default. */
const PAGE = `
import { calls } from "./calls.js";
globalThis.compute = async (module) => {
  const { load, TfmError } = await import(module);
  return calls({ load, TfmError, gpu: undefined, weights: () => "/model.safetensors", tokenizer: () => fetch("/tokenizer.json") });
};
`;

let folder: Folder | undefined;
let opened: Served | string = "not opened";
beforeAll(async () => {
  if (withoutGpu) return;
  const built = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
  if (!built.ok) throw new Error(built.reason);
  folder = userFolder();
  // An import map takes the place of a bundler.
  folder.write("index.html", '<!doctype html><title>tfm</title><link rel="icon" href="data:,"><script type="importmap">{ "imports": { "tfm/runtime": "./runtime.js" } }</script><script type="module" src="page.js"></script>');
  folder.write("runtime.js", readFileSync(path.join(packageRoot, "dist", "runtime.js")));
  for (const [name, text] of moduleFiles("cpu")) folder.write(name, text);
  for (const [name, text] of moduleFiles("any", { runtime: { text: valueOf(standaloneRuntime()) } })) folder.write(`standalone/${name}`, text);
  folder.write("model.safetensors", weightsFile());
  folder.write("tokenizer.json", JSON.stringify(tokenizer.toJSON()));
  folder.write("calls.js", `export ${calls.toString()}\n`);
  folder.write("page.js", PAGE);
  opened = await openInChromium(folder.path);
}, 120_000);
afterAll(async () => {
  if (typeof opened !== "string") await opened.close();
  folder?.remove();
});

describeGpu("in a browser", () => it.for([
  // Kernels for subgroups of 8 lanes: SwiftShader's have 4, so the variants without subgroups are taken.
  ["with the runtime of the package and a CPU's kernels", "/transformer.js"],
  ["with the runtime inside and any adapter's kernels", "/standalone/transformer.js"],
])("a compiled module computes in Chromium what the model means, %s", { timeout: 120_000 }, async ([, module], { skip }) => {
  if (typeof opened === "string") return skip(opened);
  const results = await opened.page.evaluate(`compute(${JSON.stringify(module)})`);
  expectMeaning(results as Results);
  // Of the address where there is nothing, and of the option that Windows alone ignores.
  expect(opened.messages.filter((message) => !/404|powerPreference/.test(message))).toEqual([]);
}));
