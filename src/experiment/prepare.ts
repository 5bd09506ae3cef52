import type { Model, Recipe } from "../../compiler/check/model.ts";
import type { Diagnostic } from "../../grammar/index.ts";
import { DEFAULT_LIMIT, microBatches } from "../../runtime/data/index.ts";
import type { Batch, EncodedExamples, Examples, TextNeeds } from "../../runtime/data/index.ts";
import { TfmError } from "../../runtime/errors.ts";
import type { Sizes, TrainingBatch } from "../../runtime/index.ts";
import { loadTokenizer, MASK } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { checkedModel, recipeOf } from "./check.ts";
import { openData } from "./data.ts";
import type { Data } from "./data.ts";
import { fittingData } from "./fitting.ts";
import type { InitialWeights } from "./initial.ts";
import { recipeLimit } from "./limits.ts";
import { phasedBatches } from "./phases.ts";
import type { Settings } from "./settings.ts";
import type { ModelSource } from "./source.ts";
import { learns, trainTokenizer } from "./tokenizer.ts";

export interface PrepareRequest {
  readonly source: ModelSource;
  readonly recipe?: string | undefined;
  readonly set?: Settings | undefined;
  /** In the place of the recipe's data. */
  readonly data?: string | undefined;
  /** What the paths of the recipe's data are relative to, in the place of the model's folder. */
  readonly folder?: string | undefined;
  /** Leave bad rows of the data out and count them. */
  readonly skipBadRows?: boolean | undefined;
  /** Of a checkpoint, in the place of one trained on the data. */
  readonly tokenizer?: string | undefined;
  /** Where the recipe's first weights come from. */
  readonly initial?: ((recipe: Recipe) => InitialWeights | undefined) | undefined;
  readonly warn?: ((warnings: readonly Diagnostic[]) => void) | undefined;
  /** Called with its bytes before a large file of data is read. */
  readonly onReading?: ((bytes: number) => void) | undefined;
  /** Called before a tokenizer learns its tokens from the data, which may take long. */
  readonly onLearning?: (() => void) | undefined;
}

/** A recipe with all that comes before the GPU: the model at its sizes, the data, the tokenizer, the batches. */
export interface Prepared {
  readonly source: ModelSource;
  readonly model: Model;
  readonly recipe: Recipe;
  /** What was set beside the file. */
  readonly settings: Settings;
  readonly data: Data;
  /** Where the data are text. */
  readonly tokenizer?: Tokenizer;
  /** To begin with, where they are not drawn. */
  readonly initial?: InitialWeights;
  /** Most tokens of a text, `start` and `end` counted. */
  readonly limit: number;
  /** The micro-batches of a step, from 1. */
  batches(step: number): readonly TrainingBatch[];
  readonly stepsPerEpoch: number;
  /** The largest value of each size. */
  readonly bounds: Sizes;
}

/** Rejects with ModelRefused, CommandFailure or TfmError. */
export async function prepare({ source, recipe: name, set = {}, data: override, folder, skipBadRows, tokenizer: saved, initial: starting, warn, onReading, onLearning }: PrepareRequest): Promise<Prepared> {
  // The first look finds the tokenizer and the data that the recipe names, the second has their sizes.
  const first = recipeOf(checkedModel(source, { recipe: name, set }));
  const opened = valueOf(await openData(first.data, source.file.path, { override, folder, skipBadRows, validation: first.validation, phases: first.phases, onReading }));
  const initial = starting?.(first);
  const tokenizer = tokenizerFor(opened, first, set, saved ?? (initial?.otherTokens === true ? undefined : initial?.tokenizer), onLearning);
  const model = checkedModel(source, { recipe: name, set, tokenizer }, warn);
  const recipe = recipeOf(model);
  const data = fittingData(opened, { recipe, tokenizer, skipBadRows });

  const batches = phasedBatches(data, recipe, (examples, batch) => encoded(examples, data.file, { ...recipe, batch }, tokenizer));
  const fields = recipe.loss.inputs.map((input) => input.name);
  const { B = 1, ...lengths } = batches.bounds;
  return {
    source,
    model,
    recipe,
    settings: set,
    data,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(initial === undefined ? {} : { initial }),
    limit: recipeLimit(recipe) ?? DEFAULT_LIMIT,
    stepsPerEpoch: batches.stepsPerEpoch,
    bounds: { B: Math.ceil(B / recipe.accumulate), ...lengths },
    batches: (step) => parts(batches.batch(step), recipe, tokenizer).map((batch) => only(fields, batch)),
  };
}

function tokenizerFor({ training: { text } }: Data, { tokenizer: spec, data: { source } }: Recipe, set: Settings, saved: string | undefined, onLearning?: () => void): Tokenizer | undefined {
  if (text === undefined) return undefined;
  if (saved !== undefined) return readingAll(loadTokenizer(saved), text, source);
  if (spec === undefined) throw new CommandFailure({ code: "no-tokenizer", exit: exitCodes.wrong, message: `the recipe has no tokenizer, which data of kind \`${source}\` needs`, remedy: "write tokenizer = bpe(4000)" });
  if (learns(spec)) onLearning?.();
  return trainTokenizer(spec, text, set["vocab"] === undefined ? undefined : Number(set["vocab"]));
}

/** A tokenizer that comes from elsewhere must have the special tokens that these data need. */
function readingAll(tokenizer: Tokenizer, { specials, spacing }: TextNeeds, source: string): Tokenizer {
  const lacking = [
    // However it is spelt: BERT's is [MASK].
    ...specials.filter((special) => (special === MASK ? tokenizer.mask === undefined : !tokenizer.specials.has(special))),
    // Rows of several texts are filled up, and what fills them is left out of everything: so would be the ends of texts.
    ...(spacing === "free" && tokenizer.pad === tokenizer.end ? ["token of its own to fill up with, such as <pad>"] : []),
  ];
  if (lacking.length === 0) return tokenizer;
  throw new CommandFailure({ code: "tokenizer-lacks-specials", exit: exitCodes.wrong, message: `the tokenizer of the weights to start from has no ${lacking.slice(0, 3).join(", ")}, which data of kind \`${source}\` need`, remedy: "give the recipe another tokenizer than theirs, or start with drawn weights: --init-from none" });
}

/** The examples as the recipe's batches. The runtime knows no files: the file's name goes before what it says. */
export function encoded(examples: Examples, file: string, recipe: Recipe, tokenizer: Tokenizer | undefined): EncodedExamples {
  try {
    return examples.encode({ tokenizer, batch: recipe.batch, seed: recipe.seed, limit: recipeLimit(recipe) });
  } catch (error) {
    if (!(error instanceof TfmError)) throw error;
    throw new CommandFailure({ code: error.code, exit: error.exit, message: `${file}: ${error.message}`, remedy: error.hint });
  }
}

function parts(batch: Batch, { accumulate }: Recipe, tokenizer: Tokenizer | undefined): readonly Batch[] {
  return accumulate > 1 ? microBatches(batch, accumulate, tokenizer?.pad ?? -1) : [batch];
}

/** The fields that an entry asks for. */
export function only(names: readonly string[], { sizes, fields, tokens }: Batch): TrainingBatch {
  return { sizes, tokens, fields: Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name))) };
}
