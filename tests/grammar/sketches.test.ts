import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { WIDTH, format, parse, renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { commentTexts, withoutPlaces } from "../support/syntax-trees.ts";

const FOLDERS = ["std", "tests/grammar/sketches", "examples/translation"];
const PATHS = FOLDERS.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".tfm")).map((name) => `${folder}/${name}`));

test("the library's fifteen files, the ten models and the example are here", () => {
  expect(PATHS.length).toBeGreaterThanOrEqual(26);
});

for (const path of PATHS) {
  test(`${path} is read without a message and formatted without changing what it says`, () => {
    const { ast, diagnostics } = parse(sourceFile(path, readFileSync(path, "utf8")));
    expect(diagnostics.map((d) => renderDiagnostic(d))).toEqual([]);
    const once = format(ast);
    const again = parse(sourceFile(path, once));
    expect(again.diagnostics.map((d) => renderDiagnostic(d))).toEqual([]);
    expect(withoutPlaces(again.ast)).toBe(withoutPlaces(ast));
    expect(again.ast.comments.map((c) => c.text)).toEqual(ast.comments.map((c) => c.text));
    expect(commentTexts(again.ast)).toHaveLength(ast.comments.length);
    expect(format(again.ast)).toBe(once);
    for (const line of once.split("\n")) if (!line.includes("//")) expect(line.length).toBeLessThanOrEqual(WIDTH);
  });
}

test("the library is formatted", () => {
  for (const path of PATHS.filter((p) => p.startsWith("std/") || p.startsWith("examples/"))) {
    const text = readFileSync(path, "utf8");
    expect(format(parse(sourceFile(path, text)).ast), path).toBe(text);
  }
});

test("the library and a model are read in a few milliseconds", () => {
  const sources = PATHS.filter((p) => p.startsWith("std/") || p.endsWith("gpt.tfm")).map((path) => sourceFile(path, readFileSync(path, "utf8")));
  const once = (): number => {
    const started = process.cpuUsage();
    for (const source of sources) parse(source);
    return process.cpuUsage(started).user / 1000;
  };
  const fastest = Math.min(...Array.from({ length: 8 }, once));
  expect(fastest).toBeLessThan(150); // 15 ms on an idle core; the rest is for busy machines
});
