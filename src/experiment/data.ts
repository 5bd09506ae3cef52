import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { DataSpec, Phase } from "../../compiler/check/model.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { CorpusManifest } from "../corpus/index.ts";
import { sourceOf } from "../data-sources/index.ts";
import type { KnownClasses, OpenedData } from "../data-sources/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { valueOf } from "../failure.ts";
import type { Failure, Result } from "../failure.ts";
import { readBytes } from "../files.ts";

/** What a recipe trains on, read. */
export interface Data extends OpenedData {
  /** Its path from the working directory, or absolute: for messages. */
  readonly file: string;
  /** What is for validation, likewise; of a share the same. */
  readonly validationFile: string;
  readonly record: DataRecord;
  /** What is trained on in each of the recipe's phases but the last. */
  readonly phases: readonly Examples[];
}

/** What a checkpoint says of its data. */
export interface DataRecord {
  /** Absolute, so that a run can be continued from any folder. */
  readonly path: string;
  /** Absolute; what other paths of the recipe's data are relative to. */
  readonly folder: string;
  /** Of the file, or of all files one behind the other. */
  readonly sha256: string;
  /** Number of examples that are trained on, and what they are. */
  readonly examples: number;
  readonly unit: string;
  /** Number of examples that are for validation. */
  readonly validation?: number;
  /** Rows that were left out as bad. */
  readonly badRows?: number;
  /** Where classes are words: their names, 0 first. */
  readonly classes?: readonly string[];
  /** Of the Unicode data that a generated corpus was drawn from. */
  readonly cldr?: string;
}

export interface DataOptions {
  /** A file or folder in the place of the one that the recipe names. */
  readonly override?: string | undefined;
  /** What paths are relative to, in the place of the model's folder. */
  readonly folder?: string | undefined;
  /** Leave bad rows out and count them. */
  readonly skipBadRows?: boolean | undefined;
  /** The recipe's `validation`: a share of the data, or the path of others. */
  readonly validation?: number | string | undefined;
  /** Of other data than those that are trained on: what is known of the classes. */
  readonly classes?: KnownClasses | undefined;
  /** Of the recipe. */
  readonly phases?: readonly Phase[] | undefined;
  /** Called with its bytes before a file is read that takes long. */
  readonly onReading?: ((bytes: number) => void) | undefined;
}

/** In bytes: a second or more until all of it is tokens. */
const LARGE = 2 ** 24;

/** Reads the files that the recipe's `data` names, relative to the model's folder, or others in their place. */
export async function openData(spec: DataSpec, modelFile: string, { override, folder = path.dirname(modelFile), skipBadRows = false, validation, classes, phases = [], onReading }: DataOptions = {}): Promise<Result<Data>> {
  const source = sourceOf(spec);
  const resolve = (named: string): string => (path.isAbsolute(named) ? named : path.join(folder, named));
  const named = String(spec.arguments["path"] ?? "");
  const file = override ?? resolve(named);
  const request = { path: file, arguments: spec.arguments, skipBadRows, resolve, classes, validation: typeof validation === "string" ? 0 : validation };
  const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  if (size >= LARGE) onReading?.(size);
  const read = await source(request);
  if (!read.ok) return { ok: false, failure: override === undefined ? withOrigin(read.failure, modelFile, named, spec.source) : read.failure };
  if (typeof validation === "number" && validation > 0 && read.value.training.count === 0) return { ok: false, failure: nothingLeft(validation, read.value.whole) };
  const sha256 = hashOf(read.value.files);
  let { validation: examples, badRows } = read.value;
  if (typeof validation === "string") {
    const other = await source({ path: resolve(validation), arguments: spec.arguments, skipBadRows, resolve, classes: read.value.classes ?? "numbers" });
    if (!other.ok) return { ok: false, failure: withSetting(other.failure, validation) };
    if (hashOf(other.value.files) === sha256) return { ok: false, failure: trainedOn(validation) };
    examples = other.value.whole;
    badRows += other.value.badRows;
  }
  const { training } = read.value;
  const fed: Examples[] = [];
  for (const { length } of phases) {
    const part = length === undefined ? read : await source({ ...request, arguments: { ...spec.arguments, length } });
    if (!part.ok) return part;
    fed.push(part.value.training);
  }
  const cldr = cldrOf(file, sha256);
  const record = {
    path: path.resolve(file), folder: path.resolve(folder), sha256, examples: training.count, unit: training.unit,
    ...(examples === undefined ? {} : { validation: examples.count }), ...(badRows === 0 ? {} : { badRows }), ...(cldr === undefined ? {} : { cldr }),
    ...(read.value.classes && { classes: read.value.classes }),
  };
  return { ok: true, value: { ...read.value, ...(examples === undefined ? {} : { validation: examples }), badRows, file, validationFile: typeof validation === "string" ? resolve(validation) : file, record, phases: fed } };
}

function withSetting(failure: Failure, validation: string): Failure {
  return failure.code === "file-missing" ? { ...failure, remedy: `the recipe sets validation = ${JSON.stringify(validation)}; --validation PATH|SHARE names other examples` } : failure;
}

function nothingLeft(share: number, { count, unit }: Examples): Failure {
  return { code: "data-empty", exit: exitCodes.wrong, message: `validation = ${share} leaves none of the ${count.toLocaleString("en-US")} ${unit} to train on`, remedy: "set a smaller share, or name another file" };
}

function trainedOn(validation: string): Failure {
  const message = `validation = ${JSON.stringify(validation)} is what is trained on`;
  return { code: "validation-trained-on", exit: exitCodes.wrong, message, remedy: "name another file, or a share of the data such as 0.1, which is then not trained on" };
}

function withOrigin(failure: Failure, modelFile: string, named: string, source: string): Failure {
  if (failure.code !== "file-missing") return failure;
  return { ...failure, remedy: `${modelFile} trains on ${source}(${JSON.stringify(named)}, …)${failure.remedy === "check the path" ? "" : `: ${failure.remedy ?? ""}`}; --data PATH names another` };
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(valueOf(readBytes(file)));
  return hash.digest("hex");
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
