import { spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/source.ts";
import { signatures } from "../../src/embed/signatures.ts";
import { library } from "../support/reference.ts";
import { packageRoot } from "../../src/package-root.ts";
import { moduleFiles, tokenizer, userFolder } from "./tiny.ts";
import type { Folder } from "./tiny.ts";

let folder: Folder;
beforeAll(() => {
  folder = userFolder(["typescript", "@webgpu/types", "webgpu"]);
  for (const [name, text] of moduleFiles("any")) folder.write(name, text);
  for (const [name, text] of moduleFiles("any", { tokenizer: JSON.stringify(tokenizer.toJSON()) })) folder.write(`own/${name}`, text);
});
afterAll(() => folder?.remove());

/** The messages of a strict compilation in which libraries are checked too. */
function messages(text: string, options: object): string {
  folder.write("consumer.ts", text);
  const compilerOptions = { strict: true, noEmit: true, skipLibCheck: false, target: "es2022", module: "nodenext", exactOptionalPropertyTypes: true, types: [], ...options };
  folder.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  const { stdout, stderr } = spawnSync(process.execPath, [path.join(packageRoot, "node_modules/typescript/bin/tsc"), "-p", folder.path], { cwd: folder.path, encoding: "utf8" });
  return stdout + stderr;
}

const RIGHT = `
import { load, TfmError } from "./transformer.js";
import type { Tensor, Transformer, TransformerWithTokenizer } from "./transformer.js";
import { load as loadOwn } from "./own/transformer.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <Claim extends true>(): Claim | undefined => undefined;

const bytes = new Uint8Array(8);
const model = await load(bytes);
holds<Same<typeof model, Transformer>>();
const logits = await model.forward({ target: [[1, 2]], source: [new Int32Array(3)] });
holds<Same<typeof logits, Tensor<Float32Array, readonly [B: number, T: number, vocab: ${tokenizer.size}]>>>();
const vocabulary: ${tokenizer.size} = logits.shape[2];
await model.forward({ target: new Int32Array(4), source: new Uint32Array(6) }, { B: 2 });
const { function: raised, above } = await model.dispose_({ values: [[1, 2, 3], new Float32Array(3)], delete: [1, 2, 3] });
holds<Same<typeof raised.shape, readonly [N: number, axis1: 3]>>();
holds<Same<typeof above.data, Int32Array>>();
model.dispose();

const translator: TransformerWithTokenizer = await load(Promise.resolve("model.safetensors"), { tokenizer: "tokenizer.json", bounds: { B: 4, S: 9 }, memoryBudget: 1e9 });
const one: string = await translator.generate("trois chats", { maxLength: 9 });
const many: string[] = await translator.generate(["trois chats", one], { batch: 2, onProgress: (done: number) => done + vocabulary });
const either: string | string[] = await translator.generate(many.length > 1 ? one : many);
const ids: number[] = translator.tokenizer.encode(many.join());
const own: string = await (await loadOwn(bytes.buffer)).generate(translator.tokenizer.decode(new Set(ids)));
const code = (error: unknown): string => (error instanceof TfmError ? error.code + (error.hint ?? "") + error.message : own);
export { code, either };
`;

it.each([
  ["without the DOM", { lib: ["es2023"] }],
  ["with the DOM", { lib: ["es2023", "dom"] }],
  ["for a bundler", { lib: ["es2023", "dom"], module: "esnext", moduleResolution: "bundler" }],
])("the declarations type what a program does, %s", (_, options) => {
  expect(messages(RIGHT, options)).toBe("");
});

it("a device has its own type where WebGPU's are known", () => {
  const text = 'import { load } from "./transformer.js";\nexport const model = (device: GPUDevice, gpu: GPU) => [load("", { device }), load("", { gpu })];\n';
  expect(messages(text, { lib: ["es2023", "dom"], types: ["@webgpu/types"], skipLibCheck: true })).toBe("");
  expect(messages(`${text}void load("", { device: "cuda:0" });`, { lib: ["es2023", "dom"], types: ["@webgpu/types"], skipLibCheck: true })).toMatch(/TS2322|TS2769/);
});

/** Each alone is an error, at the place that is wrong. */
const WRONG: readonly (readonly [what: string, line: string])[] = [
  ["an entry that the model lacks", "model.translate({})"],
  ["an input under another name", "model.forward({ target: [[1]], sauce: [[1]] })"],
  ["an input too many", "model.encode({ source: [[1]], target: [[1]] })"],
  ["an input that is missing", "model.forward({ target: [[1]] })"],
  ["real numbers in the place of ids", "model.encode({ source: new Float32Array(3) })"],
  ["ids in the place of real numbers", "model.dispose_({ values: new Int32Array(3), delete: [1, 2, 3] })"],
  ["a vector in the place of a matrix", "model.encode({ source: [1, 2] })"],
  ["a matrix in the place of a vector", "model.dispose_({ values: [[1, 2, 3]], delete: [[1, 2, 3]] })"],
  ["a size that the entry lacks", "model.encode({ source: [[1]] }, { T: 3 })"],
  ["a size that is no number", 'model.encode({ source: [[1]] }, { B: "3" })'],
  ["another vocabulary", "const wrong: 7 = (await model.encode({ source: [[1]] })).shape[2]"],
  ["an axis too many", "(await model.encode({ source: [[1]] })).shape[3]"],
  ["an output under another name", "(await model.dispose_({ values: [[1, 2, 3]], delete: [1, 2, 3] })).sum"],
  ["a bound for a size that no entry has", 'load("", { bounds: { Q: 3 } })'],
  ["an option that there is not", 'load("", { bound: {} })'],
  ["weights that are a number", "load(3)"],
  ["text from a model that was loaded without its tokenizer", 'model.generate("trois chats")'],
  ["a text where texts come back", 'const text: string = await translator.generate(["a"])'],
];

it("whatever does not fit the model is an error of types", () => {
  const head = 'import { load } from "./transformer.js";\nconst model = await load("");\nconst translator = await load("", { tokenizer: {} });\nvoid translator;\n';
  const text = `${head}${WRONG.map(([, line]) => `{ ${line}; }`).join("\n")}\nexport {};\n`;
  const found = new Set(Array.from(messages(text, { lib: ["es2023"] }).matchAll(/consumer\.ts\((\d+),/g), (match) => Number(match[1])));
  const first = head.split("\n").length;
  expect(WRONG.filter((_, at) => !found.has(first + at)).map(([what]) => what)).toEqual([]);
  expect([...found].every((line) => line >= first && line < first + WRONG.length)).toBe(true);
});

it("the example's app fits the module that it is run with", async () => {
  const { readFileSync } = await import("node:fs");
  const app = readFileSync(path.join(packageRoot, "examples/translation/app.ts"), "utf8").replaceAll("./compiled/", "./own/");
  const types = [path.join(packageRoot, "node_modules/@types/node"), path.join(packageRoot, "node_modules/@webgpu/types")];
  expect(messages(app, { lib: ["es2023"], types, skipLibCheck: true })).toBe("");
});

it("the model's own comments and signatures stand at its entries", () => {
  const text = moduleFiles("any").get("transformer.d.ts") as string;
  expect(text).toContain(" * A translator *\\/ that is small.");
  expect(text).toContain("   * Logits of the token after each.\n   *\n   *     forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab]\n");
  expect(text).toContain("Requires `T <= 40`.");
});

it("says of a model in another file what that file says", () => {
  const text = "model Twice(d = 3) {\n  param w: [d] ~ ones\n  /// Twice as much.\n  forward(x: [B, d]) -> [B, d] { y[b,i] = 2 * w[i] * x[b,i]; return y }\n}";
  const recipe = 'use "twice.tfm"\ntrain t { data = images("digits", side: 1, channels: 3); model = Twice(); loss(image) { x[b,i] = image[b,0,0,i]; y = model(x); return mean[b,i] y[b,i]^2 }; optimizer = Sgd(lr: 0); batch = 1; steps = 1 }';
  const { model } = check(sourceFile("recipe.tfm", recipe), { std: library(), use: () => sourceFile("twice.tfm", text) });
  const declaredIn = model?.declaredIn ?? sourceFile("none", "");
  expect([...signatures(declaredIn, "Twice").entries]).toEqual([["forward", { doc: "Twice as much.", text: "forward(x: [B, d]) -> [B, d]", axes: [["B", "d"]] }]]);
});
