import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { format, parse, sourceFile } from "../../grammar/index.ts";
import { packageRoot } from "../../src/package-root.ts";
import { tfmc } from "../support/tfmc.ts";

const UGLY = "layer   Scale( d ) {\n      param gain : [ d ] ~ ones   // one per feature\n\n\n\n forward( x:[B,d] )->[B,d] {  return  scaled(x,gain) } }\n";
const WRONG = "layer Scale(d {\n  param gain: [d] ~\n}\n";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return name;
}
const text = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const fmt = (...args: readonly string[]) => tfmc(["fmt", ...args], { cwd: folder });
const pretty = format(parse(sourceFile("a.tfm", UGLY)).ast);

describe("tfmc fmt", () => {
  it("formats in place, says so, and then finds nothing to do", async () => {
    file("a.tfm", UGLY);
    expect(await fmt("a.tfm")).toEqual({ code: 0, stdout: "", stderr: "formatted a.tfm\n" });
    expect(text("a.tfm")).toBe(pretty);
    expect(pretty).not.toBe(UGLY);
    expect(pretty).toContain("// one per feature");
    expect(await fmt("a.tfm")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("--check writes nothing, and lists what is not formatted", async () => {
    file("ugly.tfm", UGLY);
    file("pretty.tfm", pretty);
    expect(await fmt("--check", "pretty.tfm", "ugly.tfm")).toEqual({ code: 1, stdout: "ugly.tfm\n", stderr: "" });
    expect(text("ugly.tfm")).toBe(UGLY);
    expect(await fmt("--check", "pretty.tfm")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("leaves a wrong file alone, tells its errors, and still formats the others", async () => {
    file("wrong.tfm", WRONG);
    file("ugly.tfm", UGLY);
    const result = await fmt("wrong.tfm", "missing.tfm", "ugly.tfm", "--json");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/error\[[a-z-]+\].*\n +┌─ wrong\.tfm:1:/);
    expect(result.stderr).toContain("missing.tfm: there is no such file");
    expect(JSON.parse(result.stdout)).toEqual([
      { file: "wrong.tfm", outcome: "refused" },
      { file: "missing.tfm", outcome: "refused" },
      { file: "ugly.tfm", outcome: "formatted" },
    ]);
    expect([text("wrong.tfm"), text("ugly.tfm")]).toEqual([WRONG, pretty]);
  });

  it("- formats stdin to stdout", async () => {
    expect(await tfmc(["fmt", "-"], { input: UGLY })).toEqual({ code: 0, stdout: pretty, stderr: "" });
    expect(await tfmc(["fmt", "-"], { input: `\ufeff${UGLY}` })).toEqual({ code: 0, stdout: pretty, stderr: "" });
  });

  it("- refuses what is no text, and gives nothing in its place", async () => {
    const latin1 = Buffer.from("// caf\u00e9\n", "latin1");
    expect(await tfmc(["fmt", "-"], { input: Buffer.concat([Buffer.from(UGLY), latin1]) })).toEqual({
      code: 1, stdout: "", stderr: `error[file-not-utf8]: stdin:${UGLY.split("\n").length}: not UTF-8 (byte 0xe9 at offset ${UGLY.length + 6})\n  = fix: save it as UTF-8, or convert it, for instance with iconv\n`,
    });
  });

  it.skipIf(process.platform === "win32")("- says that a folder is none", async () => {
    const child = spawn(process.execPath, [path.join(packageRoot, "dist", "tfmc.js"), "fmt", "-"], { stdio: [openSync(folder, "r"), "ignore", "pipe"] });
    let told = "";
    child.stderr!.setEncoding("utf8").on("data", (part: string) => (told += part));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect({ code, told }).toEqual({ code: 1, told: "error[file-is-folder]: stdin is a folder, not a file\n" });
  });
});
