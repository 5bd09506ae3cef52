import { copyFileSync, existsSync, linkSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { CHECKPOINT, loadWeights, readManifest, verifyFiles } from "../../runtime/index.ts";
import type { CheckpointFiles, Manifest, Session } from "../../runtime/index.ts";
import { TfmError } from "../../runtime/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { makeFolders, readBytes, writeTogether } from "../files.ts";
import { shellWord } from "../shell.ts";
import type { DataRecord } from "./data.ts";
import type { Standing } from "./evaluating.ts";
import type { InitialRecord } from "./initial.ts";
import { LOG } from "./run-log.ts";
import type { Settings } from "./settings.ts";
import { restoredModel } from "./source.ts";
import type { ModelSource, SavedSource } from "./source.ts";

/** What `state.json` keeps of a run beside its step and seed: enough to use the model and to go on training from any folder. */
export interface RunRecord {
  readonly sources: readonly SavedSource[];
  readonly recipe: string;
  readonly set: Settings;
  readonly data: DataRecord;
  /** Most tokens of a text. */
  readonly limit: number;
  /** The largest sizes met in training. */
  readonly bounds: Readonly<Record<string, number>>;
  /** Where it is evaluated while it trains. */
  readonly standing?: Standing;
  /** Where its first weights were not drawn. */
  readonly initial?: InitialRecord;
}

/** A checkpoint that was read and found whole. */
export interface Checkpoint {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly record: RunRecord;
  readonly files: CheckpointFiles;
  readonly source: ModelSource;
}

/** The weights that were best in an evaluation during training. */
const BEST = "best.safetensors";
/** The checkpoint before the last, itself a whole one: a crash while writing leaves a run to go on from. */
const PREVIOUS = "previous";
const FILES: readonly string[] = [CHECKPOINT.model, CHECKPOINT.tokenizer, CHECKPOINT.state, CHECKPOINT.manifest];

/** `runs/translation` for translation/model.tfm or translation.tfm; `runs/translation-2` where that is taken. */
export function newRunFolder(modelFile: string): string {
  const name = runName(modelFile);
  for (let number = 1; ; number++) {
    const folder = path.join("runs", number === 1 ? name : `${name}-${number}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Of the runs in runs/ the one of that model file, and of one of its recipes if asked, whose checkpoint was written last. */
export function latestRunFolder(modelFile: string, recipe?: string): string | undefined {
  const wanted = path.resolve(modelFile);
  const folders = existsSync("runs") ? readdirSync("runs").sort() : [];
  const found = folders.flatMap((name) => {
    const folder = path.join("runs", name);
    const manifest = path.join(folder, CHECKPOINT.manifest);
    const record = existsSync(manifest) ? recordOf(manifest) : undefined;
    const isOne = record?.sources[0] !== undefined && path.resolve(record.sources[0].path) === wanted && (recipe === undefined || record.recipe === recipe);
    return isOne ? [{ folder, written: statSync(manifest).mtimeMs }] : [];
  });
  return found.toSorted((a, b) => b.written - a.written)[0]?.folder;
}

/** Of a manifest that is whole. */
function recordOf(manifest: string): RunRecord | undefined {
  try {
    return readManifest(valueOf(readBytes(manifest))).run as unknown as RunRecord;
  } catch (error) {
    if (error instanceof TfmError || error instanceof CommandFailure) return undefined;
    throw error;
  }
}

/** `translation` for translation/model.tfm and for translation.tfm. */
function runName(modelFile: string): string {
  const stem = path.basename(modelFile, ".tfm");
  return stem === "model" ? path.basename(path.dirname(path.resolve(modelFile))) : stem;
}

/** Refuses to mix a new run into a folder that holds another. */
export function claimRunFolder(folder: string): void {
  const taken = [...FILES, LOG, BEST].find((name) => existsSync(path.join(folder, name)));
  if (taken !== undefined) {
    const remedy = holdsCheckpoint(folder) ? `--resume ${shellWord(folder)} continues it; for a new run give another --out` : "it ended before its first checkpoint, so remove the folder, or give another --out";
    throw new CommandFailure({ code: "run-exists", exit: exitCodes.usage, message: `${folder} holds a run already (${taken})`, remedy });
  }
  makeFolder(folder);
}

export function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (error) {
    throw new CommandFailure({ code: "folder-not-made", exit: exitCodes.wrong, message: `the folder ${folder} could not be made: ${error instanceof Error ? error.message : String(error)}`, remedy: "give another with --out" });
  }
}

/** All files take their places once all are written, `state.json` last; the checkpoint before stays in `previous/`. `best`: new best weights. */
export function writeCheckpoint(folder: string, files: CheckpointFiles, best?: Uint8Array): void {
  const all: readonly (readonly [string, Uint8Array])[] = [...(best === undefined ? [] : [[BEST, best] as const]), ...files];
  valueOf(writeTogether(all.map(([name, bytes]) => [path.join(folder, name), bytes]), () => keepPrevious(folder)));
}

function keepPrevious(folder: string): void {
  if (!holdsCheckpoint(folder) || isCutOff(folder)) return;
  const previous = path.join(folder, PREVIOUS);
  makeFolders(previous);
  // The manifest goes first and comes last, so that what lies there is never half of one and half of another.
  rmSync(path.join(previous, CHECKPOINT.manifest), { force: true });
  for (const name of FILES) {
    const from = path.join(folder, name);
    const to = path.join(previous, name);
    rmSync(to, { force: true });
    if (existsSync(from)) linkOrCopy(from, to);
  }
}

/** Files are replaced, never written in place, so a second name costs nothing. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** For a run that goes on in another folder. */
export function copyBest(from: string, to: string): void {
  if (existsSync(path.join(from, BEST))) copyFileSync(path.join(from, BEST), path.join(to, BEST));
}

/** The checkpoint with the best weights in the place of the last ones: for use, not for going on. */
export function withBest(checkpoint: Checkpoint): Checkpoint {
  const file = path.join(checkpoint.folder, BEST);
  if (!existsSync(file)) throw new CommandFailure({ code: "no-best", exit: exitCodes.usage, message: `${checkpoint.folder} holds no best weights (${BEST} is missing)`, remedy: "a run keeps them where its recipe sets `evaluate = 250`, the steps between two evaluations" });
  const best = checkpoint.record.standing?.best;
  const manifest = best === undefined ? checkpoint.manifest : { ...checkpoint.manifest, step: best.step };
  return { ...checkpoint, manifest, files: new Map([...checkpoint.files, [CHECKPOINT.model, valueOf(readBytes(file))]]) };
}

export function holdsCheckpoint(folder: string): boolean {
  return existsSync(path.join(folder, CHECKPOINT.manifest));
}

/** Reads a run folder and checks every file. Throws CommandFailure or TfmError `checkpoint-damaged`. */
export function readCheckpoint(folder: string): Checkpoint {
  if (!holdsCheckpoint(folder)) throw new CommandFailure({ code: "no-checkpoint", exit: exitCodes.wrong, message: `${folder} holds no checkpoint (${CHECKPOINT.manifest} is missing)`, remedy: existsSync(path.join(folder, LOG)) ? "its run ended before its first checkpoint: train anew, with another --out or without this folder" : "name the folder that `tfmc train` wrote, such as runs/translation" });
  return inPlace(folder, () => {
    const bytes = valueOf(readBytes(path.join(folder, CHECKPOINT.manifest)));
    const manifest = readManifest(bytes);
    const files = wholeFiles(isCutOff(folder) ? path.join(folder, PREVIOUS) : folder, manifest, bytes);
    const record = manifest.run as unknown as RunRecord;
    return { folder, manifest, record, files, source: restoredModel(record.sources) };
  });
}

/** Whether a process ended while the files of the next checkpoint took their places: the manifest, which is the last, still is that of the one before. */
function isCutOff(folder: string): boolean {
  const [now, before] = [folder, path.join(folder, PREVIOUS)].map((each) => path.join(each, CHECKPOINT.manifest)) as [string, string];
  return existsSync(before) && Buffer.compare(valueOf(readBytes(before)), valueOf(readBytes(now))) === 0;
}

function wholeFiles(folder: string, manifest: Manifest, bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map([[CHECKPOINT.manifest as string, bytes]]);
  for (const name of Object.keys(manifest.files)) if (existsSync(path.join(folder, name))) files.set(name, valueOf(readBytes(path.join(folder, name))));
  verifyFiles(manifest, files);
  return files;
}

/** Its weights become those of a session. Throws CommandFailure where they are damaged or of another model. */
export function loadCheckpoint(session: Session, { folder, files }: Checkpoint): void {
  inPlace(folder, () => loadWeights(session, files.get(CHECKPOINT.model) ?? new Uint8Array(), "required"));
}

/** What `read` gives of a folder or file; what is wrong with it is told with its name. */
export function inPlace<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw placed(error, place);
  }
}

/** The runtime knows no folders: their names go before its messages, and the checkpoint before, where there is one, into the remedy. */
function placed(error: unknown, folder: string): unknown {
  if (!(error instanceof TfmError)) return error;
  const previous = path.join(folder, PREVIOUS);
  const damaged = ["checkpoint-damaged", "weights-damaged", "tokenizer-damaged"].includes(error.code);
  const remedy = damaged && holdsCheckpoint(previous) ? `${previous} holds the checkpoint before it: copy its files into ${folder}` : error.hint;
  return new CommandFailure({ code: error.code, exit: error.exit, message: `${folder}: ${error.message}`, remedy });
}

/** The text of its tokenizer.json; undefined for a model that has to do with no text. */
export function savedTokenizer({ files }: Checkpoint): string | undefined {
  const bytes = files.get(CHECKPOINT.tokenizer);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
