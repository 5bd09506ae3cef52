import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CommandResult, CommandRun } from "../support/tfmc.ts";
import { tfmc } from "../support/tfmc.ts";
import { tinyProject } from "./fixture.ts";

// Everything here is found before a device is asked for.
describe("bad input", () => {
  let project = "";
  const run = (args: readonly string[], more: CommandRun = {}): Promise<CommandResult> => tfmc(args, { cwd: project, ...more });
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(path.join(project, name), content);
    return name;
  };
  beforeAll(() => {
    project = tinyProject();
  });

  const cases: readonly { readonly name: string; readonly args: () => readonly string[]; readonly code: number; readonly says: readonly string[] }[] = [
    { name: "a syntax error", args: () => ["check", file("syntax.tfm", "model M(d {\n}\n")], code: 1, says: ["error[", "syntax.tfm:1:", "^"] },
    { name: "a shape error, with both sizes", args: () => ["check", file("shape.tfm", "model M(d = 4, e = 5) {\n  param w: [e] ~ zeros\n  forward(x: [B, d]) -> [B] {\n    y[b] = sum[i] x[b,i] * w[i]\n    return y\n  }\n}\n")], code: 1, says: ["error[size-mismatch]", "shape.tfm:4:", "4", "5"] },
    { name: "a requirement that a setting breaks", args: () => ["train", "tiny.tfm", "--set", "heads=7"], code: 1, says: ["error[require-fails]", "heads = 7", "--set heads=7", "tiny.tfm:5:"] },
    { name: "an unknown hyperparameter, with the nearest", args: () => ["train", "tiny.tfm", "--set", "hads=4"], code: 1, says: ["error[", "`hads`", "did you mean `heads`?"] },
    { name: "an unknown setting of the recipe, with the nearest", args: () => ["train", "tiny.tfm", "--set", "recipe.bach=4"], code: 1, says: ["`bach`", "did you mean `batch`?"] },
    { name: "a setting of no form", args: () => ["train", "tiny.tfm", "--set", "heads"], code: 2, says: ["error[set-form]", "NAME=VALUE"] },
    { name: "an unknown recipe, with the nearest", args: () => ["train", "tiny.tfm", "--recipe", "cpy"], code: 1, says: ["`cpy`", "did you mean `copy`?"] },
    { name: "an unknown option, with the nearest", args: () => ["train", "tiny.tfm", "--stepz", "4"], code: 2, says: ["error[option-unknown]", "--stepz", "--steps"] },
    { name: "a number of steps below zero", args: () => ["train", "tiny.tfm", "--steps=-1"], code: 2, says: ["--steps", "at least 0"] },
    { name: "a model that is not there", args: () => ["train", "nowhere.tfm"], code: 1, says: ["error[file-missing]", "nowhere.tfm"] },
    { name: "no model at all", args: () => ["train"], code: 2, says: ["error[file-not-given]", "tfmc train FILE.tfm"] },
    { name: "a model without a recipe", args: () => ["train", file("bare.tfm", "model M(d = 4) {\n  forward(x: [B, d]) -> [B, d] = x\n}\n")], code: 1, says: ["error[no-recipe]", "bare.tfm", "train NAME"] },
    { name: "a number of steps without a recipe to take them", args: () => ["train", "bare.tfm", "--steps", "0"], code: 1, says: ["error[no-recipe]: bare.tfm has no recipe"] },
    { name: "weights to start from without a recipe, with what takes them over", args: () => ["train", "bare.tfm", "--steps", "0", "--init-from", "there.safetensors"], code: 1, says: ["error[no-recipe]", "tfmc compile bare.tfm -o DIR --init-from there.safetensors"] },
    { name: "weights beside a module that are none", args: () => ["compile", "bare.tfm", "-o", "app", "--init-from", "runs/other"], code: 2, says: ["error[option-value]", "it is runs/other", "tfmc compile RUN -o DIR"] },
    { name: "data that is not there", args: () => ["train", "tiny.tfm", "--data", "none.tsv"], code: 1, says: ["error[file-missing]", "none.tsv"] },
    { name: "data that is empty", args: () => ["train", "tiny.tfm", "--data", file("empty.tsv", "")], code: 1, says: ["error[data-empty]", "empty.tsv", "source, a tab and a target"] },
    { name: "data that is not UTF-8, with line and byte", args: () => ["train", "tiny.tfm", "--data", file("latin.tsv", Buffer.from("un\tone\n\xe9t\xe9\tsummer\n", "latin1"))], code: 1, says: ["error[file-not-utf8]", "latin.tsv:2", "0xe9", "UTF-8"] },
    { name: "a line without a tab, with its number", args: () => ["train", "tiny.tfm", "--data", file("tab.tsv", "un\tone\ndeux two\n")], code: 1, says: ["error[data-no-tab]", "tab.tsv:2", "deux two"] },
    { name: "a text over the model's limit, with its line", args: () => ["train", "tiny.tfm", "--data", file("long.tsv", `un\tone\n${"zyx wvu ".repeat(20)}\ttwo\n`)], code: 1, says: ["error[sequence-over-limit]", "long.tsv:2: the source has", "limit is 12", "--skip-bad-rows"] },
    { name: "a vocabulary with no room for text", args: () => ["train", "tiny.tfm", "--set", "vocab=2"], code: 1, says: ["error["] },
    { name: "using what was not trained", args: () => ["run", "tiny.tfm", "un"], code: 1, says: ["error[not-trained]", "tfmc train tiny.tfm"] },
    { name: "using a folder that is no run", args: () => ["run", ".", "un"], code: 1, says: ["error[no-checkpoint]", "state.json"] },
    { name: "using what is not there", args: () => ["eval", "runs/none", "pairs.tsv"], code: 1, says: ["error[file-missing]", "runs/none"] },
    { name: "going on with what is no run", args: () => ["train", "--resume", "none"], code: 1, says: ["error[no-checkpoint]"] },
    { name: "nothing to emit", args: () => ["compile", "tiny.tfm"], code: 2, says: ["error[nothing-to-emit]", "--emit"] },
    { name: "a folder without a name", args: () => ["compile", "tiny.tfm", "-o", ""], code: 2, says: ["`-o, --out <DIR>`", "must not be empty"] },
    { name: "a file without a name", args: () => ["check", ""], code: 2, says: ["`files`", "must not be empty"] },
    { name: "an empty text to stop at", args: () => ["run", "tiny.tfm", "un", "--stop", ""], code: 2, says: ["--stop", "must not be empty"] },
    ...["-0.1", "1", "1.5", "2e0"].map((share) => ({ name: `a share of ${share} for validation`, args: () => ["data", "show", "tiny.tfm", "--validation", share], code: 2, says: ["error[option-value]", `--validation must be a path, or a share of the data of at least 0 and below 1; it is ${share}`, `./${share}`] })),
    { name: "a file for validation that is named as a number is, with its folder", args: () => ["data", "show", "tiny.tfm", "--validation", "./1.5"], code: 1, says: ["error[file-missing]", "1.5"] },
    { name: "an unknown pass, with the nearest", args: () => ["compile", "tiny.tfm", "--print-after", "simplfy"], code: 2, says: ["did you mean `simplify`?"] },
    { name: "an unknown entry, with the nearest", args: () => ["compile", "tiny.tfm", "--emit", "plan", "--entry", "forwrd"], code: 2, says: ["did you mean `forward`?"] },
  ];

  it.each(cases)("$name", async ({ args, code, says }) => {
    const result = await run(args());
    for (const text of says) expect(result.stderr).toContain(text);
    expect(result.stderr).not.toMatch(/internal:|\n\s+at .*:\d+:\d+/);
    expect(result.stdout).toBe("");
    expect(result.code).toBe(code);
  });

  it("leaves no run folder behind", () => {
    expect(existsSync(path.join(project, "runs"))).toBe(false);
  });

  it("says that there is no adapter, and how to get one, only when all else is right", async () => {
    const none = path.join(project, "none");
    mkdirSync(none, { recursive: true });
    const env = { VK_DRIVER_FILES: path.join(none, "driver.json"), VK_ICD_FILENAMES: undefined };
    const result = await run(["train", "tiny.tfm"], { env });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain("error[no-adapter]");
    expect(result.stderr).toContain("VK_DRIVER_FILES");
    expect(existsSync(path.join(project, "runs"))).toBe(false);
    expect((await run(["train", "tiny.tfm", "--data", "none.tsv"], { env })).code).toBe(1);
  });
});

