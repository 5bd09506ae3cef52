import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Result } from "../failure.ts";
import { writeAtomically } from "../files.ts";
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
export function writeCorpus(folder: string, seed = 0): Result<CorpusManifest> {
  const { train, heldout, drawn } = corpus(seed);
  const trainFile = describe("train.tsv", train), heldoutFile = describe("heldout.tsv", heldout);
  const manifest: CorpusManifest = {
    seed,
    cldr: process.versions["cldr"] ?? "unknown",
    normalisation: "NFC; any white space to one space; typographic apostrophes to '",
    drawnPerKind: drawn,
    train: trainFile,
    heldout: heldoutFile,
  };
  const files = [["train.tsv", tsv(train)], ["heldout.tsv", tsv(heldout)], ["manifest.json", `${JSON.stringify(manifest, undefined, 2)}\n`]] as const;
  for (const [name, content] of files) {
    const written = writeAtomically(join(folder, name), content);
    if (!written.ok) return written;
  }
  return { ok: true, value: manifest };
}

function describe(file: string, entries: readonly Entry[]): CorpusFile {
  const count = (kind: KindName): number => entries.filter((entry) => entry.kind === kind).length;
  return {
    file,
    pairs: entries.length,
    sha256: createHash("sha256").update(tsv(entries)).digest("hex"),
    kinds: Object.fromEntries(KIND_NAMES.map((kind) => [kind, count(kind)])) as Record<KindName, number>,
  };
}

function tsv(entries: readonly Entry[]): string {
  return entries.map((entry) => `${entry.french}\t${entry.english}\n`).join("");
}
