import type { Recipe } from "../../compiler/check/model.ts";
import type { Examples } from "../../runtime/data/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { bad, badRow } from "../data-sources/rows.ts";
import { wrong } from "../data-sources/source.ts";
import { valueOf } from "../failure.ts";
import type { Result } from "../failure.ts";
import type { Data } from "./data.ts";
import { recipeLimit } from "./limits.ts";

export interface FittingRequest {
  readonly recipe: Pick<Recipe, "loss" | "data">;
  /** Of data that are text: without it, what is too long shows only when they become batches. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Leave out what is too long, and count it; else the first such row is the failure. */
  readonly skipBadRows?: boolean | undefined;
}

export interface FittingExamples {
  readonly examples: Examples;
  /** Left out. */
  readonly badRows: number;
}

/** The examples that a recipe's model can take. Where what is too long is not cut, it is a bad row, which shows only when a tokenizer has read it. */
export function fittingExamples(examples: Examples, file: string, { recipe, tokenizer, skipBadRows = false }: FittingRequest): Result<FittingExamples> {
  const { examples: within, overlong } = examples.fitting === undefined || (tokenizer === undefined && examples.text !== undefined) ? { examples, overlong: [] } : examples.fitting({ tokenizer, limit: recipeLimit(recipe) });
  const [first] = overlong;
  if (first === undefined) return { ok: true, value: { examples, badRows: 0 } };
  const { line, side, tokens, limit, unit = "tokens" } = first;
  const remedy = "shorten or split it, or let the model take more";
  if (!skipBadRows) return badRow(file, line, bad("sequence-over-limit", `the ${side} has ${tokens} ${unit}; the limit is ${limit}`, remedy));
  if (within.count === 0) return wrong("data-empty", `${file} holds no ${examples.unit} but ${overlong.length} that are longer than ${limit} ${unit}`, "let the model take more");
  return { ok: true, value: { examples: within, badRows: overlong.length } };
}

/** The same for all that a run reads. Throws CommandFailure. */
export function fittingData(data: Data, request: FittingRequest): Data {
  const fitting = (examples: Examples, file = data.file): FittingExamples => valueOf(fittingExamples(examples, file, request));
  const training = fitting(data.training);
  const validation = data.validation && fitting(data.validation, data.validationFile);
  const overlong = training.badRows + (validation?.badRows ?? 0);
  if (overlong === 0) return data;
  const badRows = data.badRows + overlong;
  return {
    ...data,
    training: training.examples,
    ...(validation === undefined ? {} : { validation: validation.examples }),
    whole: fitting(data.whole).examples,
    phases: data.phases.map((phase) => fitting(phase).examples),
    badRows,
    record: { ...data.record, examples: training.examples.count, ...(validation === undefined ? {} : { validation: validation.examples.count }), badRows },
  };
}
