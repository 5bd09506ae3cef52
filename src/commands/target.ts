/** Files that a command is told to write. */
import { existsSync } from "node:fs";
import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readText, writeAtomically, writeTogether } from "../files.ts";

/** Throws CommandFailure for a model file, which nobody means to lose. */
export function writeFigure(file: string, svg: string): void {
  if (path.extname(file) === ".tfm") throw new CommandFailure({ code: "output-is-model", exit: exitCodes.usage, message: `${file} would be a model file, and the figure is an SVG`, remedy: `another name, such as ${path.basename(file, ".tfm")}.svg` });
  valueOf(writeAtomically(file, svg));
}

/** Of all that `tfmc compile` writes the first line. */
const OURS = "compiled by tfmc";

/** Replaces what was compiled before. Throws CommandFailure for a file of that name that was not, before anything is written. */
export function writeModuleFiles(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  const all = [...files].map(([name, text]) => [path.join(folder, name), text] as const);
  const other = all.map(([file]) => file).find((file) => existsSync(file) && !valueOf(readText(file)).split("\n", 1)[0]!.includes(OURS));
  if (other !== undefined) throw new CommandFailure({ code: "output-exists", exit: exitCodes.usage, message: `${other} is there already and was not compiled by tfmc`, remedy: "give another folder with -o, or remove the file" });
  valueOf(writeTogether(all));
  return all.map(([file]) => file);
}
