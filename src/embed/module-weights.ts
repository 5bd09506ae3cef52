/** `tfmc compile FILE --init-from WEIGHTS -o DIR`: the weights of another program, as the module beside them loads them. */
import type { Model } from "../../compiler/check/model.ts";
import { renamed } from "../../runtime/index.ts";
import type { Program } from "../../runtime/index.ts";
import { FOREIGN_DTYPES } from "../../runtime/training/foreign-dtypes.ts";
import { matching } from "../../runtime/training/matching.ts";
import { decodeSafetensors, encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { MODEL_KINDS } from "../../runtime/weights.ts";
import { exitCodes } from "../exit-codes.ts";
import { initialText, some } from "../experiment/initial-text.ts";
import { inPlace } from "../experiment/run-folder.ts";
import { isWeightFile, weightsOfFile } from "../experiment/weight-files.ts";
import { CommandFailure } from "../failure.ts";

export interface ModuleWeights {
  /** Of a `model.safetensors` with the model's own names and axes, and nothing else in it. */
  readonly bytes: Uint8Array;
  /** What was read, and what was not: lines for a person. */
  readonly told: readonly string[];
}

/** In the metadata of what is written here. */
const WRITTEN = ["written_by", "tfmc compile"] as const;

/** Whether a file was written by `tfmc compile`, and can be again. */
export function isOfModule(bytes: Uint8Array): boolean {
  try {
    return decodeSafetensors(bytes, "if present", FOREIGN_DTYPES).metadata.get(WRITTEN[0]) === WRITTEN[1];
  } catch {
    return false;
  }
}

/**
 * Reads the file by the model's own names or those of one of its `weights` blocks. `program` is the module's. Throws CommandFailure for
 * what is no file of weights, and where it lacks a tensor or has one of another shape: nobody would train what is left.
 */
export function moduleWeights({ weights }: Pick<Model, "weights">, program: Program, file: string): ModuleWeights {
  if (!isWeightFile(file)) throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--init-from is a file of weights here, such as model.safetensors; it is ${file}`, remedy: "a run has its weights in its folder: tfmc compile RUN -o DIR" });
  const { tensors, isOurs } = weightsOfFile(file);
  const own = program.states.filter(({ kind }) => MODEL_KINDS.includes(kind)).flatMap((state) => state.tensors);
  const named = inPlace(file, () => renamed(weights, own.map(({ path }) => path), tensors, isOurs));
  const found = named?.tensors ?? tensors;
  const match = matching(own, found);
  const wrong = [...match.missing.map(({ path }) => path), ...match.differing.map(({ path, model, file: there }) => `${path} ([${there.join(", ")}] there, [${model.join(", ")}] here)`)];
  if (wrong.length > 0) {
    throw new CommandFailure({
      code: "weights-incomplete", exit: exitCodes.wrong,
      message: `${file} does not have ${wrong.length} of the model's ${own.length} tensors: ${some(wrong)}`,
      remedy: `give the model the sizes that the file was made with, by --set, and its parameters the file's names, by a \`weights\` block${match.unused.length === 0 ? "" : `; of the file are left ${some(match.unused.map(({ path }) => path))}`}`,
    });
  }
  const byName = new Map(found.map((tensor) => [tensor.name, tensor]));
  const bytes = encodeSafetensors(own.map(({ path }) => byName.get(path)!), new Map([WRITTEN]));
  const told = initialText({ ...match, from: file, ...(named === undefined ? {} : { names: named.names, partly: named.partly }) });
  return { bytes, told };
}
