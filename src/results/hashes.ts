import { createHash } from "node:crypto";
import type { Model } from "../../compiler/check/model.ts";
import { compile } from "../../compiler/compile.ts";
import { check } from "../../compiler/check/check.ts";
import { figureEntries } from "../experiment/compiled.ts";
import { recipeOf } from "../experiment/check.ts";
import { openData } from "../experiment/data.ts";
import { librarySources, readModel } from "../experiment/source.ts";
import { valueOf } from "../failure.ts";
import type { Compiled, Hashes } from "./record.ts";

/** The hashes of a model as it is now, for data of this SHA-256. */
export function hashesOf(model: Model, data: string): Hashes {
  return { recipe: recipeHash(model), data: data.slice(0, DIGITS), program: programHash(model) };
}

/** What was compiled, as its file has it today; undefined where that is no longer accepted. */
function modelToday({ file, recipe, set, tokenizer }: Compiled): Model | undefined {
  const source = valueOf(readModel(file));
  const { vocab: _, ...others } = set;
  const { model, diagnostics } = check(source.file, { std: librarySources(), use: source.use, recipe, set: tokenizer === undefined ? set : others, tokenizer });
  return diagnostics.some(({ severity }) => severity === "error") ? undefined : model;
}

/** What has been compiled anew: runs that differ in their seeds have one model and one program. */
export type Anew = Map<string, { readonly model: Model; readonly program: string } | undefined>;

/** The recipe and program hashes that the same run would have today. */
function hashesToday(compiled: Compiled, anew: Anew): Pick<Hashes, "recipe" | "program"> | undefined {
  const { "recipe.seed": seed, ...set } = compiled.set;
  const seedless = { ...compiled, set };
  const key = JSON.stringify(seedless);
  if (!anew.has(key)) {
    const model = modelToday(seedless);
    anew.set(key, model && { model, program: programHash(model) });
  }
  const made = anew.get(key);
  return made && { recipe: recipeHash(made.model, seed === undefined ? undefined : Number(seed)), program: made.program };
}

/** What tells whether a run still stands. */
export interface Traced {
  readonly compiled: Compiled;
  readonly hashes: Hashes;
}

/** What is another today than when the run was trained, and its hash; `file` where that is no longer accepted. */
export function changeSince({ compiled, hashes }: Traced, anew: Anew = new Map()): { readonly what: "file" } | { readonly what: "recipe" | "program"; readonly today: string } | undefined {
  const today = hashesToday(compiled, anew);
  if (today === undefined) return { what: "file" };
  for (const what of ["recipe", "program"] as const) if (today[what] !== hashes[what]) return { what, today: today[what] };
  return undefined;
}

/** Whether the training data are others today; `named` is what the command names in the place of the recipe's. Throws where they cannot be read. */
export async function dataChanged({ compiled, hashes }: Traced, named: string | undefined): Promise<boolean> {
  const model = modelToday(compiled);
  if (model === undefined) return true;
  const { data, validation } = recipeOf(model);
  const { record } = valueOf(await openData(data, compiled.file, { override: named, validation }));
  return record.sha256.slice(0, DIGITS) !== hashes.data;
}

const DIGITS = 12;

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, DIGITS);

/** The functions that the run is measured with, whole: that generation asks them for the last place alone is not of the run. */
function measuredEntries({ entries, recipe }: Model): readonly string[] {
  if (recipe === undefined) return [];
  const written = entries.find(({ name }) => name === recipe.generate?.entry);
  const parts = (written?.inputs.length ?? 0) > 1 ? ["encode", "decode"] : [];
  return [...(written === undefined ? [] : [written.name, ...parts]), ...figureEntries(recipe)];
}

/** One profile for every machine, so that the hash does not tell of the adapter. */
function programHash(model: Model): string {
  return shortHash(JSON.stringify(compile(model, { profile: { kind: "cpu" }, training: true, entries: measuredEntries(model) }).program));
}

/** Of what a recipe decides and the program does not hold: what it trains on, for how long, and which weights are kept. */
function recipeHash(model: Model, seed = recipeOf(model).seed): string {
  const { name, tokenizer, data, reports, batch, steps, accumulate, generate, initFrom, validation, phases, evaluate, patience, watch } = recipeOf(model);
  const kept = [validation, phases, evaluate, patience, watch];
  // How many tokens were learnt is in the program.
  const scheme = tokenizer && { kind: tokenizer.kind, size: tokenizer.size };
  return shortHash(JSON.stringify([model.root.hyperparameters, name, scheme, data.source, data.arguments, reports, batch, steps, seed, accumulate, generate, initFrom, ...kept]));
}
