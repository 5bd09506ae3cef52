/** The first model of a file without a recipe, built where every hyperparameter has a value. */
import type { Decl } from "../../grammar/ast.ts";
import { coerce, kindsOf } from "./kinds.ts";
import * as dims from "../dim.ts";
import { sizeVal } from "./evaluate.ts";
import { build } from "./instance.ts";
import type { Instance } from "./model.ts";
import type { Built } from "./recipe/recipe.ts";
import type { RecipeOptions } from "./recipe/settings.ts";
import { setSpan, valueFromText } from "./overrides.ts";
import * as errors from "./errors.ts";
import type { FileScope } from "./scope.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { Val } from "./value.ts";
import type { Context, Frame, World } from "./world.ts";
import { Run } from "./run.ts";

export function withoutRecipe(home: FileScope, options: RecipeOptions, world: World): Built | undefined {
  const decl = home.file.tops.find((top): top is Decl => top.kind === "decl" && top.category === "model");
  if (!decl) return undefined;
  const frame: Frame = { kind: "recipe", home, self: undefined, path: "", vars: new Map(), pack: undefined, active: [], call: "" };
  const run = new Run("build", { building: true });
  const ctx: Context = { world, run, frame, indices: undefined, live: [], guards: undefined, naming: "", building: undefined };
  const params = decl.params ?? [];
  const names = params.map((param) => param.name.text);
  for (const [path, text] of Object.entries(options.set)) {
    const name = path.replace(/^model\./, "");
    if (path.startsWith("recipe.")) world.report(errors.settingWithoutRecipe(setSpan(path, text), home.file.source.path));
    else if (!names.includes(name)) world.report(errors.unknownHyperparameter(setSpan(path, text), name, decl.name.text, nearest(name, names), names));
  }
  const kinds = kindsOf(params, ctx);
  const values = params.map((param, k): Val | undefined => {
    const name = param.name.text;
    const path = [`model.${name}`, name].find((key) => options.set[key] !== undefined);
    const text = path === undefined ? undefined : options.set[path];
    const value: Val | undefined = text === undefined ? undefined : valueFromText(text, setSpan(path!, text), home);
    if (value && path !== undefined && text !== undefined) {
      const kind = kinds[k];
      return kind === undefined || kind === "run" ? undefined : coerce(value, kind, name, setSpan(path, text), ctx);
    }
    if (name === "vocab" && options.vocab !== undefined) return sizeVal(dims.constant(options.vocab), name);
    return undefined;
  });
  if (params.some((param, k) => (!param.initial && !values[k]) || values[k]?.kind === "poison")) return undefined;
  const siblings: Instance[] = [];
  const model = build({ kind: "class", decl, home }, values, ctx, decl.name.span, "", siblings);
  return { model, siblings, recipe: undefined, reached: new Set() };
}
