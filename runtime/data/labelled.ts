import { noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { listBatches, paddedRows, widest } from "./list.ts";
import type { Segments } from "./segments.ts";
import { segments } from "./segments.ts";

/** A text, or two that belong together, of a class. */
export interface Labelled {
  readonly first: string;
  readonly second?: string;
  readonly label: number;
}

/** Tokens where the model sets no limit of its own. */
export const DEFAULT_LENGTH = 512;

/** Fields `ids` [B, T] (start, the first text, end; then the second and end), `segment` [B, T] and `label` [B]. Longer texts than the model takes are cut. */
export function labelledExamples(rows: readonly Labelled[]): Examples {
  return {
    count: rows.length,
    unit: "texts",
    text: { lines: () => rows.flatMap(({ first, second }) => (second === undefined ? [first] : [first, second])), spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LENGTH }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("texts");
      const encoded = rows.map(({ first, second }) => segments(tokenizer.encode(first), second === undefined ? undefined : tokenizer.encode(second), limit, tokenizer));
      const lengths = encoded.map(({ ids }) => ids.length);
      return listBatches(lengths, {
        batch,
        seed,
        bounds: { T: widest(encoded.map(({ ids }) => ids)) },
        assemble: (picked) => {
          const { B, T, fields, tokens } = segmentFields(picked.map((at) => encoded[at] as Segments), tokenizer.pad);
          return { sizes: { B, T }, fields: { ...fields, label: Int32Array.from(picked, (at) => (rows[at] as Labelled).label) }, tokens };
        },
      });
    },
  };
}

/** The fields `ids` and `segment` of a batch, padded to its longest. */
export function segmentFields(rows: readonly Segments[], pad: number): { readonly B: number; readonly T: number; readonly fields: { readonly ids: Int32Array; readonly segment: Int32Array }; readonly tokens: number } {
  const T = widest(rows.map(({ ids }) => ids));
  return {
    B: rows.length,
    T,
    fields: { ids: paddedRows(rows.map(({ ids }) => ids), T, pad), segment: paddedRows(rows.map(({ segment }) => segment), T, 0) },
    tokens: rows.reduce((sum, { ids }) => sum + ids.length, 0),
  };
}
