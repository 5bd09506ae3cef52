import { readFileSync } from "node:fs";
import path from "node:path";
import { TfmError } from "../runtime/errors.ts";
import { parseCommandLine } from "./command-line.ts";
import { optionValues } from "./commands/command.ts";
import { commands, commonOptions } from "./commands/table.ts";
import { exitCodes } from "./exit-codes.ts";
import { CommandFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { enterChild, runInChild } from "./gpu/child.ts";
import { adapterEnvironment } from "./gpu/environment.ts";
import { terminalOutput } from "./output.ts";
import { packageRoot } from "./package-root.ts";

/** `tfmc`: reads the command line, moves to a process that has the adapter where the verb needs one, and runs the verb. */
async function main(args: readonly string[]): Promise<number> {
  const inChild = enterChild();
  const streams = { out: (text: string) => void process.stdout.write(text), err: (text: string) => void process.stderr.write(text) };
  const parsed = await parseCommandLine(args, { version: version(), commands, commonOptions }, streams);
  if (!parsed.ok) return parsed.usageError ? exitCodes.usage : exitCodes.ok;

  const { command, arguments: given, options, color } = parsed.line;
  if (command.needsAdapter && !inChild) return runInChild(adapterEnvironment(packageRoot, process.env));

  const output = terminalOutput({ json: options.get("json") === true, quiet: options.get("quiet") === true, color });
  try {
    return await command.run({ arguments: given, options: optionValues([...commonOptions, ...command.options], options), output });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    output.fail(failure);
    return failure.exit;
  }
}

/** What a command or the runtime tells the user; undefined for a bug of ours. */
function failureOf(error: unknown): Failure | undefined {
  if (error instanceof CommandFailure) return error.failure;
  if (error instanceof TfmError) return { code: error.code, exit: error.exit, message: error.message, remedy: error.hint };
  return undefined;
}

const version = (): string => (JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { readonly version: string }).version;

// `tfmc … | head` closes stdout early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

main(process.argv.slice(2)).then(
  // Dawn keeps threads that would hold the process open.
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(exitCodes.wrong);
  },
);
