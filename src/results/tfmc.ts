import { spawn } from "node:child_process";
import path from "node:path";
import { packageRoot } from "../package-root.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/** Runs `tfmc` as a person would, its progress on this terminal. Ctrl-C reaches it too, and it decides how to end. */
export function tfmc(args: readonly string[]): Promise<Ended> {
  return program([path.join(packageRoot, "dist", "tfmc.js"), ...args]);
}

/** Runs a module with Node. */
export function program(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: packageRoot, stdio: ["inherit", "pipe", "inherit"] });
    let stdout = "";
    const wait = (): void => {};
    const pass = (): void => void child.kill("SIGTERM");
    process.on("SIGINT", wait).on("SIGTERM", pass);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", wait).off("SIGTERM", pass);
      resolve({ code: code ?? (signal === "SIGINT" ? 130 : 143), stdout });
    });
  });
}
