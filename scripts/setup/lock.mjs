// Two set-ups in one folder would install over each other: the second waits for the first.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readText } from "./read-text.mjs";

/**
 * Takes the lock `file`, waiting while another living process holds it, and returns the function that gives it back.
 *
 * @param {string} file
 * @param {(line: string) => void} say
 * @returns {Promise<() => void>}
 */
export async function lock(file, say) {
  mkdirSync(path.dirname(file), { recursive: true });
  for (let tries = 0; !take(file); tries++) {
    const holder = Number(readText(file));
    // An empty file is a lock whose holder has not yet written its number, unless it stays so.
    if (holder > 0 ? !isAlive(holder) : tries > 10) rmSync(file, { force: true });
    else {
      if (tries === 0 && holder > 0) say(`waiting for another set-up (process ${holder})`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const release = () => rmSync(file, { force: true });
  process.on("exit", release);
  return () => {
    process.off("exit", release);
    release();
  };
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
