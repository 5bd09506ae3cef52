import { readFileSync } from "node:fs";
import path from "node:path";
import { parseCommandLine } from "./command-line.ts";
import { optionValues } from "./commands/command.ts";
import { commands, commonOptions, helpNotes } from "./commands/table.ts";
import { exitCodes } from "./exit-codes.ts";
import { terminalOutput } from "./output.ts";
import { packageRoot } from "./package-root.ts";
import { inAdapterProcess, startProgram, told } from "./program.ts";

// `tfmc`: reads the command line, moves to a process that has the adapter where the verb needs one, and runs the verb.
startProgram(async (inChild) => {
  const streams = { out: (text: string) => void process.stdout.write(text), err: (text: string) => void process.stderr.write(text) };
  const args = process.argv.slice(2);
  const parsed = await parseCommandLine(args, { version: version(), commands, commonOptions, notes: helpNotes }, streams);
  if (!parsed.ok) {
    // No options are known where the line could not be read.
    if (parsed.failure !== undefined) terminalOutput({ json: false, quiet: false, color: !args.includes("--no-color") }).fail(parsed.failure);
    return parsed.usageError ? exitCodes.usage : exitCodes.ok;
  }

  const { command, arguments: given, options, color } = parsed.line;
  if (command.needsAdapter && !inChild) return inAdapterProcess();

  const output = terminalOutput({ json: options.get("json") === true, quiet: options.get("quiet") === true, color });
  const values = optionValues(command.options, options);
  return told(output, async () => {
    const code = await command.run({ arguments: given, options: values, output });
    const unasked = values.unasked();
    if (code === exitCodes.ok && unasked.length > 0) output.say(`without effect here: ${unasked.map((name) => `--${name}`).join(", ")}`);
    return code;
  });
});

function version(): string {
  return (JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { readonly version: string }).version;
}
