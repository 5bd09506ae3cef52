import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { quickstartOptions } from "../../src/quickstart/options.ts";
import { ownPairs } from "../../src/quickstart/pairs.ts";
import { answerLine, column, sample, spread } from "../../src/quickstart/show.ts";

describe("answerLine", () => {
  it("ticks what is right", () => {
    expect(answerLine({ source: "3 km", wanted: "3 km", given: "3 km" }, false)).toBe("  ✓ 3 km  →  3 km");
  });

  it("marks the words that differ, as written and as wanted", () => {
    const answer = { source: "Italie et Chine", wanted: "Italy and China", given: "Italy and Chad" };
    expect(answerLine(answer, false)).toBe("  ✗ Italie et Chine  →  Italy and [-Chad-] {+China+}");
    const painted = answerLine(answer, true);
    expect(painted).toContain("\u001b[");
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe("  ✗ Italie et Chine  →  Italy and Chad China");
  });
});

it("samples right ones, then wrong ones, from all over the list", () => {
  const answers = Array.from({ length: 40 }, (_, at) => ({ source: String(at), wanted: "x", given: at % 4 === 0 ? "y" : "x" }));
  const some = sample(answers, 3);
  expect(some.map(({ given }) => given)).toEqual(["x", "x", "x", "y", "y", "y"]);
  expect(spread([1, 2], 3)).toEqual([1, 2]);
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2)).toEqual([2, 7]);
  expect(column(["a", "béé"])).toEqual(["a  ", "béé"]);
});

describe("the user's own pairs", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-pairs-"));
  const lines = (file: string): readonly string[] => readFileSync(file, "utf8").trimEnd().split("\n");

  it("holds out a tenth, and no source of it stays in training", () => {
    const file = path.join(folder, "own.tsv");
    writeFileSync(file, Array.from({ length: 50 }, (_, at) => `s${at % 40}\tt${at}\n`).join(""));
    const split = ownPairs(file, path.join(folder, "run"));
    const sources = (name: string): ReadonlySet<string> => new Set(lines(name).map((line) => line.split("\t")[0] ?? ""));
    const [train, heldout] = [sources(split.train), sources(split.heldout)];
    expect(heldout.size).toBe(4);
    expect(train.size).toBe(36);
    expect([...heldout].filter((source) => train.has(source))).toEqual([]);
    expect(lines(split.train).length + lines(split.heldout).length).toBe(50);
  });

  it("refuses a file with a single source", () => {
    const file = path.join(folder, "one.tsv");
    writeFileSync(file, "a\tb\na\tc\n");
    expect(() => ownPairs(file, path.join(folder, "none"))).toThrow("has 1 source");
  });
});

describe("the options", () => {
  it("reads steps, seed, settings and data", () => {
    expect(quickstartOptions(["--steps", "5", "--seed=2", "--set", "d=48", "--data", "x.tsv"])).toEqual({ data: "x.tsv", set: { d: "48", "recipe.steps": "5", "recipe.seed": "2" } });
  });

  it("says what it does not know, with the nearest", () => {
    const failure = (args: readonly string[]): unknown => {
      try {
        return quickstartOptions(args);
      } catch (error) {
        return (error as { readonly failure: unknown }).failure;
      }
    };
    expect(failure(["--stepz", "5"])).toMatchObject({ exit: 2, message: expect.stringContaining("--stepz") as string, remedy: "did you mean --steps?" });
    expect(failure(["--steps", "many"])).toMatchObject({ exit: 2 });
    expect(failure(["--data"])).toMatchObject({ exit: 2 });
  });
});
