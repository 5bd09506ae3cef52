import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { parseSettings } from "../experiment/settings.ts";
import type { Settings } from "../experiment/settings.ts";
import type { Output } from "../output.ts";
import { plural } from "../report/text.ts";
import type { Option, OptionValues } from "./command.ts";

/** Options of every verb that reads a model. */
export const modelOptions: readonly Option[] = [
  { name: "recipe", kind: "text", value: "NAME", doc: "the recipe (`train NAME`) to use; the first by default" },
  { name: "set", kind: "list", value: "NAME=VALUE", doc: "change a hyperparameter (d=48), or a setting or a `let` of the recipe (recipe.batch=8, recipe.lr=3e-4); may be repeated" },
];

export function modelChoices(options: OptionValues): { readonly recipe: string | undefined; readonly set: Settings } {
  return { recipe: options.text("recipe"), set: valueOf(parseSettings(options.list("set"))) };
}

/** Of verbs that read a recipe's data. */
export const validationOption: Option = { name: "validation", kind: "text", value: "PATH|SHARE", doc: "measure on this file or folder, or on the last share (0.1) of the data, which is then not trained on" };

export const skipBadRowsOption: Option = { name: "skip-bad-rows", kind: "flag", doc: "leave out rows of the data that are wrong or too long, and count them, instead of stopping at the first" };

/** Of all files that were read: the data, and those for validation. */
export function sayBadRows(count: number, output: Output): void {
  if (count > 0) output.say(`${plural(count, "bad row")} of the data ${count === 1 ? "is" : "are"} left out`);
}

/** As a setting of the recipe; a path is relative to where the command is given. Throws CommandFailure for a number that is no share. */
export function validationSetting(options: OptionValues): Settings {
  const given = options.text("validation");
  if (given === undefined) return {};
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given)) return { "recipe.validation": path.resolve(given) };
  const share = Number(given);
  if (share >= 0 && share < 1) return { "recipe.validation": given };
  throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--validation must be a path, or a share of the data of at least 0 and below 1; it is ${given}`, remedy: `such as --validation 0.1; a file of that name is ./${given}` });
}

/** Of verbs that use a run. */
export const bestOption: Option = { name: "best", kind: "flag", doc: "the weights that were best in an evaluation during training, instead of the last ones" };
