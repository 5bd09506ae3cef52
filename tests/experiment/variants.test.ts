/** Members of a family that are recipes of its model by settings alone: RoBERTa of BERT, ByT5 of T5. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { bytes } from "../../runtime/text/index.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const root = mkdtempSync(path.join(tmpdir(), "tfm-variants-"));
afterAll(() => rmSync(root, { recursive: true }));

/** The example's files with other data beside them, and a recipe `quick` like the variant's without its warm-up. */
function project(family: string, variant: string, data: string, text: string, more = ""): string {
  const file = `${variant}.tfm`;
  const folder = path.join(root, family);
  mkdirSync(folder, { recursive: true });
  for (const name of ["model.tfm", file]) cpSync(path.join(packageRoot, "examples", family, name), path.join(folder, name));
  appendFileSync(path.join(folder, file), `train quick like ${variant} { optimizer = AdamW(lr: 1e-2, decay: 0.0); ${more} }\n`);
  writeFileSync(path.join(folder, data), text);
  return path.join(folder, file);
}

const SMALL: Settings = { d: "16", heads: "2", layers: "1", "recipe.batch": "8", "recipe.seed": "3", p: "0" };

async function losses(file: string, set: Settings): Promise<{ readonly all: readonly number[]; readonly prepared: Awaited<ReturnType<typeof prepareRun>> }> {
  const prepared = await prepareRun({ source: valueOf(readModel(file)), recipe: "quick", set: { ...SMALL, ...set } });
  const run = await openRun(prepared, { device: await gpuDevice(), adapter: { name: "test", hardware: false } }, path.join(path.dirname(file), "run"));
  try {
    const all: number[] = [];
    await run.train({ onStep: ({ loss }) => void all.push(loss) });
    return { all, prepared };
  } finally {
    run.dispose();
  }
}

describeGpu("variants by settings", () => {
  it("ByT5 learns to spell spans in bytes, its sentinels beside them", { timeout: 600_000 }, async () => {
    const text = "été, hiver, printemps, automne; ".repeat(60);
    const { all, prepared } = await losses(project("t5", "byt5", "input.txt", text, 'data = corrupted("input.txt", tokenizer: tokenizer, length: 64, span: 5)'), { ff: "32", "recipe.steps": "60" });
    const { tokenizer, data, recipe, batches } = prepared;
    // 64 · 0.15 = 10 bytes in 2 spans of 5.
    expect([...(tokenizer?.specials.keys() ?? [])].slice(-2)).toEqual(["<extra_id_0>", "<extra_id_1>"]);
    expect(tokenizer?.size).toBe(bytes().size + 2);
    expect(data.training.unit).toBe("characters");
    const { next, target } = batches(1)[0]!.fields;
    const written = (ids: Int32Array): string => tokenizer!.decode([...ids]);
    for (const ids of [next, target] as Int32Array[]) expect(text.normalize("NFC").split(/[;, ]+/u).some((word) => written(ids).includes(word.slice(1, 3)))).toBe(true);
    expect(recipe.steps).toBe(60);
    // Who knows nothing is at log(size); the text has 18 different bytes.
    expect(all.at(-1)).toBeLessThan(0.6 * Math.log(tokenizer!.size));
  });

  it("RoBERTa has rows of full sentences, and guesses where it is masked and nothing else", { timeout: 600_000 }, async () => {
    const text = Array.from({ length: 120 }, (_, at) => `the ${["cat", "dog", "bird"][at % 3]} ${["sleeps", "eats"][at % 2]} at night\n${at % 9 === 8 ? "\n" : ""}`).join("");
    const { all, prepared } = await losses(project("bert", "roberta", "text.txt", text), { vocab: "60", "recipe.steps": "60" });
    const { model, batches } = prepared;
    const paths = model.parameters.map(({ path: at }) => at);
    expect(paths).toContain("turn.weight");
    for (const absent of ["follow.weight", "pool.weight", "judge.weight"]) expect(paths).not.toContain(absent);
    expect(Object.keys(batches(1)[0]!.fields).sort()).toEqual(["ids", "segment", "word"]);
    expect(batches(1)[0]!.sizes["T"]).toBeGreaterThan(50);
    expect(all.at(-1)).toBeLessThan(0.6 * Math.log(prepared.tokenizer!.size));
  });
});
