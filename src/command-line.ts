import { Argument, Command as Parser, CommanderError, InvalidArgumentError, Option as ParserOption } from "commander";
import type { Command, Option, OptionValue } from "./commands/command.ts";
import type { Failure } from "./failure.ts";
import { usageFailure } from "./usage-failure.ts";

/** A command line that names a verb and fits it. */
export interface ParsedLine {
  readonly command: Command;
  readonly arguments: readonly string[];
  readonly options: ReadonlyMap<string, OptionValue>;
  readonly color: boolean;
}

export interface CommandLineTable {
  readonly version: string;
  readonly commands: readonly Command[];
  readonly commonOptions: readonly Option[];
  /** Stands below the help. */
  readonly notes?: string | undefined;
}

/** Where help goes: to `err` where no verb is given. */
export interface CommandLineStreams {
  out(text: string): void;
  err(text: string): void;
}

/** Reads a command line by the table. After help, the version or a usage error: whether what was asked for was not done, and what is to be told. */
export async function parseCommandLine(
  args: readonly string[],
  table: CommandLineTable,
  streams: CommandLineStreams,
): Promise<{ readonly ok: true; readonly line: ParsedLine } | { readonly ok: false; readonly usageError: boolean; readonly failure?: Failure }> {
  let line: ParsedLine | undefined;
  let verb: string | undefined;
  // What is wrong is thrown as well, and told with a code by the caller.
  const output = { writeOut: (text: string) => streams.out(text), writeErr: (text: string) => streams.err(text), outputError: () => {} };
  const program = new Parser("tfmc")
    .description("Write a transformer down and run it: a small language for models, compiled to WebGPU.")
    .version(table.version)
    .option("--no-color", "no colours (as NO_COLOR)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(output)
    .exitOverride();
  const ofVerb = (name: string) => (error: CommanderError): never => {
    verb = name;
    throw error;
  };
  if (table.notes !== undefined) program.addHelpText("after", `\n${table.notes}`);
  for (const option of table.commonOptions) program.addOption(parserOption(option));
  for (const command of table.commands) {
    const parser = program.command(command.name).description(command.summary).exitOverride(ofVerb(command.name)).configureHelp({ showGlobalOptions: true }).configureOutput(output);
    for (const argument of command.arguments) parser.addArgument(parserArgument(argument));
    for (const option of command.options) parser.addOption(parserOption(option));
    if (command.details !== undefined) parser.addHelpText("after", `\n${command.details}`);
    parser.action(() => {
      const values = parser.optsWithGlobals<Readonly<Record<string, OptionValue>>>();
      const options = new Map<string, OptionValue>();
      for (const { name } of [...table.commonOptions, ...command.options]) {
        const value = values[camelCase(name)];
        if (value !== undefined) options.set(name, value);
      }
      line = { command, arguments: parser.args, options, color: values["color"] !== false };
    });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const failure = error.exitCode === 0 ? undefined : usageFailure(error, verb);
    return { ok: false, usageError: error.exitCode !== 0, ...(failure && { failure }) };
  }
  return line === undefined ? { ok: false, usageError: true } : { ok: true, line };
}

function parserArgument({ name, count, mayBeEmpty, doc }: Command["arguments"][number]): Argument {
  const argument = new Argument({ one: `<${name}>`, optional: `[${name}]`, many: `<${name}...>`, any: `[${name}...]` }[count], doc);
  return mayBeEmpty === true ? argument : argument.argParser(filled);
}

function parserOption({ name, short, kind, value, choices, mayBeEmpty, doc }: Option): ParserOption {
  const flags = `${short === undefined ? "" : `-${short}, `}--${name}${kind === "flag" ? "" : ` <${value ?? "VALUE"}>`}`;
  const option = new ParserOption(flags, doc);
  if (choices !== undefined) option.choices([...choices]);
  else if (kind === "integer") option.argParser(integer);
  else if (kind === "number") option.argParser(finite);
  else if (kind === "list") option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), filled(text)]);
  else if (kind === "text" && mayBeEmpty !== true) option.argParser(filled);
  return option;
}

function filled(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function finite(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
