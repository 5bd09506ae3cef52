import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { tfmc } from "../support/tfmc.ts";

const WGSL = ["compile", path.join(packageRoot, "examples", "gpt", "model.tfm"), "--emit", "wgsl"];

it.skipIf(process.platform === "win32")("a pipe that is read late gets all of it", async () => {
  const { stdout: whole } = await tfmc(WGSL);
  expect(whole.length).toBeGreaterThan(100_000);
  const child = spawn("sh", ["-c", '"$@" | (sleep 2; cat)', "sh", process.execPath, path.join(packageRoot, "dist", "tfmc.js"), ...WGSL], { stdio: ["ignore", "pipe", "inherit"] });
  let late = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (late += part));
  await new Promise((resolve) => child.on("close", resolve));
  expect(late.length).toBe(whole.length);
  expect(late).toBe(whole);
});

it.skipIf(process.platform !== "linux")("a stdout that takes nothing is an error", async () => {
  const child = spawn(process.execPath, [path.join(packageRoot, "dist", "tfmc.js"), ...WGSL], { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] });
  let told = "";
  child.stderr!.on("data", (part: Buffer) => (told += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  expect(code).toBe(1);
  expect(told).toContain("error[output-not-writable]: stdout could not be written");
});

it.each([["fmt", 0], ["no-such-verb", 2]] as const)("a stderr that nobody reads does not change the exit code of %s", async (verb, code) => {
  const model = path.join(mkdtempSync(path.join(tmpdir(), "tfm-")), "model.tfm");
  writeFileSync(model, "model  M { forward() -> real = 1.0 }\n");
  const child = spawn(process.execPath, [path.join(packageRoot, "dist", "tfmc.js"), verb, model], { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr!.destroy();
  expect(await new Promise<number | null>((resolve) => child.on("close", resolve))).toBe(code);
});

it("no figure or module takes the place of what was written by hand", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
  const model = path.join(folder, "model.tfm");
  const text = "model M(d = 4) {\n  l = Linear(d, d)\n  forward(x: [B, d]) -> [B, d] = l(x)\n}\n";
  writeFileSync(model, text);
  expect(await tfmc(["draw", model, "-o", model])).toMatchObject({ code: 2, stderr: expect.stringContaining("output-is-model") as string });
  expect(readFileSync(model, "utf8")).toBe(text);
  const own = path.join(folder, "m.js");
  writeFileSync(own, "// mine\n");
  expect(await tfmc(["compile", model, "-o", folder])).toMatchObject({ code: 2, stderr: expect.stringContaining("output-exists") as string });
  expect(readFileSync(own, "utf8")).toBe("// mine\n");
  const out = path.join(folder, "out");
  for (let time = 0; time < 2; time++) expect(await tfmc(["compile", model, "-o", out])).toMatchObject({ code: 0, stdout: `${path.join(out, "m.js")}\n${path.join(out, "m.d.ts")}\n` });
});
