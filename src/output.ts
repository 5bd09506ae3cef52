import pc from "picocolors";
import { renderDiagnostic } from "../grammar/diagnostic.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Failure } from "./failure.ts";
import { progress } from "./progress.ts";
import type { Progress } from "./progress.ts";

/** How a command speaks: data on stdout, everything else on stderr. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Colours for stderr; see also `colorsOf` for stdout. */
  readonly color: boolean;
  /** Whether somebody watches stdout as it is written. */
  readonly live: boolean;
  /** A line of data on stdout. */
  data(line: string): void;
  /** Data on stdout as they come, without an end of line. */
  part(text: string): void;
  /** A value as one line of JSON on stdout. */
  dataJson(value: unknown): void;
  /** A line for a person on stderr; nothing under --quiet. */
  say(line: string): void;
  /** On stderr, also under --quiet. */
  report(diagnostics: readonly Diagnostic[]): void;
  /** On stderr, also under --quiet. */
  fail(failure: Failure): void;
  /** Live progress on stderr; nothing under --quiet. */
  progress(): Progress;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** False for --no-color. */
  readonly color: boolean;
}

export function terminalOutput(options: OutputOptions): Output {
  const color = options.color && colorWanted(process.stderr.isTTY);
  const paint = pc.createColors(color);
  return {
    json: options.json,
    quiet: options.quiet,
    color,
    live: process.stdout.isTTY === true,
    part: (text) => void process.stdout.write(text),
    data: (line) => void process.stdout.write(`${line}\n`),
    dataJson: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    say: (line) => void (options.quiet || process.stderr.write(`${line}\n`)),
    report: (diagnostics) => {
      for (const diagnostic of diagnostics) process.stderr.write(`${renderDiagnostic(diagnostic, { color })}\n\n`);
    },
    fail: ({ code, message, remedy }) => {
      // In one piece: a driver's thread may write there as well.
      const fix = remedy === undefined ? "" : `  ${paint.blue("=")} fix: ${remedy}\n`;
      process.stderr.write(`${paint.red(paint.bold(`error[${code}]`))}: ${message}\n${fix}`);
    },
    progress: () => progress(process.stderr, { quiet: options.quiet }),
  };
}

/** NO_COLOR and FORCE_COLOR decide where set; else whether the stream is a terminal. */
export function colorWanted(isTerminal: boolean | undefined): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return true;
  return isTerminal === true && TERM !== "dumb";
}
