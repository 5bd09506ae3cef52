import { check } from "../../compiler/check/check.ts";
import type { Checked } from "../../compiler/check/check.ts";
import type { Model, Recipe } from "../../compiler/check/model.ts";
import type { TokenizerFacts } from "../../compiler/check/tokenizer.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { firstOfText } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Settings } from "./settings.ts";
import { librarySources } from "./source.ts";
import type { ModelSource } from "./source.ts";

/** A model file says something that is wrong; a command prints the diagnostics and exits with 1. */
export class ModelRefused extends Error {
  override readonly name = "ModelRefused";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ title }) => title).join("; "));
    this.diagnostics = diagnostics;
  }
}

export interface CheckRequest {
  /** The first recipe by default. */
  readonly recipe?: string | undefined;
  readonly set?: Settings | undefined;
  /** The trained tokenizer; without it the declared size counts, or the `vocab` of `set`. */
  readonly tokenizer?: Tokenizer | undefined;
  /** False where another recipe of the file is checked as well. */
  readonly alone?: boolean | undefined;
}

/** Checks a model with everything that is wrong with it. */
export function checkModel(source: ModelSource, { recipe, set = {}, tokenizer, alone }: CheckRequest = {}): Checked {
  const { vocab, ...others } = set;
  return check(source.file, {
    std: librarySources(),
    use: source.use,
    recipe,
    alone,
    // A trained tokenizer has the size it has; before, a given `vocab` stands for it.
    set: tokenizer === undefined ? set : others,
    vocab: tokenizer === undefined && vocab !== undefined && /^\d+$/.test(vocab) ? Number(vocab) : undefined,
    tokenizer: tokenizer === undefined ? undefined : tokenizerFacts(tokenizer),
  });
}

/** The model; throws ModelRefused where there is none. `warn` gets what else the checker says. */
export function checkedModel(source: ModelSource, request: CheckRequest = {}, warn: (warnings: readonly Diagnostic[]) => void = () => {}): Model {
  const { model, diagnostics } = checkModel(source, request);
  if (diagnostics.some(({ severity }) => severity === "error")) throw new ModelRefused(diagnostics);
  if (model === undefined) throw new CommandFailure({ code: "no-model", exit: exitCodes.wrong, message: `${source.file.path} has no model that can be built`, remedy: "declare a `model`, give its hyperparameters defaults, or add a recipe (`train NAME { … }`)" });
  warn(diagnostics);
  return model;
}

export function recipeOf(model: Model): Recipe {
  if (model.recipe !== undefined) return model.recipe;
  throw new CommandFailure({ code: "no-recipe", exit: exitCodes.wrong, message: `${model.file.path} has no recipe, so there is nothing to train`, remedy: "add one: `train NAME { data = …; model = …; loss(…) = …; optimizer = … }`" });
}

/** What the compiler knows of a trained tokenizer. */
export function tokenizerFacts(tokenizer: Tokenizer): TokenizerFacts {
  const { size, pad, start, end, unk, mask } = tokenizer;
  return { size, pad, start, end, unk, specials: firstOfText(tokenizer), ...(mask === undefined ? {} : { mask }) };
}
