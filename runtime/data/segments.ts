import type { Tokenizer } from "../text/tokenizer.ts";

/** Ids as BERT reads them: start a end, or start a end b end. */
export interface Segments {
  readonly ids: readonly number[];
  /** 0 for start, a and its end; 1 for the rest. */
  readonly segment: readonly number[];
}

/** One or two texts within `limit` ids; where they are too long, the longer is cut at its end, of equals the second. */
export function segments(a: readonly number[], b: readonly number[] | undefined, limit: number, { start, end }: Pick<Tokenizer, "start" | "end">): Segments {
  const room = Math.max(0, limit - (b === undefined ? 2 : 3));
  let first = a.length, second = b?.length ?? 0;
  while (first + second > room) {
    if (first > second) first--;
    else second--;
  }
  const head = [start, ...a.slice(0, first), end];
  const tail = b === undefined ? [] : [...b.slice(0, second), end];
  return { ids: [...head, ...tail], segment: [...head.map(() => 0), ...tail.map(() => 1)] };
}
