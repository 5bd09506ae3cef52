import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import type { Diagnostic, SourceFile } from "../../grammar/index.ts";

/**
 * tests/errors/CODE.txt shows one mistake and its message:
 *
 *     One sentence that says what is wrong and why it matters.
 *     ---
 *     the source, as it would stand in model.tfm
 *     ---
 *     the message, exactly as it is rendered
 *
 * `UPDATE=1` writes the last part anew; read the difference before committing it.
 */
export interface ErrorFile {
  readonly code: string;
  readonly path: string;
  readonly sentence: string;
  readonly source: SourceFile;
  readonly rendered: string;
}

const FOLDER = fileURLToPath(new URL("../errors/", import.meta.url));

/** The codes that have a file, in alphabetical order. */
export function errorFileCodes(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -".txt".length)).sort();
}

export function readErrorFile(code: string): ErrorFile {
  const path = `${FOLDER}${code}.txt`;
  const parts = readFileSync(path, "utf8").split(/^---\n/m);
  const [sentence, text, rendered = ""] = parts;
  if (sentence === undefined || text === undefined || parts.length > 3) throw new Error(`${path}: a sentence, the source and the message, with lines \`---\` between them`);
  return { code, path, sentence: sentence.trim(), source: sourceFile("model.tfm", text), rendered };
}

/** Asserts that the mistakes found in a file are the ones that it shows, its own code the first. */
export function expectErrorFile(file: ErrorFile, diagnostics: readonly Diagnostic[]): void {
  const rendered = `${diagnostics.map((d) => renderDiagnostic(d)).join("\n\n")}\n`;
  expect(file.sentence, `${file.path} begins with a sentence`).toMatch(/^\S[^]*[.?!]$/);
  expect(diagnostics[0]?.code, `${file.path} shows its own code`).toBe(file.code);
  if (process.env["UPDATE"] === "1" && rendered !== file.rendered) {
    writeFileSync(file.path, `${file.sentence}\n---\n${file.source.text}---\n${rendered}`);
    return;
  }
  expect(rendered, `${file.path} (UPDATE=1 rewrites it)`).toBe(file.rendered);
}
