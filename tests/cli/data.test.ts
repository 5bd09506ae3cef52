import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { characters } from "../../runtime/text/index.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { tfmc } from "../support/tfmc.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-data-"));
afterAll(() => rmSync(folder, { recursive: true }));
const recipe = (name: string, settings: string, fields: string): string => `
train ${name} {
  ${settings}
  model = Nothing()
  loss(${fields}) = model()
  optimizer = Sgd(lr: 0.1)
  batch = 2; steps = 5; seed = 4
}`;
beforeAll(() => {
  writeFileSync(path.join(folder, "m.tfm"), `model Nothing(d = 2) {
  param w: [d] ~ ones
  forward() -> real = mean[i] w[i] * w[i]
}
${recipe("text", 'tokenizer = characters(); data = labelled("a.tsv", first: "text", classes: 2, tokenizer: tokenizer)', "ids, label")}
${recipe("parts", 'tokenizer = characters(); data = labelled("parts.tsv", first: "text", classes: 9, tokenizer: tokenizer); accumulate = 2', "ids, label").replace("= model()", "{ draw u: real ~ uniform; return u * model() }").replace("batch = 2", "batch = 5")}
${recipe("pictures", 'data = images("x-images-idx3-ubyte", side: 2)', "image, label")}
${recipe("shared", 'data = images("x-images-idx3-ubyte", side: 2)', "image").replace("(image) = model()", "(image) { draw part: real ~ uniform; return part * model() }")}
${recipe("dark", 'data = images("x-images-idx3-ubyte", side: 2)', "image").replace("(image) = model()", "(image) { draw part: [B] ~ uniform; x[b,r,c,k] = image[b,r,c,k] - 1 - 0.1 * part[b]; m = model(); return mean[b,r,c,k] x[b,r,c,k] * m }")}`);
  writeFileSync(path.join(folder, "a.tsv"), "ab a\t1\nbad\n\nb\t0\n");
  writeFileSync(path.join(folder, "parts.tsv"), "a\t1\na\t2\na\t3\na\t4\na\t5\n");
  writeFileSync(path.join(folder, "x-images-idx3-ubyte"), Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 128, 0));
  writeFileSync(path.join(folder, "x-labels-idx1-ubyte"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7));
});

it("shows texts as tokens and images in shades", async () => {
  const stopped = await tfmc(["data", "show", "m.tfm"], { cwd: folder });
  expect(stopped).toMatchObject({ code: 1, stdout: "" });
  expect(stopped.stderr).toContain("a.tsv:2: ");
  expect(stopped.stderr).toContain("--skip-bad-rows");
  const shown = await tfmc(["data", "show", "m.tfm", "--skip-bad-rows"], { cwd: folder });
  expect(shown.code).toBe(0);
  expect(shown.stdout.split("\n\n").map((row) => row.trim()).sort()).toEqual(["ids: <start>│a│b│␣│a│<end>\nlabel: 1", "ids: <start>│b│<end> + 3 of padding\nlabel: 0"]);
  expect(shown.stderr).toContain("2 texts in a.tsv, 1 bad row left out; 1 steps");
  const image = await tfmc(["data", "show", "m.tfm", "--recipe", "pictures"], { cwd: folder });
  expect(image.stdout).toBe("image:\n  @@\n++  \nlabel: 7\n");
  // What is drawn for the whole batch stands behind each of its rows.
  const shared = await tfmc(["data", "show", "m.tfm", "--recipe", "shared"], { cwd: folder });
  expect(shared.stdout).toMatch(/^image:\n.*\n.*\npart \(drawn\): 0\.\d{3}\n$/);
  const [row] = (await tfmc(["data", "show", "m.tfm", "--recipe", "shared", "--json"], { cwd: folder })).stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { readonly part: readonly number[] });
  expect(shared.stdout).toContain(`part (drawn): ${row!.part[0]!.toFixed(3)}`);
  // Below 0 as 0 is.
  expect((await tfmc(["data", "show", "m.tfm", "--recipe", "dark"], { cwd: folder })).stdout).toContain("x (drawn):\n    \n    ");
  expect((await tfmc(["data", "m.tfm", "x"], { cwd: folder })).code).toBe(2);
});

it("shows the whole batch of a step that is computed in parts, each with its own draws", async () => {
  const shown = async (...more: readonly string[]): Promise<{ readonly labels: readonly number[]; readonly drawn: readonly number[]; readonly says: string }> => {
    const { stdout, stderr } = await tfmc(["data", "show", "m.tfm", "--recipe", "parts", "--json", ...more], { cwd: folder });
    const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { readonly label: readonly [number]; readonly u: readonly [number] });
    return { labels: rows.map(({ label }) => label[0]), drawn: rows.map(({ u }) => u[0]), says: stderr };
  };
  const inParts = await shown("--rows", "9"), atOnce = await shown("--rows", "9", "--set", "recipe.accumulate=1");
  expect(inParts.says).toMatch(/step 1: B = 5\b.*, in 2 parts/);
  expect(atOnce.says).not.toContain("in 2 parts");
  expect([...inParts.labels].sort()).toEqual([1, 2, 3, 4, 5]);
  expect(inParts.labels).toEqual(atOnce.labels);
  const [first, , second] = inParts.drawn;
  expect(second).not.toBe(first);
  expect(inParts.drawn).toEqual([first, first, second, second, second]);
  expect((await shown("--rows", "3")).labels).toEqual(atOnce.labels.slice(0, 3));
});

it("shows the ids of the weights that training starts from", async () => {
  const tokenizer = characters(["AB ab"]);
  const weights = path.join(folder, "weights.safetensors");
  writeFileSync(weights, encodeSafetensors([{ name: "w", shape: [2], data: Float32Array.of(1, 2) }]));
  writeFileSync(path.join(folder, "tokenizer.json"), JSON.stringify(tokenizer.toJSON()));
  const ids = async (...more: readonly string[]): Promise<readonly (readonly number[])[]> =>
    (await tfmc(["data", "show", "m.tfm", "--recipe", "text", "--skip-bad-rows", "--json", ...more], { cwd: folder })).stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as { readonly ids: readonly number[] }).ids);
  const theirs = await ids("--init-from", weights);
  expect(theirs).toContainEqual([tokenizer.start, ...tokenizer.encode("ab a"), tokenizer.end]);
  expect(theirs).not.toEqual(await ids());
  expect(await ids("--init-from", "none")).toEqual(await ids());
  expect((await tfmc(["data", "show", "m.tfm", "--init-from", "nowhere"], { cwd: folder })).code).not.toBe(0);
});
