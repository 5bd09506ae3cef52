// The set-up as a function: what quickstart, the tests and `npm run setup` begin with.

import path from "node:path";
import { buildIfChanged } from "../build.mjs";
import { ensureAdapter } from "./adapter.mjs";
import { ensureBrowser } from "./browser.mjs";
import { ensureDeno } from "./deno.mjs";
import { installDependencies } from "./dependencies.mjs";
import { lock } from "./lock.mjs";
import { cache } from "./paths.mjs";

/** The exit code for "no adapter", as `tfmc` has it. */
export const NO_ADAPTER = 3;

/**
 * Makes the clone ready: npm packages, bundles, an adapter. Says one line for each thing that it does, nothing where nothing is to do.
 *
 * @param {{ adapter?: boolean, others?: boolean }} [wanted] `adapter: false` leaves the adapter out, and all below; `others: true` fetches what else has a WebGPU, if it can: a browser, and Deno
 * @returns {Promise<number>} 0, or the exit code after saying on stderr what went wrong and what to do
 */
export async function setUp(wanted = {}) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) return failed(`Node ${process.versions.node} is too old: tfm needs Node 20.19 or newer.`);
  const release = await lock(path.join(cache, "setup.lock"), say);
  try {
    const dependencies = await installDependencies(say);
    if (!dependencies.ok) return failed(dependencies.reason);
    const built = await buildIfChanged(say);
    if (!built.ok) return failed(built.reason);
    if (wanted.adapter === false) return 0;
    const adapter = await ensureAdapter(say);
    if (!adapter.ok) return failed(`There is no WebGPU adapter: ${adapter.reason}`, NO_ADAPTER);
    if (wanted.others !== true) return 0;
    const browser = await ensureBrowser(say);
    if (!browser.ok) say(`there is no browser: ${browser.reason} The tests on pages are left out, and counted.`);
    const deno = await ensureDeno(say);
    if (!deno.ok) say(`there is no Deno: ${deno.reason} The tests in it are left out, and counted.`);
    return 0;
  } finally {
    release();
  }
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function failed(reason, code = 1) {
  process.stderr.write(`setup failed: ${reason}\n`);
  return code;
}
