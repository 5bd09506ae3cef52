import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Diagnostic, format, parse, renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { promptly } from "../support/promptly.ts";
import { randomBelow, randomProgram } from "../support/random-program.ts";
import { commentTexts, withoutPlaces } from "../support/syntax-trees.ts";

// With those that tests/check/fuzz.test.ts hands to the checker as well 26,000 inputs in all; more than a third of them are right by construction.
const RUNS = 2000;
const SEED = 20_240_607;

/** Reads a text as everybody does, and checks what must hold whatever it says. */
function read(text: string): readonly Diagnostic[] {
  const { ast, diagnostics } = promptly(() => parse(sourceFile("fuzz.tfm", text)), text);
  expect(diagnostics.filter((diagnostic) => !isTold(diagnostic, text)), text).toEqual([]);
  if (diagnostics.length > 0) return diagnostics;
  const once = format(ast);
  const again = parse(sourceFile("fuzz.tfm", once));
  expect(again.diagnostics.map((d) => renderDiagnostic(d)), text).toEqual([]);
  expect(withoutPlaces(again.ast)).toBe(withoutPlaces(ast));
  expect(commentTexts(again.ast).join("\n")).toBe(commentTexts(ast).join("\n"));
  expect(format(again.ast)).toBe(once);
  return diagnostics;
}

/** With its code, at a place that the text has. */
function isTold(diagnostic: Diagnostic, text: string): boolean {
  return renderDiagnostic(diagnostic).includes(`error[${diagnostic.code}]`) && diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= text.length;
}

test("programs that are right by construction are accepted, and formatting keeps what they say", { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const text = randomProgram(seed);
      expect(read(text).map((d) => renderDiagnostic(d)), text).toEqual([]);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

test("changed sketches are read or refused with messages", { timeout: 600_000 }, () => {
  const parts = declarations();
  let refused = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const below = randomBelow(seed);
      refused += Number(read(changed(parts[below(parts.length)] as string, below)).length > 0);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(refused).toBeGreaterThan(RUNS / 4);
});

test("tokens and characters in any order are read or refused with messages", { timeout: 600_000 }, () => {
  const words = fc.constantFrom(...TOKENS);
  const soup = fc.array(words, { maxLength: 60 }).map((list) => list.join(" "));
  const text = fc.oneof({ arbitrary: soup, weight: 3 }, { arbitrary: fc.string({ unit: "binary", maxLength: 80 }), weight: 1 }, { arbitrary: fc.uint8Array({ maxLength: 80 }).map((b) => Buffer.from(b).toString("latin1")), weight: 1 });
  fc.assert(
    fc.property(text, (input) => {
      read(input);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

const TOKENS = "layer model train data weights fn use param state draw let require return if then else for in scan with where like and or not divides true false x y B T sum mean 1 2.5 1e-3 .5 2d \"a\" \"un 'q' ( ) [ ] { } ( ) { } + - * / % ^ = == != < <= > >= ~ -> , : ; . ... && || ! ** @ ? # // /// é \n \n \n \r\n \t".split(" ");

/** The declarations of the library and the models, one by one. */
function declarations(): string[] {
  return ["std", "tests/grammar/sketches"].flatMap((folder) => readdirSync(folder).filter((f) => f.endsWith(".tfm")).map((f) => readFileSync(`${folder}/${f}`, "utf8"))).flatMap((text) => text.split(/\n(?=(?:layer|model|fn|train|data|optimizer|\/\/\/) )/));
}

/** One to four changes: characters, words or lines taken out, doubled, exchanged, put in. */
function changed(text: string, below: (n: number) => number): string {
  let out = text;
  for (let n = 1 + below(4); n > 0; n--) {
    const at = below(out.length + 1);
    const length = 1 + below(below(3) === 0 ? 40 : 3);
    const piece = out.slice(at, at + length);
    const kind = below(5);
    if (kind === 0) out = out.slice(0, at) + out.slice(at + length);
    else if (kind === 1) out = out.slice(0, at) + piece + out.slice(at);
    else if (kind === 2) out = `${out.slice(0, at)} ${TOKENS[below(TOKENS.length)]} ${out.slice(at)}`;
    else if (kind === 3) out = out.slice(0, at) + String.fromCharCode(32 + below(95)) + out.slice(at + 1);
    else {
      const lines = out.split("\n");
      const [from, to] = [below(lines.length), below(lines.length)];
      lines.splice(to, 0, ...lines.splice(from, 1));
      out = lines.join("\n");
    }
  }
  return out;
}
