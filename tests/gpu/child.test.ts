import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const SCRIPT = `
  import { writeSync } from "node:fs";
  import { enterChild, runInChild } from "./src/gpu/child.ts";
  import { interruption } from "./src/interrupt.ts";
  if (!enterChild()) process.exit(await runInChild({ source: "private", variables: { FROM_ADAPTER: "yes" }, packages: [] }));
  const says = {
    talk() {
      console.log(process.env.FROM_ADAPTER, process.env.TFM_ADAPTER_CHILD, process.argv.slice(3).join(" "));
      console.error("ours");
      writeSync(2, "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16\\n");
      writeSync(2, "the driver's own\\n");
      process.exit(5);
    },
    crash() { process.kill(process.pid, "SIGSEGV"); },
    outOfMemory() { process.kill(process.pid, "SIGKILL"); },
    wait() {
      interruption().addEventListener("abort", () => setTimeout(() => { console.log("checkpoint"); process.exit(130); }, 100));
      console.log(process.pid);
      setInterval(() => {}, 1000);
    },
    throws() { throw new Error("internal: told"); },
  };
  says[process.argv[2]]();
`;

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
  await build({ stdin: { contents: SCRIPT, resolveDir: packageRoot }, bundle: true, platform: "node", format: "esm", outfile: path.join(folder, "run.mjs"), logLevel: "silent" });
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [path.join(folder, "run.mjs"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.on("data", (bytes: Buffer) => (said.out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said.err += bytes.toString()));
  const ended = new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) => child.on("close", (code) => resolve({ code, ...said })));
  const firstLine = new Promise<string>((resolve) => child.stdout.once("data", (bytes: Buffer) => resolve(bytes.toString().trim())));
  return { child, ended, firstLine };
}

it("passes arguments, variables, both streams and the exit code, and drops the driver's start-up lines", async () => {
  const { code, out, err } = await start("talk", "a", "--b").ended;
  expect([code, out]).toEqual([5, "yes undefined a --b\n"]);
  expect(err.split("\n").filter((line) => line !== "").sort()).toEqual(["ours", "the driver's own"]);
});

it("tells a crash of the driver, and memory that ran out, with exit code 4", async () => {
  const crash = await start("crash").ended;
  expect(crash.code).toBe(4);
  expect(crash.err).toContain("error[device-lost]: the process was ended by SIGSEGV inside the GPU driver");
  const killed = await start("outOfMemory").ended;
  expect(killed.code).toBe(4);
  expect(killed.err).toContain("most likely because memory ran out");
});

it("shows what a bug of ours throws", async () => {
  const { code, err } = await start("throws").ended;
  expect(code).toBe(1);
  expect(err).toContain("internal: told");
});

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("lets the work end in good order at %s, which may arrive twice", async (signal) => {
  const { child, ended, firstLine } = start("wait");
  const worker = Number(await firstLine);
  child.kill(signal);
  process.kill(worker, signal);
  const { code, out } = await ended;
  expect([code, out.trim().split("\n").at(-1)]).toEqual([130, "checkpoint"]);
});

it("ends with a parent that was killed", async () => {
  const { child, firstLine } = start("wait");
  const worker = Number(await firstLine);
  child.kill("SIGKILL");
  let alive = true;
  for (let tries = 0; alive && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      process.kill(worker, 0);
    } catch {
      alive = false;
    }
  }
  expect(alive).toBe(false);
});
