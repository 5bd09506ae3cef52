/** The data of a model that was trained, read again: examples to measure it on, or to look at. */
import type { Recipe } from "../../compiler/check/model.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Failure, Result } from "../failure.ts";
import { openData } from "./data.ts";
import type { Data, DataRecord } from "./data.ts";
import { fittingExamples } from "./fitting.ts";
import type { FittingExamples } from "./fitting.ts";

export interface MeasuredRequest {
  /** A file in the place of the recipe's `validation`. */
  readonly named?: string | undefined;
  /** The run's, where the data are text: it finds what is too long. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Leave bad rows out, also where the run that was trained had none. */
  readonly skipBadRows?: boolean | undefined;
}

type Measured = Pick<Recipe, "data" | "validation" | "loss">;
type Trained = Pick<DataRecord, "path" | "folder" | "sha256" | "badRows" | "classes">;

/**
 * Examples to measure a trained model on: those of its recipe's `validation`, or all of the file that is named. A file that is the one
 * trained on gives what was set aside of it, where anything was. Bad rows that the training left out are left out again; all that were
 * left out of the files that were read are counted.
 */
export function validationData(recipe: Measured, modelFile: string, trained: Trained, request: MeasuredRequest = {}): Promise<Result<FittingExamples>> {
  const message = `all of ${trained.path} was trained on, so there is nothing to measure on`;
  const remedy = "name a file with examples that were not trained on, or set `validation = 0.1` in the recipe and train anew";
  return dataAgain(recipe, modelFile, trained, request, ({ validation, record }) => {
    if (typeof recipe.validation === "number" && record.sha256 !== trained.sha256) return { ok: false, failure: changed(trained) };
    return validation === undefined ? { ok: false, failure: { code: "no-validation", exit: exitCodes.usage, message, remedy } } : { ok: true, value: validation };
  });
}

/** A share of other data than those trained on is not what was set aside. */
function changed({ path, sha256 }: Trained): Failure {
  return { code: "data-changed", exit: exitCodes.wrong, message: `${path} has changed since it was trained on, so what was set aside of it is not known`, remedy: `restore the file, whose SHA-256 was ${sha256.slice(0, 12)}…, or name a file to measure on` };
}

/** Examples to look at: the same, or where nothing was set aside, those trained on. */
export function shownData(recipe: Measured, modelFile: string, trained: Trained, request: MeasuredRequest = {}): Promise<Result<FittingExamples>> {
  return dataAgain(recipe, modelFile, trained, request, ({ validation, whole }) => ({ ok: true, value: validation ?? whole }));
}

/** `unnamed`: which examples are meant where no file is named. */
async function dataAgain(recipe: Measured, modelFile: string, trained: Trained, { named, tokenizer, skipBadRows: skip = false }: MeasuredRequest, unnamed: (data: Data) => Result<Examples>): Promise<Result<FittingExamples>> {
  const skipBadRows = skip || (named === undefined && trained.badRows !== undefined);
  const open = (validation: Recipe["validation"]): Promise<Result<Data>> => openData(recipe.data, modelFile, { override: named ?? trained.path, folder: trained.folder, skipBadRows, validation, classes: trained.classes ?? "numbers" });
  const share = typeof recipe.validation === "number" ? recipe.validation : undefined;
  // A share is of what was trained on: of any other file, which may be too small to be shared, all is meant.
  let opened = await open(named === undefined ? recipe.validation : share === undefined ? undefined : 0);
  if (named !== undefined && share !== undefined && opened.ok && opened.value.record.sha256 === trained.sha256) opened = await open(share);
  if (!opened.ok) return opened;
  const data = opened.value;
  const setAside = data.record.sha256 === trained.sha256 ? data.validation : undefined;
  const examples: Result<Examples> = named === undefined ? unnamed(data) : { ok: true, value: setAside ?? data.whole };
  if (!examples.ok) return examples;
  const fitting = fittingExamples(examples.value, data.validationFile, { recipe, tokenizer, skipBadRows });
  return fitting.ok ? { ok: true, value: { examples: fitting.value.examples, badRows: data.badRows + fitting.value.badRows } } : fitting;
}
