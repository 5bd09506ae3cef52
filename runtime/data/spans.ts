import { noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { DEFAULT_LENGTH, segmentBatches } from "./labelled.ts";
import type { Segments } from "./segments.ts";

/** A question whose answer is a part of the context: the characters from `from` up to `to`. */
export interface Question {
  readonly question: string;
  readonly context: string;
  readonly from: number;
  readonly to: number;
}

interface Row extends Segments {
  readonly first: number;
  readonly last: number;
}

/**
 * Fields `ids` and `segment` [B, T] (start, question, end, context, end), `first` and `last` [B], the places of the answer's first and last
 * token. The context is cut into tokens before, within and behind the answer, so that no token crosses its ends. Where it is too long for
 * the model, tokens are taken away from the end that is farther from the answer.
 */
export function spanExamples(rows: readonly Question[]): Examples {
  return {
    count: rows.length,
    unit: "questions",
    text: { lines: () => rows.flatMap(({ question, context }) => [question, context]), spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LENGTH }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("questions");
      const encoded = rows.map(({ question, context, from, to }): Row => {
        const answer = tokenizer.encode(context.slice(from, to));
        const asked = tokenizer.encode(question).slice(0, Math.max(0, limit - 3 - answer.length));
        let before = tokenizer.encode(context.slice(0, from)), behind = tokenizer.encode(context.slice(to));
        const room = Math.max(0, limit - 3 - asked.length - answer.length);
        while (before.length + behind.length > room) {
          if (before.length > behind.length) before = before.slice(1);
          else behind = behind.slice(0, -1);
        }
        const head = [tokenizer.start, ...asked, tokenizer.end];
        const tail = [...before, ...answer, ...behind, tokenizer.end];
        const first = head.length + before.length;
        return { ids: [...head, ...tail], segment: [...head.map(() => 0), ...tail.map(() => 1)], first, last: first + Math.max(1, answer.length) - 1 };
      });
      return segmentBatches(encoded, { batch, seed, pad: tokenizer.pad }, (some) => ({
        first: Int32Array.from(some, ({ first }) => first),
        last: Int32Array.from(some, ({ last }) => last),
      }));
    },
  };
}
