import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corpus } from "./corpus.ts";
import type { Entry } from "./corpus.ts";
import { KIND_NAMES } from "./phrase.ts";
import type { KindName } from "./phrase.ts";

/** What `manifest.json` says of the two files beside it. */
export interface CorpusManifest {
  readonly seed: number;
  /** The version of Unicode CLDR that the phrases come from, "48.0"; another version may say some of them differently. */
  readonly cldr: string;
  readonly normalisation: string;
  readonly drawnPerKind: number;
  readonly train: CorpusFile;
  readonly heldout: CorpusFile;
}

export interface CorpusFile {
  readonly file: string;
  readonly pairs: number;
  readonly sha256: string;
  readonly kinds: Readonly<Record<KindName, number>>;
}

/**
 * Writes `train.tsv`, `heldout.tsv` (a line per pair: French, tab, English; no header) and `manifest.json` into the folder, making it where
 * it is missing. Each file appears whole or not at all, and the manifest last.
 */
export function writeCorpus(folder: string, seed = 0): CorpusManifest {
  const { train, heldout, drawn } = corpus(seed);
  mkdirSync(folder, { recursive: true });
  const manifest: CorpusManifest = {
    seed,
    cldr: process.versions["cldr"] ?? "unknown",
    normalisation: "NFC; any white space to one space; typographic apostrophes to '",
    drawnPerKind: drawn,
    train: writePairs(folder, "train.tsv", train),
    heldout: writePairs(folder, "heldout.tsv", heldout),
  };
  replaceFile(folder, "manifest.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

function writePairs(folder: string, file: string, entries: readonly Entry[]): CorpusFile {
  const text = entries.map((entry) => `${entry.french}\t${entry.english}\n`).join("");
  replaceFile(folder, file, text);
  const count = (kind: KindName): number => entries.filter((entry) => entry.kind === kind).length;
  return {
    file,
    pairs: entries.length,
    sha256: createHash("sha256").update(text).digest("hex"),
    kinds: Object.fromEntries(KIND_NAMES.map((kind) => [kind, count(kind)])) as Record<KindName, number>,
  };
}

/** Temporary file, fsync, rename, fsync of the folder: a crash at any moment leaves the old file or the new one. */
function replaceFile(folder: string, file: string, text: string): void {
  const temporary = join(folder, `.${file}.${process.pid}`);
  try {
    const handle = openSync(temporary, "w");
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, join(folder, file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
