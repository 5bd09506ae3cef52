// Packages of the system's distribution, fetched and unpacked into a folder of the project: no root, nothing installed.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseDeb822, parseOneLine, parseOsRelease, privateSources } from "./apt-sources.mjs";
import { captured } from "./child.mjs";
import { readText } from "./read-text.mjs";

/** The C library and the compiler's must be the system's own, which Node already runs on; the rest is packaging, never loaded. */
const LEFT_OUT = /^(libc6|libc-bin|libgcc|gcc-|libstdc\+\+|libcrypt1|perl|libperl|debconf|dpkg|tar|cdebconf)/;

/** @typedef {{ repositories: import("./apt-sources.mjs").Repository[], osRelease: Record<string, string> }} Machine */
/** @typedef {{ ok: true } | { ok: false, reason: string }} Outcome */

/**
 * Fetches packages, and what they need, into `folder`: unpacked in `root/`, beside it what `describe` writes. It takes the place of what
 * was there only once it is whole.
 *
 * @param {string} folder
 * @param {{
 *   packages: readonly string[],
 *   what: string, size: string,
 *   backports: boolean,
 *   describe: (folder: string, packages: readonly string[]) => Outcome,
 * }} wanted `what` they are and their `size` are for messages; `backports` are taken where the distribution has them; `describe` is given the folder to be, and each
 *   package with its version
 * @param {(line: string) => void} say
 * @param {Machine} [machine]
 * @returns {Promise<Outcome>}
 */
export async function fetchPackages(folder, { packages, what, size, backports, describe }, say, machine = thisMachine()) {
  if (process.platform !== "linux" || !(await runs("apt-get", ["--version"])) || !(await runs("dpkg-deb", ["--version"]))) {
    return { ok: false, reason: "this system has no apt-get and dpkg-deb to fetch one with" };
  }
  const sources = privateSources(machine.repositories, machine.osRelease);
  if (!sources.ok) return sources;

  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  const undo = removeOnExit(work);
  try {
    const apt = aptGet(work, sources.list);
    say(`${what}: reading the package lists`);
    const update = await apt(["update"]);
    if (update.code !== 0) return { ok: false, reason: `apt-get update failed: ${lastLine(update.output)}` };

    say(`${what}: fetching ${size}`);
    const release = backports && sources.release !== undefined ? ["-t", sources.release] : [];
    const install = await apt(["install", "--download-only", "-y", "--no-install-recommends", ...release, ...packages]);
    if (install.code !== 0) return { ok: false, reason: `apt-get could not fetch the packages: ${lastLine(install.output)}` };

    const unpacked = await unpack(path.join(work, "cache", "archives"), path.join(work, "whole", "root"));
    if (!unpacked.ok) return unpacked;
    const described = describe(path.join(work, "whole"), unpacked.packages);
    if (!described.ok) return described;
    rmSync(folder, { recursive: true, force: true });
    renameSync(path.join(work, "whole"), folder);
    return { ok: true };
  } finally {
    undo();
  }
}

/** Removes what fetching into `folder` left behind where it was killed; the lock of the set-up keeps living ones out. */
export function removeLeftovers(folder) {
  const [parent, name] = [path.dirname(folder), path.basename(folder)];
  if (!existsSync(parent)) return;
  for (const found of readdirSync(parent)) if (found.startsWith(`${name}.new-`) || found.startsWith(`${name}.old-`)) rmSync(path.join(parent, found), { recursive: true, force: true });
}

/** What the machine says of itself, its package lists in the files' order. */
function thisMachine() {
  const folder = "/etc/apt/sources.list.d";
  const parts = existsSync(folder) ? readdirSync(folder).sort().map((name) => path.join(folder, name)) : [];
  const repositories = ["/etc/apt/sources.list", ...parts].flatMap((file) => {
    if (file.endsWith(".sources")) return parseDeb822(readText(file));
    return file.endsWith(".list") ? parseOneLine(readText(file)) : [];
  });
  return { repositories, osRelease: parseOsRelease(readText("/etc/os-release")) };
}

/** `apt-get` with every folder that it writes inside `work`, and with `list` as its only package list. */
function aptGet(work, list) {
  for (const folder of ["state/lists/partial", "cache/archives/partial", "whole"]) mkdirSync(path.join(work, folder), { recursive: true });
  writeFileSync(path.join(work, "sources.list"), list);
  writeFileSync(path.join(work, "state/status"), "");
  const options = {
    "Dir::State": path.join(work, "state"),
    "Dir::State::lists": path.join(work, "state/lists"),
    "Dir::State::status": path.join(work, "state/status"),
    "Dir::Cache": path.join(work, "cache"),
    "Dir::Etc::sourcelist": path.join(work, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "APT::Sandbox::User": os.userInfo().username,
    "Debug::NoLocking": "1",
    "Acquire::Retries": "3",
    "Acquire::Languages": "none",
    // Hooks of the system (docker's clean-up, for one) would touch what is not ours, or throw away what is.
    "Binary::apt-get::APT::Keep-Downloaded-Packages": "true",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return (args) => output("apt-get", ["-q", ...flags, "-o", "APT::Update::Post-Invoke::=true", ...args]);
}

async function unpack(archives, root) {
  mkdirSync(root, { recursive: true });
  const packages = readdirSync(archives).filter((name) => name.endsWith(".deb")).sort();
  const kept = packages.filter((name) => !LEFT_OUT.test(name));
  if (kept.length === 0) return { ok: false, reason: "apt-get fetched no packages" };
  for (const name of kept) {
    const { code, output: said } = await output("dpkg-deb", ["-x", path.join(archives, name), root]);
    if (code !== 0) return { ok: false, reason: `${name} could not be unpacked: ${lastLine(said)}` };
  }
  // Some packages still have their libraries in /lib, which is /usr/lib on the systems that they are for.
  const lib = path.join(root, "lib");
  if (existsSync(lib)) {
    cpSync(lib, path.join(root, "usr/lib"), { recursive: true, verbatimSymlinks: true });
    rmSync(lib, { recursive: true });
  }
  return { ok: true, packages: kept.map((name) => name.replace(/_[^_]*\.deb$/, "").replace(/%3a/gi, ":").replace("_", " ")) };
}

/** Removes the work folder on the way out, also when a signal ends the process. */
function removeOnExit(folder) {
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const stop = (signal) => {
    remove();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return () => {
    remove();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  };
}

/** In the C locale, so that messages can be told apart. */
const output = (command, args) => captured(command, args, { env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" } });

const runs = async (command, args) => (await output(command, args)).code === 0;

const lastLine = (text) => text.trim().split("\n").filter((line) => /^[EW]:/.test(line)).at(-1) ?? text.trim().split("\n").at(-1) ?? "";
