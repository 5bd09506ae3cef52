import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../../src/exit-codes.ts";
import { describeGpu } from "../support/gpu.ts";
import { packageRoot } from "../../src/package-root.ts";
import { tfmc } from "../support/tfmc.ts";

describe("tfmc", () => {
  it("keeps help on stdout and usage errors on stderr with exit code 2", async () => {
    const help = await tfmc(["--help"]);
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain("doctor");
    const wrong = await tfmc(["doctr"]);
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
    expect(wrong.stderr).toBe("error[command-unknown]: unknown command `doctr`\n  = fix: did you mean `doctor`? `tfmc --help` lists all\n");
  });

  it("lists the exit codes", async () => {
    const { stdout } = await tfmc(["--help"]);
    for (const code of Object.values(exitCodes)) expect(stdout).toMatch(new RegExp(`^  ${code} +\\w`, "m"));
  });

  it("explain suggests the nearest code", async () => {
    const result = await tfmc(["explain", "no-such-code-at-all"]);
    expect([result.code, result.stdout]).toEqual([2, ""]);
    expect(result.stderr).toContain("error[unknown-code]");
  });
});

describe("what a command writes", () => {
  const gpt = path.join(packageRoot, "examples", "gpt", "model.tfm");
  const json = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await tfmc([...args, "--json"])).stdout);

  it("is JSON where that is asked for", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
    const svg = path.join(folder, "gpt.svg");
    expect(await json("draw", gpt)).toEqual({ entry: "forward", svg: expect.stringMatching(/^<svg/) as string });
    expect(await json("draw", gpt, "-o", svg)).toEqual({ entry: "forward", file: svg });
    expect(await json("compile", gpt, "--emit", "graph")).toEqual({ stage: "graph", text: expect.stringContaining("logits") as string });
    expect(await json("compile", gpt, "-o", folder)).toEqual({ files: [path.join(folder, "gpt.js"), path.join(folder, "gpt.d.ts")] });
    rmSync(folder, { recursive: true });
  });

  it("tells of a package by which Node would take a module for CommonJS", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
    const manifest = path.join(folder, "package.json");
    const said = async (type: string): Promise<string> => {
      writeFileSync(manifest, `{ "name": "app"${type} }`);
      return (await tfmc(["compile", gpt, "-o", path.join(folder, "app", "model")])).stderr;
    };
    expect(await said(', "type": "commonjs"')).toBe(`in Node it needs \`"type": "module"\` in ${path.relative("", manifest)}, which says "commonjs"; bundlers and browsers do not ask\n`);
    expect([await said(', "type": "module"'), await said("")]).toEqual(["", ""]);
    rmSync(folder, { recursive: true });
  });

  it("names options that have no effect on it", async () => {
    expect(await tfmc(["compile", gpt, "--emit", "ast", "--entry", "forward", "--set", "d=48"])).toMatchObject({ code: 0, stderr: "without effect here: --set, --entry\n" });
    expect(await tfmc(["compile", gpt, "--emit", "graph", "--entry", "forward"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("tfmc exec", () => {
  it("passes arguments, stdin, stdout and the exit code through", async () => {
    const script = 'process.stdin.on("data", (d) => process.stdout.write(d)); process.stdin.on("end", () => { console.error(process.argv[1]); process.exit(7); })';
    const result = await tfmc(["exec", "--", process.execPath, "-e", script, "--", "--json"], { input: "hello" });
    expect(result).toEqual({ code: 7, stdout: "hello", stderr: "--json\n" });
  });

  it("says when there is no such program", async () => {
    const result = await tfmc(["exec", "--", "no-such-program-here"]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("`no-such-program-here` could not be started");
  });

  it("passes a signal on and reports the end as a shell would", async () => {
    const script = 'process.on("SIGTERM", () => process.exit(9)); console.log("up"); setInterval(() => {}, 1000)';
    const handled = await tfmc(["exec", "--", process.execPath, "-e", script], { started: (child) => child.stdout?.once("data", () => child.kill("SIGTERM")) });
    expect(handled.code).toBe(9);
    const unhandled = await tfmc(["exec", "--", process.execPath, "-e", 'console.log("up"); setInterval(() => {}, 1000)'], { started: (child) => child.stdout?.once("data", () => child.kill("SIGINT")) });
    expect(unhandled.code).toBe(130);
  });
});

describe("without an adapter", () => {
  it("doctor says so, says what to do, and exits with 3", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
    const none = { VK_DRIVER_FILES: path.join(folder, "none.json") };
    const result = await tfmc(["doctor"], { env: none });
    expect(result.code).toBe(3);
    expect(result.stdout).toContain("adapter   none");
    // The loader's own word on the file, which is of use here, may stand beside.
    const told = "error[no-adapter]: there is no WebGPU adapter\n  = fix: VK_DRIVER_FILES or VK_ICD_FILENAMES names a Vulkan driver that does not work here: correct or unset it\n";
    expect(result.stderr).toContain(told);
    const json = JSON.parse((await tfmc(["doctor", "--json"], { env: none })).stdout) as { readonly adapter: unknown; readonly source: string };
    expect([json.adapter, json.source]).toEqual([null, "given"]);
    rmSync(folder, { recursive: true });
  });
});

describe("on a platform for which there are no WebGPU bindings", () => {
  it("checks models, and says so where an adapter is needed", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
    const foreign = path.join(folder, "foreign.cjs");
    writeFileSync(foreign, 'process.dlopen = () => { throw new Error("wrong ELF class"); };');
    const env = { NODE_OPTIONS: `--require ${foreign}` };
    const checked = await tfmc(["check", path.join(packageRoot, "examples", "rnn", "model.tfm")], { env });
    expect([checked.code, checked.stderr]).toEqual([0, ""]);
    const doctor = await tfmc(["doctor"], { env });
    expect([doctor.code, doctor.stdout]).toEqual([3, ""]);
    expect(doctor.stderr).toContain("error[no-bindings]: the WebGPU bindings for Node, the npm package `webgpu`, could not be loaded: wrong ELF class\n  = fix: ");
    rmSync(folder, { recursive: true });
  });
});

describeGpu("tfmc doctor", () => {
  it("names the adapter, tries it, and keeps the driver's noise off stderr", async () => {
    const result = await tfmc(["doctor"]);
    expect([result.code, result.stderr]).toEqual([0, ""]);
    expect(result.stdout).toMatch(/^adapter {3}\S/);
    expect(result.stdout).toContain("a small program gave the right numbers");
  });

  it("gives the same as JSON, and no colours", async () => {
    const result = await tfmc(["doctor", "--json"], { env: { FORCE_COLOR: "1" } });
    const report = JSON.parse(result.stdout) as { readonly adapter: { readonly computes: boolean; readonly limits: Readonly<Record<string, number>> } };
    expect(report.adapter.computes).toBe(true);
    // WebGPU's default, which every adapter offers.
    expect(report.adapter.limits["maxStorageBuffersPerShaderStage"]).toBeGreaterThanOrEqual(8);
  });
});
