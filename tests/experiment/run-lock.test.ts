import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { holdRunFolder } from "../../src/experiment/run-lock.ts";
import { CommandFailure } from "../../src/failure.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
const file = path.join(folder, ".training");
const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);

afterAll(() => {
  other.kill();
  rmSync(folder, { recursive: true });
});

function refusal(): string {
  try {
    holdRunFolder(folder)();
    return "";
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return `${error.failure.code}: ${error.failure.message}`;
  }
}

it("is ours until it is released", () => {
  const release = holdRunFolder(folder);
  expect(readFileSync(file, "utf8")).toBe(`${process.pid} ${hostname()}`);
  release();
  expect(existsSync(file)).toBe(false);
});

it("is refused while another process has it, and on another machine", () => {
  writeFileSync(file, `${other.pid} ${hostname()}`);
  expect(refusal()).toBe(`run-in-use: process ${other.pid} is training in ${folder}`);
  writeFileSync(file, "1 elsewhere");
  expect(refusal()).toBe(`run-in-use: process 1 on elsewhere is training in ${folder}`);
  expect(readFileSync(file, "utf8")).toBe("1 elsewhere");
});

it("is taken over from a process that has ended, or was killed as it wrote", async () => {
  const short = spawn(process.execPath, ["-e", ""]);
  await once(short, "exit");
  for (const left of [`${short.pid} ${hostname()}`, `${process.pid} ${hostname()}`, ""]) {
    writeFileSync(file, left);
    expect(refusal()).toBe("");
    expect(existsSync(file)).toBe(false);
  }
});

it("says where a folder cannot be written", () => {
  expect(() => holdRunFolder(path.join(folder, "none"))).toThrow(/could not be written/);
});
