import { parseArgs } from "node:util";
import { exitCodes } from "../exit-codes.ts";
import { parseSettings } from "../experiment/settings.ts";
import type { Settings } from "../experiment/settings.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { nearest } from "../../grammar/suggest.ts";

export interface QuickstartOptions {
  /** The user's own pairs. */
  readonly data: string | undefined;
  readonly set: Settings;
}

const HELP = `npm run quickstart -- [--data FILE.tsv] [--steps N] [--seed N] [--set NAME=VALUE]

  --data FILE.tsv    train on your own pairs: a source, a tab and a target per line
  --steps N          train N steps
  --seed N           other first weights and another order of the data
  --set NAME=VALUE   change a hyperparameter (d=48) or a setting of the recipe (recipe.batch=16)
`;

const KNOWN = { data: { type: "string" }, steps: { type: "string" }, seed: { type: "string" }, set: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } } as const;

/** Throws a failure for what it does not know; "help" where that was asked for and given. */
export function quickstartOptions(args: readonly string[]): QuickstartOptions | "help" {
  const { values } = parsed(args);
  if (values.help === true) {
    process.stdout.write(HELP);
    return "help";
  }
  for (const name of ["steps", "seed"] as const) {
    const text = values[name];
    if (text !== undefined && !/^\d+$/.test(text)) throw usage(`--${name} takes a whole number; it is ${JSON.stringify(text)}`);
  }
  const set = valueOf(parseSettings(values.set ?? []));
  return {
    data: values.data,
    set: { ...set, ...(values.steps === undefined ? {} : { "recipe.steps": values.steps }), ...(values.seed === undefined ? {} : { "recipe.seed": values.seed }) },
  };
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ readonly options: typeof KNOWN }>> {
  try {
    return parseArgs({ args: [...args], options: KNOWN });
  } catch (error) {
    const unknown = args.find((arg) => arg.startsWith("--") && !Object.hasOwn(KNOWN, arg.slice(2).split("=")[0] ?? ""));
    const near = unknown === undefined ? undefined : nearest(unknown.slice(2).split("=")[0] ?? "", Object.keys(KNOWN));
    throw unknown === undefined ? usage(error instanceof Error ? error.message : String(error)) : usage(`there is no option ${unknown}`, near === undefined ? undefined : `did you mean --${near}?`);
  }
}

function usage(message: string, suggestion?: string): CommandFailure {
  return new CommandFailure({ code: "usage", exit: exitCodes.usage, message, remedy: suggestion ?? "npm run quickstart -- --help" });
}
