import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { corpus } from "../../src/corpus/index.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program that `npm run quickstart` starts after the set-up. */
describeGpu("the quickstart", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-quickstart-"));
  const start = (args: readonly string[]): Promise<Finished> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, FORCE_COLOR: undefined, NODE_OPTIONS: undefined };
      const child = spawn(process.execPath, [path.join(packageRoot, "dist", "quickstart.js"), ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
    });

  beforeAll(async () => {
    // Builds the bundles where they are not of these sources.
    await tfmc(["--version"]);
    const { train } = corpus(9, { train: 300, heldout: 1 });
    writeFileSync(path.join(folder, "own.tsv"), train.map(({ french, english }) => `${french}\t${english}\n`).join(""));
  });

  it("trains on the user's pairs, shows how it learns, and ends with one line on stdout", { timeout: 300_000 }, async () => {
    // Sizes that tests/experiment/steady.test.ts has as well: drivers keep compiled kernels.
    const small = ["--set", "d=48", "--set", "heads=3", "--set", "ff=100", "--set", "layers=1", "--set", "vocab=400", "--steps", "16"];
    const { code, stdout, stderr } = await start(["--data", "own.tsv", ...small]);
    expect(stderr).not.toContain("error[");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^held-out: BLEU \d+\.\d, exact match \d\.\d\d, 30 phrases, trained 16 steps in \d+ s on \S+\n$/);
    for (const part of ["  0 %", " 25 %", " 50 %", "100 %"]) expect(stderr).toContain(part);
    expect(stderr.match(/  →  /g)?.length).toBeGreaterThanOrEqual(12);
    expect(stderr).toContain("npx --no-install tfmc run");
    const runs = path.join(folder, "runs", "translation");
    for (const name of ["model.safetensors", "tokenizer.json", "state.json", "log.jsonl"]) expect(existsSync(path.join(runs, name))).toBe(true);
    expect(readFileSync(path.join(runs, "log.jsonl"), "utf8")).toContain('"eval_bleu"');
  });

  it("says what is wrong with the data before it trains", async () => {
    writeFileSync(path.join(folder, "bad.tsv"), "a\tb\nno tab here\n");
    expect(await start(["--data", "bad.tsv"])).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("bad.tsv:2") as string });
    expect(await start(["--dota", "bad.tsv"])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("did you mean --data?") as string });
  });
});
