import { noExamples } from "./errors.ts";
import type { EncodedExamples, Examples } from "./examples.ts";
import { DEFAULT_LIMIT, given } from "./examples.ts";
import { listBatches, paddedRows, widest } from "./list.ts";
import type { Segments } from "./segments.ts";
import { segments } from "./segments.ts";

/** A text, or two that belong together, of a class. */
export interface Labelled {
  readonly first: string;
  readonly second?: string;
  readonly label: number;
}

/** Fields `ids` [B, T] (start, the first text, end; then the second and end), `segment` [B, T] and `label` [B]. Longer texts than the model takes are cut. */
export function labelledExamples(rows: readonly Labelled[]): Examples {
  return {
    count: rows.length,
    unit: "texts",
    text: { lines: () => rows.flatMap(({ first, second }) => (second === undefined ? [first] : [first, second])), spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LIMIT }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("texts");
      const encoded = rows.map(({ first, second, label }) => ({ ...segments(tokenizer.encode(first), second === undefined ? undefined : tokenizer.encode(second), limit, tokenizer), label }));
      return segmentBatches(encoded, { batch, seed, pad: tokenizer.pad }, (some) => ({ label: Int32Array.from(some, ({ label }) => label) }));
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

/** Batches of rows by their lengths: `ids` and `segment`, with what `further` makes of the rows of a batch whose longest has T ids. */
export function segmentBatches<Row extends Segments>(
  encoded: readonly Row[],
  { batch, seed, pad }: { readonly batch: number; readonly seed: number; readonly pad: number },
  further: (rows: readonly Row[], T: number) => Readonly<Record<string, Int32Array>>,
): EncodedExamples {
  return listBatches(encoded.map(({ ids }) => ids.length), {
    batch,
    seed,
    bounds: { T: widest(encoded.map(({ ids }) => ids)) },
    assemble: (picked) => {
      const some = picked.map((at) => encoded[at] as Row);
      const { B, T, fields, tokens } = segmentFields(some, pad);
      return { sizes: { B, T }, fields: { ...fields, ...further(some, T) }, tokens };
    },
  });
}
