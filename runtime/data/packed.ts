import type { Tokenizer } from "../text/tokenizer.ts";

/**
 * Sentences one after the other in rows of at most `length` ids, as RoBERTa's FULL-SENTENCES (Liu et al. 2019, §4.2): start, sentences,
 * end, and another end wherever a document ends within a row. No sentence is parted, but one that is longer than a row is cut.
 */
export function packedRows(documents: readonly (readonly (readonly number[])[])[], length: number, { start, end }: Pick<Tokenizer, "start" | "end">): readonly (readonly number[])[] {
  const rows: (readonly number[])[] = [];
  let row = [start];
  const close = (): void => {
    if (row.length > 1) rows.push(row.at(-1) === end ? row : [...row, end]);
    row = [start];
  };
  for (const sentences of documents) {
    for (const sentence of sentences) {
      const whole = sentence.slice(0, Math.max(0, length - 2));
      if (row.length + whole.length + 1 > length) close();
      row.push(...whole);
    }
    // The end that closes the document; where no more than it fits behind, it closes the row.
    if (row.length > 1 && row.at(-1) !== end) row.push(end);
    if (row.length >= length - 1) close();
  }
  close();
  return rows;
}
