import { format, parse, sourceFile } from "../../grammar/index.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { readStdin, readText, writeAtomically } from "../files.ts";
import type { Failure } from "../failure.ts";
import type { Command } from "./command.ts";

export const fmtCommand: Command = {
  name: "fmt",
  summary: "format .tfm files in place",
  details: "A file with syntax errors is left as it is. `-` formats stdin to stdout.",
  arguments: [{ name: "files", count: "many", doc: "the files, or - for stdin" }],
  options: [{ name: "check", kind: "flag", doc: "write nothing; list the files that are not formatted, and exit with 1 if there are any" }],
  needsAdapter: false,
  run: async ({ arguments: files, options, output }) => {
    const check = options.flag("check");
    const outcomes: { readonly file: string; readonly outcome: "formatted" | "unchanged" | "unformatted" | "refused" }[] = [];
    for (const file of files) {
      const result = formatted(file);
      if (result.kind !== "formatted") {
        if (result.kind === "failed") output.fail(result.failure);
        else output.report(result.diagnostics);
        outcomes.push({ file, outcome: "refused" });
      } else if (file === "-" && !check) {
        if (!output.json) process.stdout.write(result.after);
        outcomes.push({ file, outcome: result.after === result.before ? "unchanged" : "formatted" });
      } else if (result.after === result.before) {
        outcomes.push({ file, outcome: "unchanged" });
      } else if (check) {
        if (!output.json) output.data(file);
        outcomes.push({ file, outcome: "unformatted" });
      } else {
        const written = writeAtomically(file, result.after);
        if (written.ok) output.say(`formatted ${file}`);
        else output.fail(written.failure);
        outcomes.push({ file, outcome: written.ok ? "formatted" : "refused" });
      }
    }
    if (output.json) output.dataJson(outcomes);
    return outcomes.every(({ outcome }) => outcome === "formatted" || outcome === "unchanged") ? exitCodes.ok : exitCodes.wrong;
  },
};

type Formatted =
  | { readonly kind: "formatted"; readonly before: string; readonly after: string }
  | { readonly kind: "wrong"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "failed"; readonly failure: Failure };

function formatted(file: string): Formatted {
  const read = file === "-" ? readStdin() : readText(file);
  if (!read.ok) return { kind: "failed", failure: read.failure };
  const parsed = parse(sourceFile(file === "-" ? "stdin" : file, read.value));
  if (parsed.diagnostics.length > 0) return { kind: "wrong", diagnostics: parsed.diagnostics };
  const after = format(parsed.ast);
  // A formatter that breaks a file is worse than none.
  if (parse(sourceFile(file, after)).diagnostics.length > 0) throw new Error(`internal: the formatted text of ${file} does not parse`);
  return { kind: "formatted", before: read.value, after };
}
