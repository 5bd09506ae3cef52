// Deno for the tests of a second WebGPU: wgpu, whose Naga compiles WGSL in Firefox as well. Nothing else needs it.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { npm } from "./dependencies.mjs";
import { denoFolder } from "./paths.mjs";

const VERSION = "2.9.6";

/**
 * Fetches Deno, as an npm package, where it was not.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function ensureDeno(say, folder = denoFolder) {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  if (deno(folder) !== undefined) return { ok: true };
  say(`deno: fetching Deno ${VERSION} (about 45 MB), for the tests of a second WebGPU`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(path.join(unfinished, "package.json"), "{}\n");
  const fetched = await npm(unfinished, "install", `deno@${VERSION}`);
  if (!fetched.ok) return fetched;
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return deno(folder) === undefined ? { ok: false, reason: "there is none for this platform" } : { ok: true };
}

/**
 * The program that was fetched: the platform's own, as the script that stands before it wants to install something first.
 *
 * @returns {string | undefined}
 */
export function deno(folder = denoFolder) {
  const { platform, arch } = process;
  const system = { linux: "linux", darwin: "darwin", win32: "win32" }[platform];
  const file = path.join(folder, "node_modules", "@deno", `${system}-${arch}${platform === "linux" ? "-glibc" : ""}`, platform === "win32" ? "deno.exe" : "deno");
  return existsSync(file) ? file : undefined;
}
