/** Weights as files hold them: one `.safetensors` file, or several and the `.safetensors.index.json` that says which tensor is in which. */
import { existsSync } from "node:fs";
import path from "node:path";
import { readWeights } from "../../runtime/index.ts";
import type { FileWeights } from "../../runtime/training/matching.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readBytes, readText } from "../files.ts";
import { inPlace } from "./run-folder.ts";

const FILE = ".safetensors";
const INDEX = ".safetensors.index.json";
/** What torch.save, Keras, Flax, llama.cpp and NumPy write. */
const OTHERS = [".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".npz"];
const POINTER = "version https://git-lfs.github.com/spec/";

export function isWeightFile(place: string): boolean {
  return [FILE, INDEX, ...OTHERS].some((ending) => place.endsWith(ending));
}

/** What a folder of another program holds, such as one that was downloaded from Hugging Face. */
export function weightFileIn(folder: string): string | undefined {
  return [`model${FILE}`, `model${INDEX}`].map((name) => path.join(folder, name)).find((file) => existsSync(file));
}

export function weightsOfFile(file: string): FileWeights {
  if (file.endsWith(INDEX)) return { tensors: ofIndex(file), isOurs: false };
  if (!file.endsWith(FILE)) throw failure("weights-unsupported", `${file}: weights are read from ${FILE} files`, `in Python: safetensors.torch.save_file(torch.load("${path.basename(file)}"), "model${FILE}") where torch.save wrote it`);
  const bytes = valueOf(readBytes(file));
  if (new TextDecoder().decode(bytes.subarray(0, POINTER.length)) === POINTER) throw failure("weights-damaged", `${file} is a pointer of Git LFS, not the weights`, "git lfs pull");
  return weightsIn(bytes, file);
}

/** What is wrong is told with its place. */
export function weightsIn(bytes: Uint8Array, place: string): FileWeights {
  return inPlace(place, () => readWeights(bytes));
}

function ofIndex(index: string): readonly Tensor[] {
  const found = new Map<string, Tensor>();
  for (const [part, names] of partsOf(index)) {
    const file = path.join(path.dirname(index), part);
    for (const tensor of weightsOfFile(file).tensors) {
      if (found.has(tensor.name)) throw failure("weights-damaged", `${file} has ${tensor.name}, which another file of ${index} has as well`);
      found.set(tensor.name, tensor);
    }
    const lost = names.find((name) => !found.has(name));
    if (lost !== undefined) throw failure("weights-damaged", `${file} lacks ${lost}, which ${index} says it has`);
  }
  return [...found.values()];
}

/** By the name of a file beside the index the tensors that are said to be in it. */
function partsOf(index: string): ReadonlyMap<string, readonly string[]> {
  const parts = new Map<string, string[]>();
  for (const [name, part] of Object.entries(weightMap(index))) {
    if (typeof part !== "string" || path.basename(part) !== part || !part.endsWith(FILE)) throw failure("weights-damaged", `${index}: ${name} is in no ${FILE} file beside it`);
    parts.set(part, [...(parts.get(part) ?? []), name]);
  }
  return parts;
}

function weightMap(index: string): object {
  const text = valueOf(readText(index));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw failure("weights-damaged", `${index} is not JSON (${(error as Error).message})`);
  }
  const map = (json as { readonly weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) throw failure("weights-damaged", `${index} has no weight_map`);
  return map;
}

function failure(code: string, message: string, remedy = "copy all files again from where they were whole"): CommandFailure {
  return new CommandFailure({ code, exit: exitCodes.wrong, message, remedy });
}
