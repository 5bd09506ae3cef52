/** What is looked into: a model with its weights and, where its recipe has them, its tokenizer and data. */
import { statSync } from "node:fs";
import type { Model, Recipe } from "../../compiler/check/model.ts";
import { DEFAULT_LIMIT } from "../../runtime/data/index.ts";
import type { Session } from "../../runtime/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { checkedModel } from "../experiment/check.ts";
import type { FittingExamples } from "../experiment/fitting.ts";
import { initialWeights, load } from "../experiment/initial.ts";
import { shownData } from "../experiment/measured-data.ts";
import { prepare } from "../experiment/prepare.ts";
import { latestRunFolder, loadCheckpoint, readCheckpoint } from "../experiment/run-folder.ts";
import type { Settings } from "../experiment/settings.ts";
import { readModel } from "../experiment/source.ts";
import { generationLimits } from "../experiment/translator.ts";
import { trainedModel } from "../experiment/use.ts";
import { CommandFailure, valueOf } from "../failure.ts";

export interface Subject {
  readonly model: Model;
  readonly tokenizer?: Tokenizer;
  /** "runs/translation, step 2000", or "first weights". */
  readonly weights: string;
  /** Keys first weights, and draws. */
  readonly seed: number;
  /** Of texts that are written. */
  readonly limits: ReturnType<typeof generationLimits>;
  /** Examples to look at: those set aside for validation, where there are any; and how many bad rows of what was read were left out. Throws where the recipe has none. */
  examples(): Promise<FittingExamples>;
  load(session: Session): void;
}

export interface SubjectRequest {
  readonly recipe?: string | undefined;
  readonly set?: Settings | undefined;
  /** Files in the place of the recipe's data. */
  readonly data?: string | undefined;
  /** Leave bad rows out, also of other data, and where the training left none out. */
  readonly skipBadRows?: boolean | undefined;
  /** First weights, also where there is a run. */
  readonly untrained?: boolean | undefined;
}

/**
 * Reads a run folder, or the newest run of a model file; where there is none, or with settings of one's own, the model as it would begin
 * its training. Rejects with ModelRefused, CommandFailure or TfmError.
 */
export async function readSubject(place: string, request: SubjectRequest = {}): Promise<Subject> {
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  const asIs = request.recipe === undefined && Object.keys(request.set ?? {}).length === 0 && request.untrained !== true;
  if (isFolder && !asIs) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: `${place} is looked at as it was trained, so --recipe, --set and --untrained have no meaning beside it`, remedy: "leave them out, or name the model file" });
  const run = isFolder ? place : asIs ? latestRunFolder(place) : undefined;
  return run === undefined ? untrained(place, request) : trained(run, request);
}

function trained(folder: string, { data: named, skipBadRows }: SubjectRequest): Subject {
  const { checkpoint, model, tokenizer } = trainedModel(readCheckpoint(folder));
  const { record, source, manifest } = checkpoint;
  return {
    model,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    weights: `${folder}, step ${manifest.step}`,
    seed: model.recipe?.seed ?? 0,
    limits: generationLimits(record),
    examples: async () => valueOf(await shownData(model.recipe as Recipe, source.file.path, record.data, { named, tokenizer, skipBadRows })),
    load: (session) => loadCheckpoint(session, checkpoint),
  };
}

async function untrained(file: string, { recipe, set, data, skipBadRows }: SubjectRequest): Promise<Subject> {
  const source = valueOf(readModel(file));
  const weights = "first weights";
  if (checkedModel(source, { recipe, set }).recipe === undefined) {
    const examples = (): Promise<FittingExamples> => Promise.reject(new CommandFailure({ code: "no-recipe", exit: exitCodes.wrong, message: `${file} has no recipe, which would say what the model reads`, remedy: "without one, only parameters can be looked at" }));
    return { model: checkedModel(source, { recipe, set }), weights, seed: 0, limits: generationLimits({ limit: DEFAULT_LIMIT, bounds: {} }), examples, load: () => {} };
  }
  const prepared = await prepare({ source, recipe, set, data, skipBadRows, initial: (first) => initialWeights(source, first) });
  const { model, tokenizer, initial } = prepared;
  return {
    model,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    weights: initial === undefined ? weights : `${weights}, from ${initial.from}`,
    seed: prepared.recipe.seed,
    limits: generationLimits(prepared),
    examples: () => Promise.resolve({ examples: prepared.data.validation ?? prepared.data.whole, badRows: prepared.data.badRows }),
    load: (session) => void (initial && load(session, model, initial)),
  };
}
