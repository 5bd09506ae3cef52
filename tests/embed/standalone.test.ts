import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { buildIfChanged } from "../../scripts/build.mjs";
import { standaloneRuntime } from "../../src/embed/standalone.ts";
import { valueOf } from "../../src/failure.ts";
import { moduleFiles } from "./tiny.ts";

beforeAll(async () => {
  const built = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
  if (!built.ok) throw new Error(built.reason);
}, 60_000);

it("the runtime that a module brings along is at most 30 KB gzipped and declares one name", () => {
  const text = valueOf(standaloneRuntime());
  expect(gzipSync(text).length).toBeLessThanOrEqual(30 * 1024);
  // Neither a browser's names nor Node's are there: it asks for them when it runs, not when it is read.
  const context: Record<string, unknown> = { WeakMap, Map, TextEncoder, TextDecoder };
  runInNewContext(text, context);
  expect(Object.keys(context["tfm"] as object).toSorted()).toEqual(["TfmError", "loadModel"]);
});

it("a module with the runtime inside imports nothing, and one without imports the runtime alone", () => {
  const imports = (text: string): readonly string[] => Array.from(text.matchAll(/^(?:import|export) .* from (.*);$/gm), (match) => match[1] ?? "");
  expect(imports(moduleFiles("any", { runtime: { text: valueOf(standaloneRuntime()) } }).get("transformer.js") as string)).toEqual([]);
  expect(new Set(imports(moduleFiles("any").get("transformer.js") as string))).toEqual(new Set(['"tfm/runtime"']));
  expect(new Set(imports(moduleFiles("any", { runtime: { from: "./tfm.js" } }).get("transformer.js") as string))).toEqual(new Set(['"./tfm.js"']));
});

it("the package exports what modules import", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { readonly exports: Readonly<Record<string, unknown>> };
  expect(Object.keys(exports)).toContain("./runtime");
});
