import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBytes, readInPieces, readText, writeAtomically, writeTogether } from "../../src/files.ts";
import { packageRoot } from "../../src/package-root.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inside = (name: string): string => path.join(folder, name);

describe("reading", () => {
  it("reads UTF-8 and drops a byte order mark", () => {
    writeFileSync(inside("a"), "\ufeffné → 語");
    expect(readText(inside("a"))).toEqual({ ok: true, value: "né → 語" });
  });

  it("reads a file in pieces where it is larger than Node reads at once", () => {
    const content = Uint8Array.from({ length: 100 }, (_, at) => at);
    writeFileSync(inside("large"), content);
    for (const piece of [7, 50, 100, 1000]) expect(readInPieces(inside("large"), 100, piece)).toEqual(content);
    // One that became shorter meanwhile.
    expect(readInPieces(inside("large"), 130, 7)).toEqual(content);
  });

  it("says what is wrong with a file, and exits with 1", () => {
    const failure = (file: string) => {
      const result = readText(file);
      return result.ok ? undefined : [result.failure.code, result.failure.exit];
    };
    expect(failure(inside("none"))).toEqual(["file-missing", 1]);
    expect(failure(folder)).toEqual(["file-is-folder", 1]);
    writeFileSync(inside("huge"), "");
    truncateSync(inside("huge"), 2 ** 40);
    expect(readBytes(inside("huge"))).toMatchObject({ failure: { code: "file-too-long", exit: 1, remedy: expect.stringContaining("several files") as string } });
  });

  it("says of a file that is packed by gzip what it is", () => {
    writeFileSync(inside("a.tsv.gz"), gzipSync("a\tb\n"));
    expect(readText(inside("a.tsv.gz"))).toMatchObject({ ok: false, failure: { code: "file-packed", message: `${inside("a.tsv.gz")} is packed by gzip, not a text` } });
  });

  it.each([
    ["a lone continuation byte", [0x61, 0x0a, 0x62, 0x80, 0x63], 2, 3],
    ["Latin-1", [0x6e, 0xe9, 0x65], 1, 1],
    ["a sequence cut off at the end", [0x0a, 0x0a, 0xe2, 0x86], 3, 2],
    ["a sequence broken off by another character", [0x61, 0xe2, 0x86, 0x61, 0x61], 1, 1],
    ["an overlong form", [0x61, 0xc0, 0xaf], 1, 1],
    ["a surrogate", [0xed, 0xa0, 0x80], 1, 0],
  ])("names line and offset of %s", (_, bytes, line, offset) => {
    writeFileSync(inside("bad"), Uint8Array.from(bytes));
    const result = readText(inside("bad"));
    const byte = (bytes[offset] ?? 0).toString(16);
    expect(result).toMatchObject({ ok: false, failure: { code: "file-not-utf8", message: `${inside("bad")}:${line}: not UTF-8 (byte 0x${byte} at offset ${offset})` } });
  });
});

