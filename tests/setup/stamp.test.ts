import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { matchesLock } from "../../scripts/setup/dependencies.mjs";
import { lock } from "../../scripts/setup/lock.mjs";
import { hashOf, isFresh, stamp } from "../../scripts/setup/stamp.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
  mkdirSync(path.join(folder, "src/deep"), { recursive: true });
  writeFileSync(path.join(folder, "src/a.ts"), "one");
  writeFileSync(path.join(folder, "src/deep/b.ts"), "two");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hash = (): string => hashOf(folder, ["src", "gone.json"]);

it("the hash changes with a content, a name, a new file and a missing one", () => {
  const before = hash();
  expect(hash()).toBe(before);
  writeFileSync(path.join(folder, "src/a.ts"), "ONE");
  const changed = hash();
  writeFileSync(path.join(folder, "src/a.ts"), "one");
  expect(hash()).toBe(before);
  writeFileSync(path.join(folder, "src/c.ts"), "");
  const added = hash();
  rmSync(path.join(folder, "src/c.ts"));
  writeFileSync(path.join(folder, "gone.json"), "");
  expect(new Set([before, changed, added, hash()]).size).toBe(4);
});

it("the hash tells where one file ends and the next begins", () => {
  const before = hash();
  writeFileSync(path.join(folder, "src/a.ts"), "onetwo");
  writeFileSync(path.join(folder, "src/deep/b.ts"), "");
  expect(hash()).not.toBe(before);
});

it("the hash leaves out hidden files and does not follow links", () => {
  const before = hash();
  mkdirSync(path.join(folder, "src/.cache"));
  writeFileSync(path.join(folder, "src/.cache/log"), "x");
  symlinkSync(folder, path.join(folder, "src/loop"));
  expect(hash()).toBe(before);
});

it("a stamp is fresh only with its hash and with every output there", () => {
  const file = path.join(folder, ".cache/made.stamp");
  const output = path.join(folder, "src/a.ts");
  expect(isFresh(file, "h", [output])).toBe(false);
  stamp(file, "h");
  expect(isFresh(file, "h", [output])).toBe(true);
  expect(isFresh(file, "other", [output])).toBe(false);
  expect(isFresh(file, "h", [output, path.join(folder, "missing")])).toBe(false);
});

it("installed packages match a lock file by version and content; only optional ones may be missing", () => {
  const wanted = { packages: { "": {}, "node_modules/a": { version: "1.0.0", integrity: "x" }, "node_modules/b": { version: "2.0.0", integrity: "y", optional: true } } };
  const a = { version: "1.0.0", integrity: "x" };
  expect(matchesLock(wanted, { packages: { "node_modules/a": a } })).toBe(true);
  expect(matchesLock(wanted, { packages: {} })).toBe(false);
  expect(matchesLock(wanted, { packages: { "node_modules/a": { ...a, version: "1.0.1" } } })).toBe(false);
  expect(matchesLock(wanted, { packages: { "node_modules/a": { ...a, integrity: "z" } } })).toBe(false);
  expect(matchesLock(wanted, { packages: { "node_modules/a": a, "node_modules/b": { version: "1.9.0", integrity: "y" } } })).toBe(false);
});

it("a second set-up waits for the first, and a dead one's lock is taken over", async () => {
  const file = path.join(folder, "setup.lock");
  const said: string[] = [];
  const releaseFirst = await lock(file, (line: string) => said.push(line));
  let second = false;
  const waiting = lock(file, (line: string) => said.push(line)).then((release: () => void) => {
    second = true;
    release();
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(second).toBe(false);
  releaseFirst();
  await waiting;
  expect(second).toBe(true);
  expect(said).toEqual([`waiting for another set-up (process ${process.pid})`]);

  // Larger than any process id.
  writeFileSync(file, "99999999");
  (await lock(file, () => {}))();
});
