import type { CommanderError } from "commander";
import { exitCodes } from "./exit-codes.ts";
import type { Failure } from "./failure.ts";

/** By the parser's own codes. */
const CODES: Readonly<Record<string, string>> = {
  "commander.unknownOption": "option-unknown",
  "commander.unknownCommand": "command-unknown",
  "commander.missingArgument": "argument-not-given",
  "commander.optionMissingArgument": "option-value",
  "commander.invalidArgument": "option-value",
  "commander.excessArguments": "extra-argument",
};

/** What the parser of the command line says, told as every other failure; `verb` is the one whose line it is, where it has one. Undefined where help was printed in its place. */
export function usageFailure({ code, message }: CommanderError, verb: string | undefined): Failure | undefined {
  const known = CODES[code];
  if (known === undefined) return undefined;
  const help = `tfmc ${verb === undefined ? "" : `${verb} `}--help`;
  const said = message.replace(/^error: /, "").replaceAll("'", "`");
  const near = /\n\(Did you mean (.+)\?\)$/.exec(said);
  if (near !== null) return { code: known, exit: exitCodes.usage, message: said.slice(0, near.index), remedy: `did you mean ${near[1]!.split(", ").map((name) => `\`${name.replace(/^one of /, "")}\``).join(" or ")}? \`${help}\` lists all` };
  // "option … is invalid. It must be a whole number."
  const [first = said, ...rest] = said.split(/(?<=[^.])\. (?=[A-Z])/);
  const wanted = rest.join("; ").replace(/\.$/, "");
  return { code: known, exit: exitCodes.usage, message: [first, ...(wanted === "" ? [] : [wanted.charAt(0).toLowerCase() + wanted.slice(1)])].join(": ").replace(/\.$/, ""), remedy: `\`${help}\` says what it takes` };
}
