/** One process at a time trains in a run folder: two would write over each other's checkpoints. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { isAlive } from "../files.ts";

/** Holds the process's id and machine. */
const LOCK = ".training";

/**
 * Holds the folder until the function that it returns is called. What a killed process left is taken over. Throws CommandFailure where
 * another process trains there, and where the folder cannot be written.
 */
export function holdRunFolder(folder: string): () => void {
  const file = path.join(folder, LOCK);
  if (!claim(file)) {
    const holder = readFileSync(file, "utf8");
    if (isTraining(holder)) throw inUse(folder, file, holder);
    rmSync(file, { force: true });
    if (!claim(file)) throw inUse(folder, file, holder);
  }
  return () => rmSync(file, { force: true });
}

/** Whether the file is ours now; false where it is there already. */
function claim(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid} ${hostname()}`, { flag: "wx" });
    return true;
  } catch (error) {
    const reason = error as NodeJS.ErrnoException;
    if (reason.code === "EEXIST") return false;
    throw new CommandFailure({ code: "file-not-writable", exit: exitCodes.wrong, message: `${file} could not be written: ${reason.message}`, remedy: "give another folder with --out" });
  }
}

/** Nothing is known of processes on other machines. Our own number is that of one before, in a container that was started again. */
function isTraining(holder: string): boolean {
  const [, id, machine] = /^(\d+) (.*)$/.exec(holder) ?? [];
  return id !== undefined && (machine !== hostname() || (Number(id) !== process.pid && isAlive(Number(id))));
}

function inUse(folder: string, file: string, holder: string): CommandFailure {
  const [id, machine] = holder.split(" ");
  const where = machine === hostname() ? "" : ` on ${machine ?? ""}`;
  return new CommandFailure({ code: "run-in-use", exit: exitCodes.usage, message: `process ${id ?? ""}${where} is training in ${folder}`, remedy: `let it end first; if there is no such training, remove ${file}` });
}
