import type { Model, Recipe } from "../../compiler/check/model.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { microBatches, pairBatches } from "../../runtime/data/index.ts";
import type { Batch } from "../../runtime/data/index.ts";
import { TfmError } from "../../runtime/errors.ts";
import type { Sizes, TrainingBatch } from "../../runtime/index.ts";
import { loadTokenizer } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { checkedModel, recipeOf } from "./check.ts";
import { openData } from "./data.ts";
import type { PairData } from "./data.ts";
import { lengthLimit } from "./limits.ts";
import type { Settings } from "./settings.ts";
import type { ModelSource } from "./source.ts";
import { trainTokenizer } from "./tokenizer.ts";

export interface PrepareRequest {
  readonly source: ModelSource;
  readonly recipe?: string | undefined;
  readonly set?: Settings | undefined;
  /** In the place of the recipe's data. */
  readonly data?: string | undefined;
  /** Of a checkpoint, in the place of one trained on the data. */
  readonly tokenizer?: string | undefined;
  readonly warn?: ((warnings: readonly Diagnostic[]) => void) | undefined;
}

/** A recipe with all that comes before the GPU: the model at its sizes, the data, the tokenizer, the batches. */
export interface Prepared {
  readonly source: ModelSource;
  readonly model: Model;
  readonly recipe: Recipe;
  /** What was set beside the file. */
  readonly settings: Settings;
  readonly data: PairData;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a text, `start` and `end` counted. */
  readonly limit: number;
  /** The micro-batches of a step, from 1. */
  batches(step: number): readonly TrainingBatch[];
  readonly stepsPerEpoch: number;
  /** The largest value of each size. */
  readonly bounds: Sizes;
}

/** Throws ModelRefused, CommandFailure or TfmError. */
export function prepare({ source, recipe: name, set = {}, data: override, tokenizer: saved, warn }: PrepareRequest): Prepared {
  // The first look finds the tokenizer and the data that the recipe names, the second has their sizes.
  const { tokenizer: spec, data: dataSpec } = recipeOf(checkedModel(source, { recipe: name, set }));
  const data = valueOf(openData(dataSpec, source.file.path, override));
  if (spec === undefined) throw new CommandFailure({ code: "no-tokenizer", exit: exitCodes.wrong, message: `the recipe has no tokenizer, which data of kind \`${dataSpec.source}\` needs`, remedy: "write tokenizer = bpe(4000)" });
  const vocab = set["vocab"] === undefined ? undefined : Number(set["vocab"]);
  const tokenizer = saved === undefined ? trainTokenizer(spec, linesOf(data), vocab) : loadTokenizer(saved);
  const model = checkedModel(source, { recipe: name, set, tokenizer }, warn);
  const recipe = recipeOf(model);

  const limit = lengthLimit(recipe.loss.requires, lengthNames(recipe));
  const batches = encodedBatches(data, tokenizer, recipe, limit);
  const fields = recipe.loss.inputs.map((input) => input.name);
  const { B = 1, ...lengths } = batches.bounds;
  return {
    source,
    model,
    recipe,
    settings: set,
    data,
    tokenizer,
    limit,
    stepsPerEpoch: batches.stepsPerEpoch,
    bounds: { B: Math.ceil(B / recipe.accumulate), ...lengths },
    batches: (step) => parts(batches.batch(step - 1), recipe, tokenizer).map((batch) => only(fields, batch)),
  };
}

function* linesOf({ pairs }: PairData): Iterable<string> {
  for (const { source, target } of pairs) {
    yield source;
    yield target;
  }
}

/** Named sizes of the fields beyond the first axis, which is the batch. */
function lengthNames({ data }: Recipe): readonly string[] {
  const sizes = data.fields.flatMap(({ shape }) => shape.slice(1));
  return [...new Set(sizes.flatMap((size) => size.flatMap(({ factors }) => factors.filter((factor) => typeof factor === "string"))))];
}

/** The runtime names a line that is too long; the file's name goes before it. */
function encodedBatches(data: PairData, tokenizer: Tokenizer, recipe: Recipe, limit: number): ReturnType<typeof pairBatches> {
  try {
    return pairBatches(data.pairs, tokenizer, { batch: recipe.batch, seed: recipe.seed, limit, overlong: "refuse" });
  } catch (error) {
    if (!(error instanceof TfmError) || error.code !== "sequence-over-limit") throw error;
    throw new CommandFailure({ code: error.code, exit: error.exit, message: `${data.file}: ${error.message}`, remedy: "shorten the line or take it out" });
  }
}

function parts(batch: Batch, { accumulate }: Recipe, tokenizer: Tokenizer): readonly Batch[] {
  return accumulate > 1 ? microBatches(batch, accumulate, tokenizer.pad) : [batch];
}

/** The fields that the loss asks for. */
function only(names: readonly string[], { sizes, fields, tokens }: Batch): TrainingBatch {
  return { sizes, tokens, fields: Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name))) };
}