describe("writing", () => {
  it("replaces a file, makes missing folders, and leaves nothing else behind", () => {
    expect(writeAtomically(inside("x/y/file"), "one").ok).toBe(true);
    expect(writeAtomically(inside("x/y/file"), Uint8Array.of(116, 119, 111)).ok).toBe(true);
    expect(readFileSync(inside("x/y/file"), "utf8")).toBe("two");
    expect(readdirSync(inside("x/y"))).toEqual(["file"]);
  });

  it("writes through a link, and keeps the file's permissions", () => {
    writeFileSync(inside("real"), "old", { mode: 0o600 });
    symlinkSync("real", inside("link"));
    expect(writeAtomically(inside("link"), "new").ok).toBe(true);
    expect(lstatSync(inside("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(inside("real"), "utf8")).toBe("new");
    expect(statSync(inside("real")).mode & 0o777).toBe(0o600);
  });

  it.skipIf(process.platform === "win32")("leaves a pipe a pipe, and writes into it", async () => {
    execFileSync("mkfifo", [inside("pipe")]);
    const reader = execFile("cat", [inside("pipe")]);
    try {
      let read = "";
      reader.stdout?.on("data", (text: string) => void (read += text));
      const ended = once(reader, "close");
      expect(writeAtomically(inside("pipe"), "through").ok).toBe(true);
      expect(readdirSync(folder)).toEqual(["pipe"]);
      expect(lstatSync(inside("pipe")).isFIFO()).toBe(true);
      await ended;
      expect(read).toBe("through");
    } finally {
      reader.kill();
    }
  });

  it("leaves no temporary file where it fails", () => {
    mkdirSync(inside("taken"));
    const result = writeAtomically(inside("taken"), "x");
    expect(result).toMatchObject({ ok: false, failure: { code: "file-not-writable", exit: 1 } });
    expect(readdirSync(folder)).toEqual(["taken"]);
  });

  it("says why a file cannot be written", () => {
    writeFileSync(inside("plain"), "");
    const result = writeAtomically(inside("plain/file"), "x");
    expect(result.ok ? "" : result.failure.message).toMatch(/plain.file could not be written: /);
  });

  // In /proc a folder that cannot be made is said to be missing above.
  it.skipIf(process.platform !== "linux")("says so at once where no folder can be made", async () => {
    const bundle = inside("writer.mjs");
    const source = `import { writeAtomically } from "./src/files.ts"; process.stdout.write(writeAtomically("/proc/tfm/run/file", "x").failure.message);`;
    await build({ stdin: { contents: source, resolveDir: packageRoot }, bundle: true, platform: "node", format: "esm", outfile: bundle, logLevel: "silent" });
    const { stdout } = await promisify(execFile)(process.execPath, [bundle], { timeout: 20_000, killSignal: "SIGKILL" });
    expect(stdout).toMatch(/^\/proc\/tfm\/run\/file could not be written: ENOENT/);
  }, 30_000);

  it("removes what a killed writer left, and nothing of a living one", () => {
    // Larger than any process id; the parent of this process lives.
    writeFileSync(inside(".file.99999999.tmp"), "half");
    writeFileSync(inside(`.file.${process.ppid}.tmp`), "half");
    writeFileSync(inside(".file.notes.tmp"), "the user's own");
    expect(writeAtomically(inside("file"), "x").ok).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([`.file.${process.ppid}.tmp`, ".file.notes.tmp", "file"].sort());
  });

  it("keeps the old or the new content whole when the process is killed at any moment", async () => {
    const bundle = inside("writer.mjs");
    const source = `import { writeAtomically } from "./src/files.ts";
      const [file] = process.argv.slice(2);
      for (let i = 0; ; i++) { writeAtomically(file, String(i % 10).repeat(2_000_000)); if (i === 0) process.stdout.write("started"); }`;
    await build({ stdin: { contents: source, resolveDir: packageRoot }, bundle: true, platform: "node", format: "esm", outfile: bundle, logLevel: "silent" });
    const file = inside("data/file");
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [bundle, file], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 7));
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
      const text = readFileSync(file, "utf8");
      expect(text.length).toBe(2_000_000);
      expect(new Set(text).size).toBe(1);
    }
  });
});

describe("files that belong together", () => {
  it("take their places once all are written", () => {
    writeFileSync(inside("a"), "old a");
    const seen: string[] = [];
    expect(writeTogether([[inside("a"), "new a"], [inside("b"), "new b"]], () => seen.push(readFileSync(inside("a"), "utf8"), ...readdirSync(folder).filter((name) => !name.endsWith(".tmp"))))).toEqual({ ok: true, value: undefined });
    expect(seen).toEqual(["old a", "a"]);
    expect([readFileSync(inside("a"), "utf8"), readFileSync(inside("b"), "utf8"), readdirSync(folder)]).toEqual(["new a", "new b", ["a", "b"]]);
  });

  it("are left as they were where one cannot be written", () => {
    writeFileSync(inside("a"), "old a");
    writeFileSync(inside("file"), "");
    expect(writeTogether([[inside("a"), "new a"], [path.join(folder, "file", "b"), "new b"]])).toMatchObject({ ok: false, failure: { code: "file-not-writable" } });
    expect([readFileSync(inside("a"), "utf8"), readdirSync(folder)]).toEqual(["old a", ["a", "file"]]);
  });
});
