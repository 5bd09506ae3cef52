import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { DataSpec } from "../../compiler/check/model.ts";
import type { TextPair } from "../../runtime/data/index.ts";
import type { CorpusManifest } from "../corpus/index.ts";
import { readPairs } from "../data-sources/tsv.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Result } from "../failure.ts";

/** What a recipe trains on, read. */
export interface PairData {
  readonly file: string;
  readonly pairs: readonly TextPair[];
  readonly record: DataRecord;
}

/** What a checkpoint says of its data. */
export interface DataRecord {
  /** Absolute, so that a run can be continued from any folder. */
  readonly path: string;
  readonly sha256: string;
  readonly pairs: number;
  /** Of the Unicode data that a generated corpus was drawn from. */
  readonly cldr?: string;
}

/** Reads the file that the recipe's `data` names, relative to the model's folder, or another in its place. */
export function openData(spec: DataSpec, modelFile: string, override?: string): Result<PairData> {
  if (spec.source !== "pairs") {
    const message = `data of kind \`${spec.source}\` cannot be read here yet`;
    return { ok: false, failure: { code: "data-not-built", exit: exitCodes.wrong, message, remedy: 'use pairs("FILE.tsv", from: "fr", to: "en", tokenizer: tokenizer)' } };
  }
  const named = String(spec.arguments["path"] ?? "");
  const read = readData(override ?? path.join(path.dirname(modelFile), named));
  if (read.ok || override !== undefined || read.failure.code !== "file-missing") return read;
  const remedy = `${modelFile} trains on ${JSON.stringify(named)}, a pair per line as source, tab, target; --data FILE.tsv names another file`;
  return { ok: false, failure: { ...read.failure, remedy } };
}

export function readData(file: string): Result<PairData> {
  const pairs = readPairs(file);
  if (!pairs.ok) return pairs;
  const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  const cldr = cldrOf(file, sha256);
  return { ok: true, value: { file, pairs: pairs.value, record: { path: path.resolve(file), sha256, pairs: pairs.value.length, ...(cldr === undefined ? {} : { cldr }) } } };
}

/** From the manifest that is written beside a generated corpus, where it is of this very file. */
function cldrOf(file: string, sha256: string): string | undefined {
  const manifest = path.join(path.dirname(file), "manifest.json");
  if (!existsSync(manifest)) return undefined;
  try {
    const { cldr, train, heldout } = JSON.parse(readFileSync(manifest, "utf8")) as Partial<CorpusManifest>;
    return typeof cldr === "string" && [train?.sha256, heldout?.sha256].includes(sha256) ? cldr : undefined;
  } catch {
    return undefined;
  }
}
