/** Starting from the weights of another model: what has the same path and shape is taken over, and all that is not is told. */
import type { Session } from "../session.ts";
import type { NamedTensor } from "../states.ts";
import { LOADED_KINDS, MODEL_KINDS } from "../weights.ts";
import { FOREIGN_DTYPES } from "./foreign-dtypes.ts";
import { decodeSafetensors } from "./safetensors.ts";
import type { Tensor } from "./safetensors.ts";

/** Every tensor of the model is in one of the first three lists, every tensor of the file in one of `matched`, `differing` and `unused`. */
export interface Matching {
  readonly matched: readonly string[];
  /** Tensors of the model that the file does not have: they keep their first values. */
  readonly missing: readonly Shaped[];
  /** Of one path and two shapes: these keep their first values too. */
  readonly differing: readonly { readonly path: string; readonly model: readonly number[]; readonly file: readonly number[] }[];
  /** Tensors of the file that the model does not have. */
  readonly unused: readonly Shaped[];
}

export interface Shaped {
  readonly path: string;
  readonly shape: readonly number[];
}

export interface FileWeights {
  readonly tensors: readonly Tensor[];
  /** The file was written here, as its checksum says. */
  readonly isOurs: boolean;
}

/**
 * Of a file in the format safetensors; one without a checksum is read, and reals of any width are as F32. Throws TfmError
 * `weights-damaged` or `weights-unsupported`.
 */
export function readWeights(bytes: Uint8Array): FileWeights {
  const { tensors, metadata } = decodeSafetensors(bytes, "if present", FOREIGN_DTYPES);
  return { tensors, isOurs: metadata.has("checksum") };
}

/** Only numbers of 32 bits with a point are weights: others count as unused. */
export function matching(model: readonly Shaped[], file: readonly Tensor[]): Matching {
  const found = new Map(file.flatMap((tensor) => (tensor.data instanceof Float32Array ? [[tensor.name, tensor.shape] as const] : [])));
  const wanted = new Set(model.map(({ path }) => path));
  const sameShape = ({ path, shape }: Shaped): boolean => String(found.get(path)) === String(shape);
  const bare = ({ path, shape }: Shaped): Shaped => ({ path, shape });
  return {
    matched: model.filter((tensor) => found.has(tensor.path) && sameShape(tensor)).map(({ path }) => path),
    missing: model.filter(({ path }) => !found.has(path)).map(bare),
    differing: model.flatMap((tensor) => {
      const shape = found.get(tensor.path);
      return shape === undefined || sameShape(tensor) ? [] : [{ path: tensor.path, model: tensor.shape, file: shape }];
    }),
    unused: file.filter(({ name, data }) => !wanted.has(name) || !(data instanceof Float32Array)).map(({ name, shape }) => ({ path: name, shape })),
  };
}

/** Writes what matches into the session's states, parameters and running statistics alike, and leaves the rest as it is. */
export function loadMatching(session: Session, file: readonly Tensor[]): Matching {
  const found = matching(session.tensors(MODEL_KINDS), file);
  const matched = new Set(found.matched);
  const data = new Map(file.map((tensor) => [tensor.name, tensor.data]));
  session.writeStates(session.tensors(LOADED_KINDS).filter(({ path }) => matched.has(path)).map((tensor): NamedTensor => ({ ...tensor, data: new Float32Array(data.get(tensor.path) ?? []) })));
  return found;
}
