import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import type { Checked } from "../../compiler/check/check.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { type Diagnostic, renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { promptly } from "../support/promptly.ts";
import { randomGathers } from "../support/random-gathers.ts";
import { randomModel } from "../support/random-model.ts";
import { randomBelow, randomProgram } from "../support/random-program.ts";
import { library } from "../support/reference.ts";

// 20,000 inputs, through the reader and the checker.
const std = library();
const sketches = new URL("../grammar/sketches/", import.meta.url);
const use = (path: string): ReturnType<typeof sourceFile> | undefined => (path === "vit.tfm" ? sourceFile(path, readFileSync(new URL(path, sketches), "utf8")) : undefined);

/** Checks a text and what must hold whatever it says. */
function checked(text: string): Checked {
  const result = promptly(() => check(sourceFile("fuzz.tfm", text), { std, use }), text);
  // One expectation for all of them: thousands of inputs have ten diagnostics each.
  const untold = result.diagnostics.filter((diagnostic) => !isTold(diagnostic));
  expect(untold, text).toEqual([]);
  for (const entry of result.model?.entries ?? []) expect(verify(entry.graph), text).toEqual([]);
  return result;
}

/** With its code, at a place that the file has. */
function isTold(diagnostic: Diagnostic): boolean {
  const { severity, code, span } = diagnostic;
  return renderDiagnostic(diagnostic).includes(`${severity}[${code}]`) && span.start <= span.end && span.end <= span.file.text.length;
}

test("models that are right by construction are accepted, and their graphs keep what they promise", { timeout: 600_000 }, () => {
  for (const text of rightModels()) {
    const { model, diagnostics } = checked(text);
    expect(diagnostics.filter(({ code }) => code !== "unread").map((diagnostic) => renderDiagnostic(diagnostic)).join("\n"), text).toBe("");
    expect(model!.entries.length, text).toBe(1);
  }
});

function* rightModels(): Generator<string> {
  for (let seed = 0; seed < 4700; seed++) yield randomModel(seed);
  for (let seed = 0; seed < 300; seed++) yield randomGathers(seed);
}

test("programs with a right form and any meaning are accepted or refused with messages", { timeout: 600_000 }, () => {
  for (let seed = 0; seed < 10_000; seed++) checked(randomProgram(seed));
});

test("changed models are accepted or refused with messages", { timeout: 600_000 }, () => {
  let refused = 0;
  for (let seed = 0; seed < 5000; seed++) {
    const below = randomBelow(seed);
    const text = seed % 10 === 0 ? declarations[below(declarations.length)]! : randomModel(below(1000));
    refused += Number(checked(changed(text, below)).diagnostics.some(({ severity }) => severity === "error"));
  }
  expect(refused).toBeGreaterThan(1500);
});

const declarations = ["../../std/", "../grammar/sketches/"]
  .flatMap((folder) => readdirSync(new URL(folder, import.meta.url)).map((name) => new URL(`${folder}${name}`, import.meta.url)))
  .filter((url) => url.pathname.endsWith(".tfm"))
  .map((url) => readFileSync(url, "utf8").replace(/layers = \d+/g, "layers = 2").replace(/layers: \d+/g, "layers: 2"))
  .flatMap((text) => [text, ...text.split(/\n(?=(?:layer|model|fn|train|data|optimizer|\/\/\/) )/)]);

/** One to three words, numbers or signs taken out, doubled or exchanged. */
function changed(text: string, below: (n: number) => number): string {
  const words = text.split(/(\s+|\w+|[^\w\s])/).filter((word) => word !== "");
  const named = words.flatMap((word, at) => (/^\w+$/.test(word) ? [at] : []));
  for (let times = 1 + below(3); times > 0; times--) {
    const [at, other] = [named[below(named.length)]!, named[below(named.length)]!];
    const kind = below(5);
    if (kind === 0) words[at] = "";
    else if (kind === 1) words[below(words.length)] = "";
    else if (kind === 2) words[at] = `${words[at]} ${words[other]}`;
    else words[at] = words[other]!;
  }
  return words.join("");
}
