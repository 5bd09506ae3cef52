import { createHash } from "node:crypto";
import type { Model } from "../../compiler/check/model.ts";
import { compile } from "../../compiler/compile.ts";
import { check } from "../../compiler/check/check.ts";
import { usedEntries } from "../experiment/compiled.ts";
import { recipeOf } from "../experiment/check.ts";
import { librarySources, readModel } from "../experiment/source.ts";
import { valueOf } from "../failure.ts";
import type { Hashes, RunResult } from "./record.ts";

/** The hashes of a model as it is now, for the data that are named. */
export function hashesOf(model: Model, data: string): Hashes {
  return { recipe: shortHash(recipeText(model)), data: data.slice(0, DIGITS), program: programHash(model) };
}

/** The recipe and program hashes that the same run would have today; undefined where its file is no longer accepted. */
function hashesToday({ compiled: { file, recipe, set, tokenizer }, hashes }: RunResult, programs = new Map<string, string>()): Hashes | undefined {
  const source = valueOf(readModel(file));
  const { vocab: _, ...others } = set;
  const { model, diagnostics } = check(source.file, { std: librarySources(), use: source.use, recipe, set: tokenizer === undefined ? set : others, tokenizer });
  if (model === undefined || diagnostics.some(({ severity }) => severity === "error")) return undefined;
  // Runs that differ in their seeds have one program.
  const { "recipe.seed": seed, ...compiledFor } = set;
  const key = JSON.stringify([file, recipe, compiledFor, tokenizer]);
  const program = programs.get(key) ?? programHash(model);
  programs.set(key, program);
  return { recipe: shortHash(recipeText(model)), data: hashes.data, program };
}

/** What is another today than when the run was trained, and its hash; `file` where that is no longer accepted. */
export function changeSince(result: RunResult, programs?: Map<string, string>): { readonly what: "file" } | { readonly what: "recipe" | "program"; readonly today: string } | undefined {
  const today = hashesToday(result, programs);
  if (today === undefined) return { what: "file" };
  for (const what of ["recipe", "program"] as const) if (today[what] !== result.hashes[what]) return { what, today: today[what] };
  return undefined;
}

const DIGITS = 12;

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, DIGITS);

/** One profile for every machine, so that the hash does not tell of the adapter. */
function programHash(model: Model): string {
  return shortHash(JSON.stringify(compile(model, { profile: { kind: "cpu" }, training: true, entries: usedEntries(model) }).program));
}

/** What a recipe decides and the program does not hold. */
function recipeText(model: Model): string {
  const { name, tokenizer, data, reports, batch, steps, seed, accumulate, generate, initFrom } = recipeOf(model);
  return JSON.stringify([model.root.hyperparameters, name, tokenizer, data.source, data.arguments, reports, batch, steps, seed, accumulate, generate, initFrom]);
}
