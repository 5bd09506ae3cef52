import type { Model } from "../../compiler/check/model.ts";
import { isWithin, parse, placeOf } from "../../grammar/index.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { checkModel } from "../experiment/check.ts";
import { readModel } from "../experiment/source.ts";
import type { ModelSource } from "../experiment/source.ts";
import type { Output } from "../output.ts";
import type { Command } from "./command.ts";
import { modelChoices, modelOptions } from "./model-options.ts";
import { totalElements } from "../../runtime/size.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "say what is wrong with .tfm files, and how large their models are",
  details: `All recipes of a file are checked, or with --recipe or --set one; the size told is that of the first. A tokenizer that is
not trained yet counts with the size that it is asked for, \`characters()\` with 128.`,
  arguments: [{ name: "files", count: "many", doc: "the files" }],
  options: modelOptions,
  needsAdapter: false,
  run: async ({ arguments: files, options, output }) => {
    const choices = modelChoices(options);
    let code: ExitCode = exitCodes.ok;
    for (const file of files) {
      const source = readModel(file);
      if (!source.ok) {
        output.fail(source.failure);
        if (output.json) output.dataJson({ file, ok: false, failure: source.failure });
        code = exitCodes.wrong;
        continue;
      }
      const { model, diagnostics: first } = checkModel(source.value, choices);
      const diagnostics = choices.recipe === undefined && options.list("set").length === 0 ? [...first, ...ofOtherRecipes(source.value, first)] : first;
      const ok = !diagnostics.some(({ severity }) => severity === "error");
      output.report(diagnostics);
      if (!ok) code = exitCodes.wrong;
      if (output.json) {
        const list = diagnostics.map(({ code: name, severity, title, span, notes, fix }) => ({ code: name, severity, title, place: placeOf(span), notes, ...(fix === undefined ? {} : { fix: fix.text }) }));
        output.dataJson({ file, ok, diagnostics: list, ...(model === undefined ? {} : summary(model)) });
      } else if (ok) printSummary(file, model, output);
    }
    return code;
  },
};

/** What is wrong with the recipes behind the first, and was not told of it. */
function ofOtherRecipes(source: ModelSource, told: readonly Diagnostic[]): Diagnostic[] {
  const recipes = parse(source.file).ast.tops.flatMap((top) => (top.kind === "decl" && top.category === "train" ? [top] : []));
  // The sizes in its title may be those of another recipe.
  const keyOf = ({ code, span }: Diagnostic): string => JSON.stringify([code, placeOf(span)]);
  const seen = new Set(told.map(keyOf));
  return recipes.slice(1).flatMap(({ name, span }) =>
    checkModel(source, { recipe: name.text, alone: false }).diagnostics
      .filter((diagnostic) => !seen.has(keyOf(diagnostic)) && seen.add(keyOf(diagnostic)))
      // What it takes over from another recipe may be right there.
      .map((diagnostic) => (isWithin(diagnostic.span, span) ? diagnostic : { ...diagnostic, notes: [...diagnostic.notes, `found in \`train ${name.text}\``] })),
  );
}

interface Summary {
  readonly model: string;
  readonly parameters: number;
  readonly hyperparameters: Readonly<Record<string, string>>;
  readonly functions: readonly string[];
  readonly recipe?: { readonly name: string; readonly data: string; readonly optimizer: string; readonly batch: number; readonly steps: number };
}

function summary(model: Model): Summary {
  const { recipe, root } = model;
  return {
    model: model.name,
    parameters: totalElements(model.parameters),
    hyperparameters: Object.fromEntries(root.hyperparameters),
    functions: model.entries.map(({ name }) => name),
    ...(recipe === undefined ? {} : { recipe: { name: recipe.name, data: recipe.data.source, optimizer: recipe.optimizer.name, batch: recipe.batch, steps: recipe.steps } }),
  };
}

function printSummary(file: string, model: Model | undefined, output: Output): void {
  if (model === undefined) return output.data(`${file}: nothing is wrong with it; it builds no model`);
  const { name } = model;
  const { parameters, hyperparameters, functions, recipe } = summary(model);
  const settings = Object.entries(hyperparameters).map(([key, value]) => `${key} ${value}`).join(", ");
  output.data(`${file}: ${name}, ${parameters.toLocaleString("en-US")} parameters in ${model.parameters.length} tensors`);
  if (settings !== "") output.data(`  sizes      ${settings}`);
  if (functions.length > 0) output.data(`  functions  ${functions.join(", ")}`);
  if (recipe !== undefined) output.data(`  recipe     ${recipe.name}: ${recipe.steps.toLocaleString("en-US")} steps of ${recipe.batch} ${recipe.data}, ${recipe.optimizer}`);
}
