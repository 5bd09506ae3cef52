import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder of its own with tiny.tfm, and pairs.tsv of 30 pairs that the model can partly learn. */
export function tinyProject(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-experiment-"));
  cpSync(path.join(import.meta.dirname, "files", "tiny.tfm"), path.join(folder, "tiny.tfm"));
  writeFileSync(path.join(folder, "pairs.tsv"), tinyPairs());
  return folder;
}

/** "un deux" to "one two", and so on. */
export function tinyPairs(): string {
  const words = [["un", "one"], ["deux", "two"], ["trois", "three"], ["quatre", "four"], ["cinq", "five"], ["six", "six"]] as const;
  const pairs = words.flatMap(([a, x]) => words.filter(([b]) => b !== a).map(([b, y]) => `${a} ${b}\t${x} ${y}`));
  return pairs.map((pair) => `${pair}\n`).join("");
}
