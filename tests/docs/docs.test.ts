/** What the README and the pages under docs/ show still is so: models, commands, links. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { formatSource } from "../../grammar/index.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { sourceFile } from "../../grammar/source.ts";
import { parseCommandLine } from "../../src/command-line.ts";
import { commands, commonOptions } from "../../src/commands/table.ts";
import { checkModel } from "../../src/experiment/check.ts";
import type { Settings } from "../../src/experiment/settings.ts";
import { librarySources, readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";

const PAGES = ["README.md", ...["docs", "examples", "bench", "tests"].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => path.join(folder, name)))].sort();

const text = (page: string): string => readFileSync(page, "utf8");

/** What stands between fences of that language, and the line it begins at. */
function fenced(page: string, language: string): { readonly line: number; readonly code: string }[] {
  return [...text(page).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map((match) => ({ line: text(page).slice(0, match.index).split("\n").length + 1, code: match[1] as string }));
}

const models = PAGES.flatMap((page) => fenced(page, "tfm").map(({ line, code }) => [`${page}:${line}`, code] as const));

describe("models", () => {
  it.each(models)("%s is right, and in canonical form", (place, code) => {
    const file = sourceFile(place, code);
    expect(check(file, { std: librarySources(), use: () => undefined, set: {} }).diagnostics).toEqual([]);
    expect(formatSource(file).text).toBe(code);
  });

  it("are found", () => expect(models.length).toBeGreaterThanOrEqual(2));
});

/** The words of each `tfmc` command in a block of code; `$` and redirections stand in none of them. */
function commandsOf(page: string): { readonly place: string; readonly words: readonly string[] }[] {
  return text(page).split("\n").flatMap((line, at) => {
    const command = /^(?: {4})?(?:npx (?:--no-install )?)?tfmc (.*)$/.exec(line)?.[1];
    if (command === undefined) return [];
    const words = [...command.replace(/\s+#.*$/, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? "");
    return [{ place: `${page}:${at + 1}`, words }];
  });
}

const EXAMPLE = /^examples\/.*\.tfm$/;

const checked = new Map<string, readonly Diagnostic[]>();

/** In an example with a recipe and settings, if these are not the file's first and none; many commands have the same. */
function mistakes(file: string, recipe: string | undefined, ...settings: readonly string[]): readonly Diagnostic[] {
  if (recipe === undefined && settings.length === 0) return [];
  const key = [file, recipe, ...settings].join();
  const found = checked.get(key) ?? checkModel(valueOf(readModel(file)), { recipe, set: Object.fromEntries(settings.map((setting) => setting.split("="))) as Settings }).diagnostics;
  checked.set(key, found);
  return found;
}

const shown = PAGES.flatMap((page) => commandsOf(page));

describe("commands", () => {
  it.each(shown.map(({ place, words }) => [place, words.join(" "), words] as const))("%s: tfmc %s", async (_, __, words) => {
    const parsed = await parseCommandLine(words, { version: "0", commands, commonOptions }, { out: () => {}, err: () => {} });
    if (!parsed.ok) throw new Error(parsed.failure?.message ?? "a command line that only asks for help");
    const { command, arguments: [file], options } = parsed.line;
    if (file === undefined || !EXAMPLE.test(file) || !command.options.some(({ name }) => name === "set")) return;
    const settings = (options.get("set") ?? []) as readonly string[];
    expect(mistakes(file, options.get("recipe") as string | undefined, ...settings)).toEqual([]);
  });

  it("are found", () => expect(shown.length).toBeGreaterThanOrEqual(60));
});

/** As GitHub makes it of a heading. */
const anchor = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");

describe("links", () => {
  const links = PAGES.flatMap((page) => [...text(page).replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => [page, target as string] as const)).filter(([, target]) => !/^https?:/.test(target));

  it.each(links)("%s: %s", (page, target) => {
    const [file = "", heading] = target.split("#");
    const named = file === "" ? page : path.join(path.dirname(page), file);
    expect(existsSync(named)).toBe(true);
    if (heading !== undefined) expect([...text(named).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1] as string))).toContain(heading);
  });

  it("are found", () => expect(links.length).toBeGreaterThanOrEqual(40));
});
