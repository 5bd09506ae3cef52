// The npm packages that package-lock.json names.

import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { captured } from "./child.mjs";
import { cache, root } from "./paths.mjs";

/**
 * True where `installed` (npm's own record, written last, in node_modules/.package-lock.json) holds every package of the lock file in
 * its version. Optional packages may be missing: they are other platforms' binaries.
 */
export function matchesLock(lock, installed) {
  return Object.entries(lock.packages).every(([name, wanted]) => {
    if (name === "") return true;
    const found = installed.packages[name];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * Runs `npm ci` where node_modules is missing or is not what the lock file says.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function installDependencies(say) {
  const installed = path.join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && matchesLock(readJson(path.join(root, "package-lock.json")), readJson(installed))) return { ok: true };
  say("dependencies: installing the npm packages");
  return npm(root, "ci", "--include=dev");
}

/**
 * Runs a command of npm that installs packages, without their scripts.
 *
 * @param {string} folder
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function npm(folder, command, ...args) {
  // As .npmrc has it, and also where this is not started by npm: the home folder may not be writable, and is not ours.
  const npmCache = path.join(cache, "npm");
  const quietly = ["--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error", `--cache=${npmCache}`];
  const [program, first] = runner();
  const { code, output } = await captured(program, [...first, command, ...args, ...quietly], { cwd: folder });
  if (code !== 0) return { ok: false, reason: `npm ${command} failed:\n${output.trim()}` };
  // The packages are not needed twice.
  rmSync(path.join(npmCache, "_cacache"), { recursive: true, force: true });
  return { ok: true };
}

/** The npm that runs this script, or else the one on the PATH. */
function runner() {
  const running = process.env.npm_execpath;
  return running !== undefined && /npm-cli\.c?js$/.test(running) ? [process.execPath, [running]] : ["npm", []];
}

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
