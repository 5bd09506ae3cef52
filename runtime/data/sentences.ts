import { draws } from "../random/philox.ts";
import { STREAMS } from "../random/streams.ts";
import { MASK } from "../text/tokenizer.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { wordBeginnings } from "../text/words.ts";
import { noExamples } from "./errors.ts";
import type { EncodedExamples, EncodeOptions, Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { segmentBatches, segmentFields } from "./labelled.ts";
import { listBatches, paddedRows } from "./list.ts";
import { packedRows } from "./packed.ts";
import { segments } from "./segments.ts";

/** In the place of the epoch, in evaluation. */
const NO_EPOCH = 2 ** 12 - 1;

/**
 * Pairs of sentences for masked language modelling and the prediction whether one follows the other (Devlin et al. 2019, §3.1). Fields
 * `ids` and `segment` [B, T], `word` [B, T], which is where the word of each place begins, and `follows` [B]. Half of the time the second
 * sentence is the one that follows in its document, else any other, drawn anew in every epoch; a document's last is followed by none.
 * With `packed`, rows are filled with sentences in their order instead, and `segment` and `follows` are 0.
 */
export function sentenceExamples(documents: readonly (readonly string[])[], length: number, packed = false): Examples {
  const sentences = documents.flat();
  const isLast = documents.flatMap((document) => document.map((_, at) => at === document.length - 1));
  return {
    count: sentences.length,
    unit: "sentences",
    text: { lines: () => sentences, spacing: "free", specials: [MASK] },
    encode({ tokenizer: maybe, batch, seed, limit = length }) {
      const tokenizer = given(maybe);
      if (sentences.length === 0) throw noExamples("sentences");
      const encoded = sentences.map((sentence) => tokenizer.encode(sentence));
      const most = Math.min(length, limit);
      if (packed) return packedBatches(documents, encoded, most, tokenizer, { batch, seed });
      const begins = wordBeginnings(tokenizer);
      const second = (first: number, epoch: number): { readonly at: number; readonly follows: boolean } => {
        const random = draws(seed, STREAMS.sentences + epoch * 2 ** 32 + first);
        if (isLast[first] !== true && random.below(2) === 1) return { at: first + 1, follows: true };
        const other = random.below(sentences.length);
        return { at: isLast[first] !== true && other === first + 1 ? first : other, follows: false };
      };
      const lengthOf = (first: number, epoch: number): number => Math.min(most, (encoded[first] as number[]).length + (encoded[second(first, epoch).at] as number[]).length);
      return listBatches((epoch) => encoded.map((_, first) => lengthOf(first, epoch % NO_EPOCH)), {
        batch,
        seed,
        bounds: { T: most },
        assemble: (picked, epoch = NO_EPOCH) => {
          const seconds = picked.map((first) => second(first, epoch % NO_EPOCH));
          const rows = picked.map((first, b) => segments(encoded[first] as number[], encoded[(seconds[b] as { at: number }).at], most, tokenizer));
          const { B, T, fields, tokens } = segmentFields(rows, tokenizer.pad);
          const word = paddedRows(rows.map(({ ids }) => wordStarts(ids, begins)), T, 0);
          return { sizes: { B, T }, fields: { ...fields, word, follows: Int32Array.from(seconds, ({ follows }) => (follows ? 1 : 0)) }, tokens };
        },
      });
    },
  };
}

function packedBatches(documents: readonly (readonly string[])[], encoded: readonly (readonly number[])[], most: number, tokenizer: Tokenizer, { batch, seed }: Pick<EncodeOptions, "batch" | "seed">): EncodedExamples {
  let from = 0;
  const parted = documents.map((document) => encoded.slice(from, (from += document.length)));
  const begins = wordBeginnings(tokenizer);
  const rows = packedRows(parted, most, tokenizer).map((ids) => ({ ids, segment: ids.map(() => 0) }));
  return segmentBatches(rows, { batch, seed, pad: tokenizer.pad }, (some, T) => ({
    word: paddedRows(some.map(({ ids }) => wordStarts(ids, begins)), T, 0),
    follows: new Int32Array(some.length),
  }));
}

/** For each place, where its word begins. */
function wordStarts(ids: readonly number[], begins: (id: number) => boolean): readonly number[] {
  let start = 0;
  return ids.map((id, at) => {
    if (begins(id)) start = at;
    return start;
  });
}
