// Mesa's lavapipe and the Vulkan loader in a folder of the project.

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fetchPackages } from "./packages.mjs";
import { readText } from "./read-text.mjs";

/** The driver and the loader; apt adds what they need. */
const WANTED = { packages: ["mesa-vulkan-drivers", "libvulkan1"], what: "WebGPU adapter", size: "Mesa's lavapipe and the Vulkan loader (about 60 MB)", backports: true, describe };

/**
 * Fetches the driver into `folder`: `adapter.json` beside the unpacked packages.
 *
 * @param {string} folder
 * @param {(line: string) => void} say
 * @param {import("./packages.mjs").Machine} [machine]
 */
export const fetchPrivateAdapter = (folder, say, machine) => fetchPackages(folder, WANTED, say, machine);

/** The environment of a fetched driver, or undefined where `folder` holds none. */
export function privateEnvironment(folder) {
  const text = readText(path.join(folder, "adapter.json"));
  if (text === "") return undefined;
  const { libraries, driver } = JSON.parse(text);
  const inherited = process.env.LD_LIBRARY_PATH;
  const own = path.join(folder, libraries);
  return {
    LD_LIBRARY_PATH: inherited === undefined || inherited === "" || inherited === own ? own : `${own}:${inherited}`,
    VK_DRIVER_FILES: path.join(folder, driver),
  };
}

/** Writes adapter.json, with paths relative to its folder so that a moved clone stays right. */
function describe(folder, packages) {
  const drivers = path.join(folder, "root/usr/share/vulkan/icd.d");
  const driver = existsSync(drivers) ? readdirSync(drivers).find((name) => /^lvp_icd.*\.json$/.test(name)) : undefined;
  const libraries = readdirSync(path.join(folder, "root/usr/lib")).find((name) => existsSync(path.join(folder, "root/usr/lib", name, "libvulkan.so.1")));
  if (driver === undefined || libraries === undefined) return { ok: false, reason: "the packages hold no lavapipe driver" };
  const adapter = { driver: `root/usr/share/vulkan/icd.d/${driver}`, libraries: `root/usr/lib/${libraries}`, packages };
  writeFileSync(path.join(folder, "adapter.json"), `${JSON.stringify(adapter, null, 2)}\n`);
  return { ok: true };
}
