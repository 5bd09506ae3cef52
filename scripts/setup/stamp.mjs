// Whether something made from files is still up to date, by the hash of the files.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * The SHA-256 of the names and contents of all files under `inputs` (files or folders, relative to `root`; one that is missing counts
 * as such), whatever the order in which the file system lists them. Hidden files and links are no sources: npm, run in a sub-folder,
 * leaves a `.cache` there with a link back to the project.
 *
 * @param {string} root
 * @param {readonly string[]} inputs
 */
export function hashOf(root, inputs) {
  const hash = createHash("sha256");
  for (const file of inputs.flatMap((input) => filesUnder(root, input)).sort()) {
    const bytes = existsSync(path.join(root, file)) ? readFileSync(path.join(root, file)) : undefined;
    hash.update(`${file}\0${bytes === undefined ? "missing" : bytes.length}\0`);
    if (bytes !== undefined) hash.update(bytes);
  }
  return hash.digest("hex");
}

function filesUnder(root, input) {
  const full = path.join(root, input);
  if (!existsSync(full) || !statSync(full).isDirectory()) return [input];
  const entries = readdirSync(full, { withFileTypes: true }).filter((entry) => !entry.name.startsWith(".") && !entry.isSymbolicLink());
  return entries.flatMap(({ name }) => filesUnder(root, path.join(input, name)));
}

/** True where `file` holds `hash` and every one of `outputs` exists. */
export function isFresh(file, hash, outputs) {
  return existsSync(file) && readFileSync(file, "utf8").trim() === hash && outputs.every((output) => existsSync(output));
}

/** Notes that what belongs to `file` was made from inputs with this hash. */
export function stamp(file, hash) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${hash}\n`);
}
