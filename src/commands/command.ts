import type { ExitCode } from "../exit-codes.ts";
import type { Output } from "../output.ts";

/** A verb of `tfmc`, one file each. The table in table.ts is all that the CLI knows of them. */
export interface Command {
  readonly name: string;
  /** One line of `tfmc --help`. */
  readonly summary: string;
  /** Shown under the command's own help. */
  readonly details?: string | undefined;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  /** The command runs in a child process that has the adapter's environment and keeps the driver's noise off the terminal. */
  readonly needsAdapter: boolean;
  run(invocation: Invocation): Promise<ExitCode>;
}

export interface Argument {
  readonly name: string;
  /** "many" is one or more, "any" none or more. Only the last argument may be either. */
  readonly count: "one" | "optional" | "many" | "any";
  /** Where an empty text makes sense, which it does not for a path or a name. */
  readonly mayBeEmpty?: true | undefined;
  readonly doc: string;
}

export interface Option {
  /** Long name without dashes, kebab-case. */
  readonly name: string;
  readonly short?: string | undefined;
  /** "flag" takes no value; "list" may be given several times. */
  readonly kind: "flag" | "text" | "integer" | "number" | "list";
  /** What stands for the value in the help: "N", "FILE". */
  readonly value?: string | undefined;
  readonly choices?: readonly string[] | undefined;
  /** As for an argument. */
  readonly mayBeEmpty?: true | undefined;
  readonly doc: string;
}

export interface Invocation {
  readonly arguments: readonly string[];
  readonly options: OptionValues;
  readonly output: Output;
}

/** The values given, by the option's long name. Asking for an option that the command does not declare, or as another kind, is a bug. */
export interface OptionValues {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** Of an "integer" or a "number". */
  number(name: string): number | undefined;
  list(name: string): readonly string[];
  /** The options given that nobody has asked for. */
  unasked(): readonly string[];
}

export type OptionValue = string | number | boolean | readonly string[];

export function optionValues(declared: readonly Option[], given: ReadonlyMap<string, OptionValue>): OptionValues {
  const asked = new Set<string>();
  const value = (name: string, ...kinds: readonly Option["kind"][]): OptionValue | undefined => {
    const option = declared.find((one) => one.name === name);
    if (option === undefined || !kinds.includes(option.kind)) throw new Error(`internal: no option --${name} of kind ${kinds.join(" or ")}`);
    asked.add(name);
    return given.get(name);
  };
  return {
    flag: (name) => value(name, "flag") === true,
    text: (name) => value(name, "text") as string | undefined,
    number: (name) => value(name, "integer", "number") as number | undefined,
    list: (name) => (value(name, "list") as readonly string[] | undefined) ?? [],
    unasked: () => declared.map(({ name }) => name).filter((name) => given.has(name) && !asked.has(name)),
  };
}