describe("the stages of the compiler", () => {
  const project = tinyProject();

  it.each(["ast", "model", "graph", "grad", "fused", "kernels", "wgsl", "plan"])("prints %s, the same each time", async (stage) => {
    const args = ["compile", "tiny.tfm", "--emit", stage];
    const [one, two] = await Promise.all([tfmc(args, { cwd: project }), tfmc(args, { cwd: project })]);
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one.stdout.length).toBeGreaterThan(200);
    expect(two.stdout).toBe(one.stdout);
  });

  it("prints the graphs as a pass leaves them, of one entry where asked", async () => {
    const { stdout, code } = await tfmc(["compile", "tiny.tfm", "--print-after", "simplify", "--entry", "forward"], { cwd: project });
    expect(code).toBe(0);
    expect(stdout.match(/^graph /gm)).toHaveLength(1);
    expect(stdout).toContain("graph forward {");
  });

  it("checks a file and says how large its model is", async () => {
    const { stdout, code } = await tfmc(["check", "tiny.tfm", "--set", "vocab=50", "--json"], { cwd: project });
    expect(code).toBe(0);
    // embed 50 × 16, mix 16 × 16 + 16.
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, model: "Tiny", parameters: 1072, hyperparameters: { vocab: "50", d: "16" }, recipe: { name: "copy", steps: 60 } });
    expect((await tfmc(["check", "tiny.tfm", "--set", "vocab=50"], { cwd: project })).stdout).toContain("1,072 parameters");
  });

  it("checks all recipes of a file, and each fault once", async () => {
    const recipe = `train %s { tokenizer = characters(); data = text("a.txt", tokenizer: tokenizer); model = M(vocab: tokenizer.size); loss(ids, next) = cross_entropy(model(ids), next); accuracy(ids, next) = correct(model(ids), next); optimizer = Sgd(lr: 0.1); batch = 2; steps = 3; evaluate = 1; watch = accuracy }`;
    const text = `model M(vocab) {\n  embed = Embedding(vocab, 4)\n  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))\n}\n${recipe.replace("%s", "first")}\ntrain second like first { bogus = 1 }\ntrain third like second { steps = 5 }\ntrain fourth like first { loss(ids, next) = cross_entropy(model(ids), next) }\n`;
    writeFileSync(path.join(project, "recipes.tfm"), text);
    const all = await tfmc(["check", "recipes.tfm", "--json"], { cwd: project });
    expect(all.code).toBe(1);
    const { diagnostics } = JSON.parse(all.stdout) as { diagnostics: { code: string; place: string; notes: string[] }[] };
    expect(diagnostics.map(({ code, notes }) => [code, notes.at(-1)?.startsWith("found in") ? notes.at(-1) : undefined])).toEqual([["setting-unknown", undefined], ["value-unknown", "found in `train fourth`"]]);
    expect((await tfmc(["check", "recipes.tfm", "--recipe", "first"], { cwd: project })).code).toBe(0);
  });
});
