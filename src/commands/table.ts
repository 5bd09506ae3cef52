import { exitCodeMeanings, exitCodes } from "../exit-codes.ts";
import { checkCommand } from "./check.ts";
import type { Command, Option } from "./command.ts";
import { compileCommand } from "./compile.ts";
import { dataCommand } from "./data.ts";
import { doctorCommand } from "./doctor.ts";
import { drawCommand } from "./draw.ts";
import { evalCommand } from "./eval.ts";
import { execCommand } from "./exec.ts";
import { explainCommand } from "./explain.ts";
import { fmtCommand } from "./fmt.ts";
import { inspectCommand } from "./inspect.ts";
import { profileCommand } from "./profile.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { summaryCommand } from "./summary.ts";
import { tokenizeCommand } from "./tokenize.ts";
import { trainCommand } from "./train.ts";

/** Every verb, in the order of the help. */
export const commands: readonly Command[] = [checkCommand, compileCommand, trainCommand, runCommand, evalCommand, reportCommand, fmtCommand, summaryCommand, drawCommand, inspectCommand, profileCommand, dataCommand, tokenizeCommand, doctorCommand, execCommand, explainCommand];

/** Understood by every verb, before or after its name. */
export const commonOptions: readonly Option[] = [
  { name: "json", kind: "flag", doc: "machine-readable data on stdout" },
  { name: "quiet", short: "q", kind: "flag", doc: "nothing on stderr but errors" },
];

const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];

/** Below the help of all. */
export const helpNotes = ["Exit codes:", ...names.map((name) => `  ${String(exitCodes[name]).padEnd(4)} ${exitCodeMeanings[name]}`)].join("\n");
