import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { foundFrom, versions } from "../../src/versions.ts";

test("a dependency is found within this package, and beside it where npm installed both in one folder", async () => {
  const app = await mkdtemp(path.join(tmpdir(), "tfm-versions-"));
  onTestFinished(() => rm(app, { recursive: true, force: true }));
  const [root, beside] = [path.join(app, "node_modules", "tfm"), path.join(app, "node_modules", "webgpu")];
  const within = path.join(root, "node_modules", "webgpu");
  for (const folder of [root, beside]) await mkdir(folder, { recursive: true });
  expect(foundFrom(root, "webgpu")).toBeUndefined();

  await writeFile(path.join(beside, "package.json"), "{}");
  expect(foundFrom(root, "webgpu")).toBe(path.join(beside, "package.json"));
  await mkdir(within, { recursive: true });
  await writeFile(path.join(within, "package.json"), "{}");
  expect(foundFrom(root, "webgpu")).toBe(path.join(within, "package.json"));
});

test("a clone knows the version of its own", () => {
  expect(foundFrom(packageRoot, "webgpu")).toBeDefined();
  expect(versions({ packages: [] })["webgpu"]).toMatch(/^\d+\.\d+\.\d+/);
});
