/** Files that a command is told to write. */
import { existsSync } from "node:fs";
import path from "node:path";
import { CHECKPOINT } from "../../runtime/index.ts";
import { isOfModule } from "../embed/module-weights.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readBytes, readText, writeAtomically, writeTogether } from "../files.ts";

/** Throws CommandFailure for a model file, which nobody means to lose. */
export function writeFigure(file: string, svg: string): void {
  if (path.extname(file) === ".tfm") throw new CommandFailure({ code: "output-is-model", exit: exitCodes.usage, message: `${file} would be a model file, and the figure is an SVG`, remedy: `another name, such as ${path.basename(file, ".tfm")}.svg` });
  valueOf(writeAtomically(file, svg));
}

/** Of all that `tfmc compile` writes the first line. */
const OURS = "compiled by tfmc";

/**
 * Replaces what was compiled before; `weights` are those of the module, for a `model.safetensors` beside it. Throws CommandFailure for a
 * file of such a name that was not written so, before anything is written: weights may be the only ones of a training.
 */
export function writeModuleFiles(folder: string, files: ReadonlyMap<string, string>, weights?: Uint8Array): readonly string[] {
  const texts = [...files].map(([name, text]) => [path.join(folder, name), text] as const);
  const numbers = weights === undefined ? [] : [[path.join(folder, CHECKPOINT.model), weights] as const];
  const other = texts.map(([file]) => file).find((file) => existsSync(file) && !valueOf(readText(file)).split("\n", 1)[0]!.includes(OURS))
    ?? numbers.map(([file]) => file).find((file) => existsSync(file) && !isOfModule(valueOf(readBytes(file))));
  if (other !== undefined) throw new CommandFailure({ code: "output-exists", exit: exitCodes.usage, message: `${other} is there already and was not compiled by tfmc`, remedy: "give another folder with -o, or remove the file" });
  const all = [...texts, ...numbers];
  valueOf(writeTogether(all));
  return all.map(([file]) => file);
}
