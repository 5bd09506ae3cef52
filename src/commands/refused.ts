import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { ModelRefused } from "../experiment/check.ts";
import type { Output } from "../output.ts";

/** Runs a command's work; what is wrong with the model is printed. */
export async function reporting(output: Output, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ModelRefused)) throw error;
    output.report(error.diagnostics);
    return exitCodes.wrong;
  }
}
