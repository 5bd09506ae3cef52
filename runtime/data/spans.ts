import type { Tokenizer } from "../text/tokenizer.ts";
import { noExamples, sequenceOverLimit } from "./errors.ts";
import type { Examples, Overlong } from "./examples.ts";
import { DEFAULT_LIMIT, fittingRows, given, lineOf } from "./examples.ts";
import { segmentBatches } from "./labelled.ts";
import type { Segments } from "./segments.ts";
import { segments } from "./segments.ts";

/** A question whose answer is a part of the context: the characters from `from` up to `to`. */
export interface Question {
  readonly question: string;
  readonly context: string;
  readonly from: number;
  readonly to: number;
  /** In its file, from 1; by default its place in the list. */
  readonly line?: number | undefined;
}

interface Row extends Segments {
  readonly first: number;
  readonly last: number;
}

/**
 * Fields `ids` and `segment` [B, T] (start, question, end, context, end), `first` and `last` [B], the places of the answer's first and last
 * token. The context is cut into tokens before, within and behind the answer, so that no token crosses its ends. Where it is too long for
 * the model, tokens are taken away from the end that is farther from the answer; a question that is too long with its answer does not fit.
 */
export function spanExamples(rows: readonly Question[]): Examples {
  const examples: Examples = {
    count: rows.length,
    unit: "questions",
    text: { lines: () => rows.flatMap(({ question, context }) => [question, context]), spacing: "free", specials: [] },
    fitting({ tokenizer: maybe, limit = DEFAULT_LIMIT }) {
      const tokenizer = given(maybe);
      return fittingRows(rows, examples, (row, line) => overlongOf(partsOf(row, tokenizer), line, limit), spanExamples);
    },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LIMIT }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("questions");
      return segmentBatches(rows.map((row, at) => encoded(row, lineOf(row, at), tokenizer, limit)), { batch, seed, pad: tokenizer.pad }, (some) => ({
        first: Int32Array.from(some, ({ first }) => first),
        last: Int32Array.from(some, ({ last }) => last),
      }));
    },
  };
  return examples;
}

/** Start, and end behind either text. */
const AROUND = 3;

/** What must not be cut. */
interface Parts {
  readonly asked: readonly number[];
  readonly answer: readonly number[];
}

function partsOf({ question, context, from, to }: Question, tokenizer: Tokenizer): Parts {
  return { asked: tokenizer.encode(question), answer: tokenizer.encode(context.slice(from, to)) };
}

function overlongOf({ asked, answer }: Parts, line: number, limit: number): Overlong | undefined {
  const tokens = AROUND + asked.length + answer.length;
  return tokens > limit ? { line, side: "question with its answer", tokens, limit } : undefined;
}

/** Throws TfmError `sequence-over-limit` for a question that is too long with its answer. */
function encoded(row: Question, line: number, tokenizer: Tokenizer, limit: number): Row {
  const { context, from, to } = row;
  const { asked, answer } = partsOf(row, tokenizer);
  const overlong = overlongOf({ asked, answer }, line, limit);
  if (overlong !== undefined) throw sequenceOverLimit(overlong);
  let before = tokenizer.encode(context.slice(0, from)), behind = tokenizer.encode(context.slice(to));
  const room = limit - AROUND - asked.length - answer.length;
  while (before.length + behind.length > room) {
    if (before.length > behind.length) before = before.slice(1);
    else behind = behind.slice(0, -1);
  }
  // Behind start, the question and its end.
  const first = asked.length + 2 + before.length;
  return { ...segments(asked, [...before, ...answer, ...behind], limit, tokenizer), first, last: first + Math.max(1, answer.length) - 1 };
}
