import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { writeSync } from "node:fs";
import { constants } from "node:os";
import { Writable } from "node:stream";
import tty from "node:tty";
import { exitCodes } from "../exit-codes.ts";
import type { AdapterEnvironment } from "./environment.ts";

/** Set in a process that `runInChild` started. */
const MARK = "TFM_ADAPTER_CHILD";
/** In such a process: the terminal's stderr. Its descriptor 2 is a pipe to the parent, because drivers write to 2 whatever they like. */
const REAL_STDERR = 3;

/** True in the child, whose stderr is then put right; to be called once, before anything is written. */
export function enterChild(): boolean {
  if (process.env[MARK] === undefined) return false;
  // What this process starts in turn is no such child.
  delete process.env[MARK];
  const stderr = tty.isatty(REAL_STDERR) ? new tty.WriteStream(REAL_STDERR) : plainStream(REAL_STDERR);
  Object.defineProperty(process, "stderr", { configurable: true, enumerable: true, get: () => stderr });
  // A parent that was killed cannot pass signals on any more: end with it. The channel itself keeps nothing alive.
  process.on("disconnect", () => process.exit(exitCodes.interrupted));
  process.channel?.unref();
  return true;
}

/** Runs this same command line again in a child with the adapter's environment, and returns its exit code. */
export function runInChild(environment: AdapterEnvironment): Promise<number> {
  const env = { ...process.env, ...environment.variables, [MARK]: "1" };
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env, stdio: ["inherit", "inherit", "pipe", 2, "ipc"] });
  const filter = driverNoiseFilter();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void process.stderr.write(filter.push(text)));
  child.stderr?.on("end", () => void process.stderr.write(filter.end()));
  return ended(child, (signal) => {
    process.stderr.write(crashMessage(signal));
    return exitCodes.deviceLost;
  });
}

/** Runs a program with the adapter's environment on this terminal, and returns its exit code as a shell would. */
export function runProgram(command: string, args: readonly string[], environment: AdapterEnvironment, onStartError: (error: Error) => number): Promise<number> {
  const stdio: StdioOptions = "inherit";
  const child = spawn(command, [...args], { env: { ...process.env, ...environment.variables }, stdio });
  return ended(child, (signal) => 128 + constants.signals[signal], onStartError);
}

/** Waits for a child, passing on the signals that this process gets. */
function ended(child: ChildProcess, onCrash: (signal: NodeJS.Signals) => number, onStartError?: (error: Error) => number): Promise<number> {
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on("error", (error) => (onStartError === undefined ? reject(error) : resolve(onStartError(error))));
    child.on("close", (code, signal) => {
      for (const each of signals) process.off(each, pass);
      if (signal === null) resolve(code ?? 1);
      else resolve(signals.includes(signal) ? 128 + constants.signals[signal] : onCrash(signal));
    });
  });
}

function crashMessage(signal: NodeJS.Signals): string {
  const cause = signal === "SIGKILL" ? "was killed from outside, most likely because memory ran out" : `was ended by ${signal} inside the GPU driver`;
  const fix = signal === "SIGKILL" ? "use a smaller batch or model" : "`tfmc doctor` says which driver is used; update it";
  return `error[device-lost]: the process ${cause}\n  = fix: ${fix}\n`;
}

/** Passes whole lines on, without those that Dawn and Vulkan print at every start. */
export function driverNoiseFilter(): { push(text: string): string; end(): string } {
  let rest = "";
  const kept = (line: string): string => (NOISE.some((pattern) => pattern.test(line)) ? "" : line);
  return {
    push: (text) => {
      const lines = (rest + text).split(/(?<=\n)/);
      rest = lines.at(-1)?.endsWith("\n") === false ? (lines.pop() ?? "") : "";
      return lines.map(kept).join("");
    },
    end: () => {
      const last = kept(rest);
      rest = "";
      return last;
    },
  };
}

const NOISE: readonly RegExp[] = [
  /^\s*$/,
  /^Warning: max\w+ artificially reduced/,
  /^Warning: Couldn't load Vulkan/,
  /^\s+at .*\/dawn\//,
  /XDG_RUNTIME_DIR (is invalid or )?not set/,
];

/** Writes are complete when they return: nothing is lost when the process exits. */
function plainStream(descriptor: number): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      for (let written = 0; written < chunk.length; ) {
        try {
          written += writeSync(descriptor, chunk, written);
        } catch (error) {
          // A full pipe of a slow reader: try again. A reader that is gone: nobody misses the rest.
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") break;
        }
      }
      done();
    },
  });
}
