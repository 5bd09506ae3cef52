import { TfmError } from "../runtime/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { CommandFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { enterChild, runInChild } from "./gpu/child.ts";
import { adapterEnvironment } from "./gpu/environment.ts";
import type { Output } from "./output.ts";
import { packageRoot } from "./package-root.ts";

/**
 * Runs a bundle's main function and ends the process with the exit code that it gives; what it throws is told as a bug of ours.
 * `inChild` says whether this process is one that `inAdapterProcess` started.
 */
export function startProgram(main: (inChild: boolean) => Promise<number>): void {
  const inChild = enterChild();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `tfmc … | head` closes stdout early; that is no error.
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    process.stderr.write(`error[output-not-writable]: stdout could not be written: ${error.message}\n`);
    process.exit(exitCodes.wrong);
  });
  // What is told beside the data is lost then, but the work goes on, and the exit code says how it ended.
  process.stderr.on("error", () => {});
  main(inChild).then(end, (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return end(exitCodes.wrong);
  });
}

/** Dawn keeps threads that would hold the process open; what a pipe has not taken yet is waited for. */
async function end(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write("", resolve));
  process.exit(code);
}

/** Runs the same command line in a child that has the adapter's environment, for a main function whose `inChild` is false. */
export function inAdapterProcess(): Promise<number> {
  return runInChild(adapterEnvironment(packageRoot, process.env));
}

/** Does some work; what it threw to tell the user is told, and is the exit code. */
export async function told(output: Pick<Output, "fail">, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    output.fail(failure);
    return failure.exit;
  }
}

/** What a command or the runtime threw to tell the user; undefined for a bug of ours. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof CommandFailure) return error.failure;
  if (error instanceof TfmError) return { code: error.code, exit: error.exit, message: error.message, remedy: error.hint };
  return undefined;
}
