import type { Command, Option } from "./command.ts";
import { doctorCommand } from "./doctor.ts";
import { execCommand } from "./exec.ts";
import { explainCommand } from "./explain.ts";
import { fmtCommand } from "./fmt.ts";
import { trainCommand } from "./train.ts";

/** Every verb, in the order of the help. */
export const commands: readonly Command[] = [trainCommand, fmtCommand, doctorCommand, execCommand, explainCommand];

/** Understood by every verb, before or after its name. */
export const commonOptions: readonly Option[] = [
  { name: "json", kind: "flag", doc: "machine-readable data on stdout" },
  { name: "quiet", short: "q", kind: "flag", doc: "nothing on stderr but errors" },
];
