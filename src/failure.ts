import type { ExitCode } from "./exit-codes.ts";

/** Why a command cannot go on, told to the user: not a bug of ours, and not something with a place in a model. */
export interface Failure {
  /** Stable, kebab-case, as a diagnostic's. */
  readonly code: string;
  readonly exit: ExitCode;
  /** What is wrong, with the file, line or value. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
}

/** A value, or why there is none. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Carries a failure out of a command to the CLI, which prints it and exits with its code. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The value of a result; its failure ends the command. */
export function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new CommandFailure(result.failure);
}
