import type { Tokenizer } from "../text/tokenizer.ts";
import type { Batch, Batches } from "./batches.ts";

/** Examples of a source, read: what a tokenizer learns from them, and how they become batches of the fields that the source declares. */
export interface Examples {
  readonly count: number;
  /** What is counted, for people: "pairs", "characters", "images". */
  readonly unit: string;
  /** For sources of text. */
  readonly text?: TextNeeds;
  /** The fields by which a model learns to write: what it has written, what it reads beside, what comes next. */
  readonly written?: WrittenFields;
  /** The field that is not 0 where a prediction counts, in sources where not every place of a row has one. */
  readonly scored?: string;
  /** Sources and wanted answers, where a model's answers can be compared with them. */
  readonly pairs?: readonly { readonly source: string; readonly target: string }[];
  /** Where what is too long for a model is not cut: the examples without it. */
  fitting?(options: Pick<EncodeOptions, "tokenizer" | "limit">): Fitting;
  /** Throws TfmError for examples that the model cannot take. */
  encode(options: EncodeOptions): EncodedExamples;
}

/** What a source asks of the tokenizer that is trained for it. */
export interface TextNeeds {
  lines(): Iterable<string>;
  /** Whether line breaks and runs of spaces are part of the text. */
  readonly spacing: "kept" | "free";
  /** Special tokens beside those that every tokenizer has. */
  readonly specials: readonly string[];
}

/** Examples that a model can take, and what it cannot. */
export interface Fitting {
  readonly examples: Examples;
  readonly overlong: readonly Overlong[];
}

/** An example of which a part is too long. */
export interface Overlong {
  /** In its file, from 1. */
  readonly line: number;
  /** The part: "source". */
  readonly side: string;
  /** With `start` or `end`, where the part has them. */
  readonly tokens: number;
  readonly limit: number;
  /** What is counted, if not tokens. */
  readonly unit?: string;
}

export interface WrittenFields {
  readonly grows: string;
  readonly reads?: string;
  readonly next: string;
}

/** The longest sequence where the model sets no limit of its own, in tokens. */
export const DEFAULT_LIMIT = 512;

export interface EncodeOptions {
  /** Present where the source has `text`. */
  readonly tokenizer: Tokenizer | undefined;
  readonly batch: number;
  readonly seed: number;
  /** The longest sequence that the model takes; undefined where it says nothing. */
  readonly limit: number | undefined;
}

/** As batches for training, and each example once for evaluation. Both stay within `bounds`. */
export interface EncodedExamples extends Batches {
  /** In the order of the files. */
  inOrder(): Iterable<Batch>;
  /** Characters that the tokens of `inOrder` spell, where that is known. */
  readonly characters?: number;
}

/** The tokenizer, which the caller has to give to a source of text. */
export function given(tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer === undefined) throw new Error("internal: a source of text was encoded without a tokenizer");
  return tokenizer;
}

/** Where a row stands in its file, from 1. */
export function lineOf({ line }: { readonly line?: number | undefined }, at: number): number {
  return line ?? at + 1;
}

/** The examples that fit, `whole` where all of them do; rows that are left keep their lines. */
export function fittingRows<R extends { readonly line?: number | undefined }>(rows: readonly R[], whole: Examples, overlongOf: (row: R, line: number, at: number) => Overlong | undefined, examplesOf: (rows: readonly R[]) => Examples): Fitting {
  const found = rows.map((row, at) => overlongOf(row, lineOf(row, at), at));
  const overlong = found.filter((one) => one !== undefined);
  if (overlong.length === 0) return { overlong, examples: whole };
  return { overlong, examples: examplesOf(rows.flatMap((row, at) => (found[at] === undefined ? [{ ...row, line: lineOf(row, at) }] : []))) };
}
