import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

async function bundle(file: string): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../runtime/${file}`, import.meta.url))],
    bundle: true, minify: true, write: false, metafile: true, format: "esm", platform: "browser", target: "es2023", logLevel: "silent",
  });
  return { text: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
}

it("the runtime for inference is at most 30 KB gzipped and brings nothing of training but the file format", async () => {
  const { text, inputs } = await bundle("inference.ts");
  expect(gzipSync(text).length).toBeLessThanOrEqual(30 * 1024);
  expect(inputs.filter((input) => /training|train-/.test(input)).map((input) => input.replace(/.*\//, "")).toSorted()).toEqual(["crc32.ts", "safetensors.ts"]);
});

it("the whole runtime imports nothing from outside its folder, and so no Node module", async () => {
  const { inputs } = await bundle("index.ts");
  expect(inputs.length).toBeGreaterThan(20);
  expect(inputs.filter((input) => !/(^|\/)runtime\//.test(input))).toEqual([]);
});
