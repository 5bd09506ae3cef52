// A browser for the tests on pages: the machine's own Chromium, else one in a folder of the project. Nothing else needs it.

import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fetchPackages, removeLeftovers } from "./packages.mjs";
import { browserFolder } from "./paths.mjs";
import { readText } from "./read-text.mjs";

const EXECUTABLE = "root/usr/lib/chromium/chromium-headless-shell";
const FONTS = "fonts.conf";
const WANTED = { packages: ["chromium-headless-shell", "fonts-dejavu-core"], what: "browser", size: "Chromium without windows (about 170 MB)", backports: false, describe };

/**
 * Fetches Chromium where the machine has none.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<import("./packages.mjs").Outcome>}
 */
export async function ensureBrowser(say) {
  removeLeftovers(browserFolder);
  if (browser() !== undefined) return { ok: true };
  const fetched = await fetchBrowser(browserFolder, say);
  return fetched.ok ? fetched : { ok: false, reason: `${fetched.reason}. Install Chromium, or name one by CHROMIUM=FILE.` };
}

/**
 * Fetches Chromium into `folder`: `browser.json` beside the unpacked packages.
 *
 * @param {string} folder
 * @param {(line: string) => void} say
 * @param {import("./packages.mjs").Machine} [machine]
 */
export const fetchBrowser = (folder, say, machine) => fetchPackages(folder, WANTED, say, machine);

/**
 * The browser that CHROMIUM names, the system's, or the fetched one with the environment that it needs.
 *
 * @returns {{ executable: string, environment: Record<string, string> } | undefined}
 */
export function browser(folder = browserFolder, systems = ["/usr/bin/chromium", "/snap/bin/chromium"]) {
  const own = [process.env.CHROMIUM ?? "", ...systems].find((file) => file !== "" && existsSync(file));
  if (own !== undefined) return { executable: own, environment: {} };
  const text = readText(path.join(folder, "browser.json"));
  if (text === "") return undefined;
  const { libraries } = JSON.parse(text);
  const at = (place) => path.join(folder, place);
  return { executable: at(EXECUTABLE), environment: { LD_LIBRARY_PATH: libraries.map(at).join(path.delimiter), FONTCONFIG_FILE: at(FONTS), XDG_CACHE_HOME: at("cache") } };
}

/** Writes browser.json, and fonts.conf, as the system may have no fonts. Paths are relative to the folder, so that a moved clone stays right. */
function describe(folder, packages) {
  // PulseAudio's library finds another of its own by an absolute path.
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((name) => [name, `${name}/pulseaudio`]).map((name) => `root/usr/lib/${name}`).filter((name) => existsSync(path.join(folder, name)));
  if (libraries.length === 0 || !existsSync(path.join(folder, EXECUTABLE))) return { ok: false, reason: "the packages hold no Chromium" };
  writeFileSync(path.join(folder, FONTS), FONTS_TEXT);
  writeFileSync(path.join(folder, "browser.json"), `${JSON.stringify({ libraries, packages }, null, 2)}\n`);
  return { ok: true };
}

const FONTS_TEXT = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">root/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;
