/**
 * A checkpoint: all that a run needs to go on bit for bit, as files in memory; who writes them to a disk decides how.
 *
 *     model.safetensors    parameters and running statistics: all that using the model takes
 *     tokenizer.json       where there is one
 *     state.safetensors    the optimizer's states, named `state/path`; the parameters of which the model has the average, `parameters/path`
 *     state.json           step, seed, hashes, and length and checksum of each of the other files
 *
 * `state.json` is to be written last: it names the others as they must be, so files of two checkpoints are told apart.
 */
import { checkpointDamaged, differentTraining, otherSeed } from "../errors.ts";
import type { Json } from "../json.ts";
import type { Program } from "../program.ts";
import type { Session } from "../session.ts";
import type { NamedTensor } from "../states.ts";
import { decodeUtf8, encodeUtf8 } from "../text/utf8.ts";
import { encodeWeights, tensorDifferences, weightsFor } from "../weights.ts";
import { crc32, crcText } from "./crc32.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

export const CHECKPOINT = { model: "model.safetensors", tokenizer: "tokenizer.json", state: "state.safetensors", manifest: "state.json" } as const;

export type CheckpointFiles = ReadonlyMap<string, Uint8Array>;

export interface CheckpointContent {
  /** The last step done. */
  readonly step: number;
  /** A JSON text. */
  readonly tokenizer?: string;
  /** Whatever else belongs to the run: the corpus' hash, hyperparameters, versions. Batches are a function of the step: there is no position. */
  readonly run: Readonly<Record<string, Json>>;
}

export interface Manifest {
  readonly format: 1;
  readonly step: number;
  readonly seed: number;
  /** `programHash` of the program that was trained. */
  readonly program: string;
  readonly run: Readonly<Record<string, Json>>;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly crc32: string }>>;
}

/** In the order in which to write them. The session should be idle. */
export async function encodeCheckpoint(session: Session, content: CheckpointContent): Promise<CheckpointFiles> {
  const others = await session.readStates(session.tensors(["average"]).length > 0 ? ["optimizer", "parameter"] : ["optimizer"]);
  const files = new Map<string, Uint8Array>([
    [CHECKPOINT.model, await encodeWeights(session)],
    ...(content.tokenizer === undefined ? [] : [[CHECKPOINT.tokenizer, encodeUtf8(content.tokenizer)] as const]),
    [CHECKPOINT.state, encodeSafetensors(others.filter(isHidden(session)).map(({ state, path, shape, data }) => ({ name: `${state}/${path}`, shape, data })))],
  ]);
  const manifest: Manifest = {
    format: 1,
    step: content.step,
    seed: session.seed,
    program: programHash(session.program),
    run: content.run,
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, { bytes: bytes.length, crc32: crcText(crc32(bytes)) }])),
  };
  const checked = { ...manifest, check: crcText(crc32(encodeUtf8(JSON.stringify(manifest)))) };
  files.set(CHECKPOINT.manifest, encodeUtf8(`${JSON.stringify(checked, null, 2)}\n`));
  return files;
}

/** Reads and checks `state.json`. Throws TfmError `checkpoint-damaged`. */
export function readManifest(bytes: Uint8Array): Manifest {
  const file = CHECKPOINT.manifest;
  let parsed: unknown;
  try {
    parsed = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw checkpointDamaged(file, "is not JSON, perhaps cut off");
  }
  if (typeof parsed !== "object" || parsed === null || !("check" in parsed)) throw checkpointDamaged(file, "has no checksum");
  const { check, ...manifest } = parsed as Manifest & { readonly check: unknown };
  if (check !== crcText(crc32(encodeUtf8(JSON.stringify(manifest))))) throw checkpointDamaged(file, "does not match its checksum");
  if (manifest.format !== 1) throw checkpointDamaged(file, `is of format ${String(manifest.format)}, which this version does not read`);
  return manifest;
}

/** Checks every file that the manifest names against it. Throws TfmError `checkpoint-damaged`. */
export function verifyFiles(manifest: Manifest, files: CheckpointFiles): void {
  for (const [name, { bytes, crc32: sum }] of Object.entries(manifest.files)) {
    const found = files.get(name);
    if (found === undefined) throw checkpointDamaged(name, "is missing");
    if (found.length < bytes) throw checkpointDamaged(name, `ends after ${found.length} of ${bytes} bytes`);
    if (found.length !== bytes || crcText(crc32(found)) !== sum) throw checkpointDamaged(name, "does not match its checksum");
  }
}

export interface Restored {
  readonly manifest: Manifest;
  /** False where the program was compiled anew and differently: the run goes on, but not bit for bit. */
  readonly sameProgram: boolean;
}

/**
 * Brings the session to where the checkpoint was made. Everything is checked before anything is written: damage, another
 * model (with the parameters that differ), another optimizer, another seed.
 */
export function restoreCheckpoint(session: Session, files: CheckpointFiles): Restored {
  const manifestBytes = files.get(CHECKPOINT.manifest);
  if (manifestBytes === undefined) throw checkpointDamaged(CHECKPOINT.manifest, "is missing");
  const manifest = readManifest(manifestBytes);
  verifyFiles(manifest, files);
  const weights = weightsFor(session, files.get(CHECKPOINT.model) ?? new Uint8Array(), "required");
  const wanted = session.tensors(["optimizer", "parameter"]).filter(isHidden(session));
  const { tensors } = decodeSafetensors(files.get(CHECKPOINT.state) ?? new Uint8Array());
  const differences = tensorDifferences(wanted.map(({ state, path, shape }) => ({ name: `${state}/${path}`, shape })), tensors);
  if (differences.length > 0) throw differentTraining(differences);
  if (manifest.seed !== session.seed) throw otherSeed(manifest.seed, session.seed);
  const byName = new Map(tensors.map(({ name, data }) => [name, data]));
  const others = wanted.map((tensor) => ({ ...tensor, data: new Float32Array(byName.get(`${tensor.state}/${tensor.path}`) ?? []) }));
  session.writeStates([...weights.tensors, ...others]);
  return { manifest, sameProgram: manifest.program === programHash(session.program) };
}

/** Whether using the model does without it: the optimizer's states, and parameters of which an average is kept. */
function isHidden(session: Session): (tensor: Omit<NamedTensor, "data">) => boolean {
  const averaged = new Set(session.tensors(["average"]).map(({ path }) => path));
  return ({ kind, path }) => kind === "optimizer" || averaged.has(path);
}

/** 64 bits over all that decides what a step computes. */
export function programHash(program: Program): string {
  const bytes = encodeUtf8(JSON.stringify(program));
  return crcText(crc32(bytes)) + crcText(crc32(bytes.toReversed(), 0x9e3779b9));
}
