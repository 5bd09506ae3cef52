// A WebGPU adapter for this clone: the system's own where it works, else a private one.

import { existsSync, renameSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { captured } from "./child.mjs";
import { adapterFolder, cache, root } from "./paths.mjs";
import { removeLeftovers } from "./packages.mjs";
import { fetchPrivateAdapter, privateEnvironment } from "./private-adapter.mjs";

/**
 * Makes sure that there is an adapter.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function ensureAdapter(say) {
  removeLeftovers(adapterFolder);
  const system = await probe(withoutPrivate(process.env));
  if (system !== undefined) {
    // A private driver would hide a better adapter that has come since. One that the user's environment names may go again: then keep.
    if (existsSync(adapterFolder) && process.env.VK_DRIVER_FILES === undefined && process.env.VK_ICD_FILENAMES === undefined) discard(adapterFolder);
    return { ok: true };
  }
  const known = privateEnvironment(adapterFolder);
  if (known !== undefined && (await probe({ ...process.env, ...known })) !== undefined) return { ok: true };

  const fetched = await fetchPrivateAdapter(adapterFolder, say);
  if (!fetched.ok) return { ok: false, reason: `${fetched.reason}. ${remedy()}` };
  const name = await probe({ ...process.env, ...privateEnvironment(adapterFolder) });
  if (name === undefined) return { ok: false, reason: `the fetched driver offers no adapter that works. ${remedy()}` };
  say(`WebGPU adapter: ${name}, in .cache/adapter`);
  return { ok: true };
}

/** What to install where set-up cannot fetch anything, in one sentence. */
function remedy() {
  if (process.platform !== "linux") return "Update the graphics driver: WebGPU needs Metal (macOS) or Direct3D 12 or Vulkan (Windows).";
  return "Install a Vulkan driver and loader with your package manager (Mesa 23.1 or newer with lavapipe, and libvulkan1 or vulkan-icd-loader), then run npm run setup again.";
}

/** The name of the adapter that a process with this environment finds, tried in a child because drivers can crash. */
async function probe(env) {
  const script = fileURLToPath(new URL("probe.mjs", import.meta.url));
  const quiet = { XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR ?? os.tmpdir(), MESA_SHADER_CACHE_DIR: env.MESA_SHADER_CACHE_DIR ?? path.join(cache, "mesa") };
  const { output } = await captured(process.execPath, [script], { cwd: root, env: { ...env, ...quiet }, timeout: 60_000 });
  return /^adapter: (.*)$/m.exec(output)?.[1];
}

/** The environment without what `tfmc exec` adds to it. */
function withoutPrivate(env) {
  const inside = (value) => value.startsWith(`${adapterFolder}${path.sep}`);
  const cleaned = { ...env };
  if (inside(env.VK_DRIVER_FILES ?? "")) delete cleaned.VK_DRIVER_FILES;
  const rest = (env.LD_LIBRARY_PATH ?? "").split(":").filter((part) => part !== "" && !inside(part));
  if (rest.length > 0) cleaned.LD_LIBRARY_PATH = rest.join(":");
  else delete cleaned.LD_LIBRARY_PATH;
  return cleaned;
}

/** Moved away first, so that an interruption leaves no half of it in place. */
function discard(folder) {
  const away = `${folder}.old-${process.pid}`;
  renameSync(folder, away);
  rmSync(away, { recursive: true, force: true });
}
