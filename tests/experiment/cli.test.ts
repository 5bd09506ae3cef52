import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { draws } from "../../runtime/random/philox.ts";
import { packageRoot } from "../../src/package-root.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";
import type { CommandResult, CommandRun } from "../support/tfmc.ts";
import { tinyProject } from "./fixture.ts";

describeGpu("the commands of a run", () => {
  let project = "";
  const run = (args: readonly string[], more: CommandRun = {}): Promise<CommandResult> => tfmc(args, { cwd: project, ...more });
  const read = (...name: readonly string[]): string => readFileSync(path.join(project, ...name), "utf8");

  beforeAll(async () => {
    project = tinyProject();
    writeFileSync(path.join(project, "dev.tsv"), read("pairs.tsv").split("\n").slice(0, 12).join("\n"));
    expect(await run(["train", "tiny.tfm", "--validation", "dev.tsv"])).toMatchObject({ code: 0, stdout: "runs/tiny\n" });
  });

  it("train shows its steps, evaluates, and keeps the figures in the log", async () => {
    const { stdout, stderr, code } = await run(["train", "tiny.tfm", "--validation", "dev.tsv", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ run: "runs/tiny-2", step: 60, end: "done", validation_loss: expect.any(Number) as number, bleu: expect.any(Number) as number, exact_match: expect.any(Number) as number });
    expect(stderr).toMatch(/step +60\/60 {2}loss \d+\.\d+ {2}rate 0\.0e\+0 {2}[\d,]+ tokens\/s {2}0:00 left\n/);
    expect(stderr).toMatch(/BLEU \d+\.\d, exact match \d\.\d\d on 12 pairs/);
    expect(JSON.parse(read("runs", "tiny-2", "log.jsonl").trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ step: 60, eval_loss: expect.any(Number) as number, eval_bleu: expect.any(Number) as number });
    expect(read("runs", "tiny-2", "log.jsonl").split("\n").length).toBe(8);
    const log = read("runs", "tiny-2", "log.jsonl");
    expect(await run(["train", "--resume", "runs/tiny-2", "-q"])).toMatchObject({ code: 0 });
    expect(read("runs", "tiny-2", "log.jsonl")).toBe(log);
  });

  it("train evaluates on its way, ends when it gets no better, and what was best can be used", async () => {
    const args = ["--validation", "dev.tsv", "--evaluate-every", "10", "--patience", "2", "--set", "recipe.watch=loss"];
    const { code, stderr, stdout } = await run(["train", "tiny.tfm", ...args, "--steps", "30", "--out", "watched"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "watched\n" });
    for (const step of [10, 20, 30]) expect(stderr).toMatch(new RegExp(`^after step ${step}: loss \\d+\\.\\d+(, the best so far|; best after step \\d+)$`, "m"));
    expect(stderr).toMatch(/best after step \d+: tfmc eval watched --best/);
    const figures = read("watched", "log.jsonl").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, number>).flatMap((row) => row["eval_loss"] ?? []);
    const { stdout: best } = await run(["eval", "watched", "--best", "--json"]);
    expect((JSON.parse(best) as { loss: number }).loss).toBe(Math.min(...figures));
    expect(await run(["eval", "runs/tiny", "--best"])).toMatchObject({ code: 2, stderr: expect.stringContaining("no-best") as string });
  });

  it("what is measured of a text is told in rows, for its characters are not what is counted", async () => {
    copyFileSync(path.join(import.meta.dirname, "files", "goes-on.tfm"), path.join(project, "goes-on.tfm"));
    writeFileSync(path.join(project, "letters.txt"), "abc ".repeat(100));
    const { code, stderr } = await run(["train", "goes-on.tfm", "--data", "letters.txt", "--validation", "0.1", "--evaluate-every", "2", "--steps", "2"]);
    // The last tenth of 400 characters foretells 39 of them, in windows of 6.
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^7 rows measured$/m) as string });
  });

  it("train and eval tell the same bad rows, of the data and of a file for validation", async () => {
    writeFileSync(path.join(project, "bad.tsv"), `bad\n${read("pairs.tsv")}`);
    writeFileSync(path.join(project, "bad-dev.tsv"), `bad\nworse\n${read("dev.tsv")}`);
    const trained = await run(["train", "tiny.tfm", "--data", "bad.tsv", "--validation", "bad-dev.tsv", "--skip-bad-rows", "--steps", "2", "--out", "skipping"]);
    const measured = await run(["eval", "skipping"]);
    for (const { code, stderr } of [trained, measured]) expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^3 bad rows of the data are left out$/m) as string });
  });

  it("a run is trained by one process at a time", async () => {
    const lock = path.join(project, "runs", "tiny", ".training");
    writeFileSync(lock, `${process.pid} ${hostname()}`);
    const weights = read("runs", "tiny", "model.safetensors");
    expect(await run(["train", "--resume", "runs/tiny", "--steps", "70"])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`error[run-in-use]: process ${process.pid} is training in runs/tiny`) as string });
    expect(read("runs", "tiny", "model.safetensors")).toBe(weights);
    expect(existsSync(lock)).toBe(true);
    rmSync(lock);
  });

  it("a file of a run names the run", async () => {
    expect(await run(["eval", "runs/tiny/model.safetensors"])).toMatchObject({ code: 2, stderr: "error[file-in-run]: runs/tiny/model.safetensors is a file of a run\n  = fix: name the run: runs/tiny\n" });
  });

  it("what was set aside is not measured by other rows than those set aside", async () => {
    const all = read("pairs.tsv");
    writeFileSync(path.join(project, "moving.tsv"), all);
    expect(await run(["train", "tiny.tfm", "--data", "moving.tsv", "--validation", "0.2", "--steps", "2", "--out", "moving"])).toMatchObject({ code: 0 });
    const resumed = await run(["train", "--resume", "moving", "--validation", "0.5", "--steps", "3"]);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining("the validation is another one from here on") as string });
    writeFileSync(path.join(project, "moving.tsv"), `${all.split("\n")[0]}\n${all}`);
    expect(await run(["eval", "moving"])).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[data-changed]") as string });
    expect(await run(["eval", "moving", "dev.tsv"])).toMatchObject({ code: 0 });
  });

  it("inspect takes no settings for a run, which has its own", async () => {
    expect(await run(["inspect", "runs/tiny", "--set", "d=8"])).toMatchObject({ code: 2, stderr: expect.stringContaining("error[options-exclude]") as string });
  });

  it("--quiet leaves nothing on stderr", async () => {
    expect(await run(["train", "tiny.tfm", "--steps", "2", "--quiet"])).toMatchObject({ code: 0, stderr: "" });
  });

  it("run translates arguments or the lines of stdin, in order, and finds the newest run of a model", async () => {
    const texts = ["deux un", "six cinq", "un deux"];
    const byArguments = await run(["run", "runs/tiny", ...texts]);
    expect(byArguments).toMatchObject({ code: 0, stderr: "" });
    expect(byArguments.stdout.split("\n")).toHaveLength(4);
    const byStdin = await run(["run", "runs/tiny"], { input: texts.join("\n") });
    expect(byStdin.stdout).toBe(byArguments.stdout);
    const asJson = await run(["run", "runs/tiny", "--json", ...texts]);
    expect(asJson.stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as { text: string }).text)).toEqual(texts);
    expect((await run(["run", "tiny.tfm", "un"])).code).toBe(0);
    expect((await run(["run", "runs/tiny"], { input: "\n\n" })).stdout).toBe("\n\n");
    expect((await run(["run", "runs/tiny"], { input: `\ufeff${texts.join("\r\n")}` })).stdout).toBe(byArguments.stdout);
    expect(await run(["run", "runs/tiny"], { input: Uint8Array.of(0x61, 0x0a, 0xff) })).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[file-not-utf8]: stdin:2: not UTF-8 (byte 0xff at offset 2)") as string });
  });

  it.skipIf(process.platform === "win32")("run waits for a stdin that has nothing to say yet", async () => {
    const child = spawn("sh", ["-c", '(sleep 2; echo "deux un") | "$@"', "sh", process.execPath, path.join(packageRoot, "dist", "tfmc.js"), "run", "runs/tiny"], { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
    let said = "", told = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (said += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (told += part));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect({ code, said, told }).toEqual({ code: 0, said: (await run(["run", "runs/tiny", "deux un"])).stdout, told: "" });
  });

  it("eval measures on pairs, and with --answers prints them", async () => {
    const { stdout } = await run(["eval", "runs/tiny", "pairs.tsv", "--json"]);
    const answers = await run(["eval", "runs/tiny", "pairs.tsv", "--answers"]);
    const lines = answers.stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    expect(lines).toHaveLength(30);
    expect(lines.map(([source, wanted]) => `${source}\t${wanted}\n`).join("")).toBe(read("pairs.tsv"));
    const right = lines.filter(([, wanted, given]) => wanted === given).length;
    expect(JSON.parse(stdout)).toMatchObject({ pairs: 30, step: 60, exact_match: right / 30 });
    writeFileSync(path.join(project, "bad.tsv"), "no tab\n");
    expect(await run(["eval", "runs/tiny", "bad.tsv"])).toMatchObject({ code: 1, stderr: expect.stringContaining("bad.tsv:1") as string });
  });

  it("Ctrl-C ends after the step at hand with a checkpoint and 130; --resume goes on", async () => {
    const long = ["train", "tiny.tfm", "--steps", "100000", "--out", "stopped"];
    const result = await run(long, {
      started: (child) => {
        // As soon as there is a row of the log.
        const timer = setInterval(() => {
          if (!existsSync(path.join(project, "stopped", "log.jsonl")) || read("stopped", "log.jsonl") === "") return;
          clearInterval(timer);
          child.kill("SIGINT");
        }, 50);
        child.on("close", () => clearInterval(timer));
      },
    });
    expect(result.code).toBe(130);
    const { step } = JSON.parse(read("stopped", "state.json")) as { step: number };
    expect(step).toBeGreaterThan(0);
    expect(result.stderr).toContain(`ended after step ${step} of 100000; go on with: tfmc train --resume stopped`);
    const resumed = await run(["train", "--resume", "stopped", "--stop-at", String(step + 5)]);
    expect(resumed.code).toBe(130);
    expect(resumed.stderr).toContain(`going on after step ${step} of 100000`);
    expect(resumed.stderr).not.toContain("bit for bit");
    expect(JSON.parse(read("stopped", "state.json"))).toMatchObject({ step: step + 5 });
  });

  it("Ctrl-C ends at once while the tokenizer is trained, of which the command speaks", async () => {
    const numbers = draws(5);
    const word = (): string => Array.from({ length: 4 + numbers.below(8) }, () => "abcdefghij"[numbers.below(10)]).join("");
    writeFileSync(path.join(project, "many.tsv"), Array.from({ length: 20_000 }, () => `${word()} ${word()}\t${word()}\n`).join(""));
    const result = await run(["train", "tiny.tfm", "--data", "many.tsv", "--out", "never", "--set", "recipe.tokenizer=unigram(3000)"], {
      started: (child) => child.stderr?.on("data", (part: string) => part.includes("training the tokenizer …") && child.kill("SIGINT")),
    });
    expect(result).toEqual({ code: 130, stdout: "", stderr: "training the tokenizer …\n" });
    expect(existsSync(path.join(project, "never"))).toBe(false);
  });

  it("--resume is told when fewer steps are asked for than are done, and when the model's file has changed", async () => {
    expect((await run(["train", "tiny.tfm", "--stop-at", "6", "--out", "short"])).code).toBe(130);
    expect(await run(["train", "--resume", "short", "--steps", "4"])).toMatchObject({ code: 2, stderr: expect.stringContaining("error[steps-done]: short has done 6 steps already, and is to do 4") as string });
    const text = read("tiny.tfm");
    writeFileSync(path.join(project, "tiny.tfm"), `${text}// changed\n`);
    const resumed = await run(["train", "--resume", "short", "--stop-at", "8"]);
    writeFileSync(path.join(project, "tiny.tfm"), text);
    expect(resumed).toMatchObject({ code: 130, stderr: expect.stringContaining("tiny.tfm has changed since: the run goes on with the text that it keeps; with the new one by tfmc train tiny.tfm --resume short") as string });
    expect(JSON.parse(read("short", "state.json"))).toMatchObject({ step: 8 });
  });

  it("--resume says why the program is another, and what to do where it reads the steps", async () => {
    expect((await run(["train", "tiny.tfm", "--steps", "4", "--out", "fallen", "-q"])).code).toBe(0);
    const longer = await run(["train", "--resume", "fallen", "--steps", "6"]);
    expect(longer.stderr).toContain("does not go on bit for bit: `steps` was 4 and is 6, which it reads, as `cosine(step, steps)` does in a rate. What is left is trained as the end of 6 steps; for all of them by one schedule: tfmc train tiny.tfm --steps 6\n");
    writeFileSync(path.join(project, "slower.tfm"), read("tiny.tfm").replace("lr: 0.05", "lr: 0.04"));
    const other = await run(["train", "slower.tfm", "--resume", "fallen"]);
    expect(other.stderr).toContain("does not go on bit for bit: the text of the model is another\n");
  });

  it("the newest run of a model file is of that file, wherever in runs/ it is, and is named", async () => {
    mkdirSync(path.join(project, "other"));
    for (const name of ["tiny.tfm", "pairs.tsv"]) copyFileSync(path.join(project, name), path.join(project, "other", name));
    expect(await run(["train", "tiny.tfm", "--steps", "2", "--out", "runs/mine"])).toMatchObject({ code: 0 });
    expect(await run(["train", "other/tiny.tfm", "--steps", "3", "--out", "runs/zz"])).toMatchObject({ code: 0 });
    expect(await run(["run", "tiny.tfm", "un"])).toMatchObject({ code: 0, stderr: "runs/mine, step 2\n" });
    expect(await run(["run", "other/tiny.tfm", "un"])).toMatchObject({ code: 0, stderr: "runs/zz, step 3\n" });
  });

  it("a loss that is not finite ends with 5, names the step and what is kept", async () => {
    const explode = async (...more: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(["train", "tiny.tfm", "--recipe", "explode", ...more]);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(/error\[not-finite\].*step 2\b/);
      return stderr;
    };
    expect(await explode()).toContain("nothing of it is kept");
    expect(await explode("--checkpoint-every", "1", "--out", "runs/kept")).toContain("its checkpoint after step 1 is kept; go on from there with: tfmc train --resume runs/kept\n");
  });

  it("profile gives the counts of a steady step", async () => {
    const { stdout, code } = await run(["profile", "tiny.tfm", "--json", "--batch", "3", "--length", "5", "--set", "d=8", "--steps", "2"]);
    expect(code).toBe(0);
    const profile = JSON.parse(stdout) as Record<string, number> & { kernels?: readonly { ms: number }[] };
    expect(profile).toMatchObject({ submits: 1, passes: 1, pipelinesCreated: 0, bindGroupsCreated: 0, buffersCreated: 0, sizes: { B: 3, S: 5, T: 5 } });
    expect(profile["dispatches"]).toBeGreaterThan(3);
    expect(profile["peakBytes"]).toBeGreaterThan(1000);
    expect(Array.isArray(profile["fallbacks"])).toBe(true);
    expect(profile["ms"]).toBeGreaterThan(0);
    expect((await run(["profile", "tiny.tfm", "--steps", "1"])).stdout).toMatch(/^a training step of Tiny on .*\nms +\d/);
    expect(await run(["profile", "tiny.tfm", "--length", "13"])).toMatchObject({ code: 1, stderr: expect.stringContaining("T <= length") as string });
  });
});
