// Child processes of the set-up.

import { spawn } from "node:child_process";

/**
 * Runs a program to its end and returns its exit code with all that it wrote.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function captured(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    child.stderr.on("data", (bytes) => (output += bytes));
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs a program on this terminal and returns its exit code, 128 + signal where one ended it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function inherited(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    // Ctrl-C reaches the child too, which decides how to end; this process waits for it.
    const wait = () => {};
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", wait).on("SIGTERM", pass);
    const end = (code) => {
      process.off("SIGINT", wait).off("SIGTERM", pass);
      resolve(code);
    };
    child.on("error", (error) => {
      process.stderr.write(`${command} could not be started: ${error.message}\n`);
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}
