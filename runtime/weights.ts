/** `model.safetensors`: a model's parameters and running statistics by path, as bytes. */
import { differentModel } from "./errors.ts";
import type { Program, StateBuffer } from "./program.ts";
import type { Session } from "./session.ts";
import type { NamedTensor } from "./states.ts";
import type { TensorData } from "./training/safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "./training/safetensors.ts";

/** What a model needs in order to be used. Where an average is kept of a parameter in training, that is what it is used with. */
export const MODEL_KINDS: readonly StateBuffer["kind"][] = ["parameter", "running"];
/** All that is written when weights are loaded: an average begins as the parameter does. */
export const LOADED_KINDS: readonly StateBuffer["kind"][] = [...MODEL_KINDS, "average"];

export async function encodeWeights(session: Session, metadata: ReadonlyMap<string, string> = new Map()): Promise<Uint8Array> {
  const averages = new Map((await session.readStates(["average"])).map(({ path, data }) => [path, data]));
  const tensors = (await session.readStates(MODEL_KINDS)).map((tensor) => ({ ...tensor, data: averages.get(tensor.path) ?? tensor.data }));
  return encodeSafetensors(tensors.map(({ path, shape, data }) => ({ name: path, shape, data })), metadata);
}

/**
 * Writes the weights into the session's states and returns the file's metadata. Throws a TfmError that says which parameters
 * differ where the file is of another model, before anything is written; parameters that no entry of the session uses are skipped.
 */
export function loadWeights(session: Session, bytes: Uint8Array, checksum: "required" | "if present" = "if present"): ReadonlyMap<string, string> {
  const { tensors, metadata } = weightsFor(session, bytes, checksum);
  session.writeStates(tensors);
  return metadata;
}

export interface Weights {
  /** Those that the session holds. */
  readonly tensors: readonly NamedTensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** What `loadWeights` would write. */
export function weightsFor(session: Session, bytes: Uint8Array, checksum: "required" | "if present"): Weights {
  const { tensors, metadata } = decodeSafetensors(bytes, checksum);
  const differences = tensorDifferences(modelTensors(session.program), tensors);
  if (differences.length > 0) throw differentModel(differences);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
  const held = session.tensors(LOADED_KINDS).map((tensor) => ({ ...tensor, data: realsOf(byName.get(tensor.path) ?? []) }));
  return { tensors: held, metadata };
}

/** As they are, where they are reals. */
function realsOf(data: TensorData | readonly number[]): Float32Array<ArrayBuffer> {
  return data instanceof Float32Array && data.buffer instanceof ArrayBuffer ? (data as Float32Array<ArrayBuffer>) : new Float32Array(data);
}

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
}

function modelTensors(program: Program): readonly Shaped[] {
  const states = program.states.filter(({ kind }) => MODEL_KINDS.includes(kind));
  return states.flatMap(({ tensors }) => tensors.map(({ path, shape }) => ({ name: path, shape })));
}

/** One line for each tensor that is missing, too many, or of another shape. */
export function tensorDifferences(model: readonly Shaped[], file: readonly Shaped[]): readonly string[] {
  const shapeOf = (tensors: readonly Shaped[]): Map<string, string> => new Map(tensors.map(({ name, shape }) => [name, `[${shape.join(", ")}]`]));
  const wanted = shapeOf(model);
  const found = shapeOf(file);
  return [
    ...model.filter(({ name }) => !found.has(name)).map(({ name }) => `${name} ${wanted.get(name)} is missing`),
    ...file.filter(({ name }) => !wanted.has(name)).map(({ name }) => `${name} ${found.get(name)} is not in this model`),
    ...model
      .filter(({ name }) => found.has(name) && found.get(name) !== wanted.get(name))
      .map(({ name }) => `${name} is ${found.get(name)}, this model's is ${wanted.get(name)}`),
  ];
}
