import { noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { given } from "./examples.ts";
import { imageBatch } from "./images.ts";
import type { Pictures } from "./images.ts";
import { listBatches, paddedRows, widest } from "./list.ts";

/**
 * Pictures with the names of their classes as captions. Fields `image` [B, side, side, channels], `caption` [B, T], `label` [B], and
 * `prompts` [classes, L], the names of all classes, the same in every batch.
 */
export function captionExamples(pictures: Pictures, names: readonly string[]): Examples {
  const count = pictures.labels.length;
  return {
    count,
    unit: "images",
    text: { lines: () => names, spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = Infinity }) {
      const tokenizer = given(maybe);
      if (count === 0) throw noExamples("images");
      const captions = names.map((name) => tokenizer.encode(name).slice(0, limit));
      const L = widest(captions);
      const prompts = paddedRows(captions, L, tokenizer.pad);
      return listBatches(new Uint8Array(count), {
        batch,
        seed,
        bounds: { T: L, L },
        assemble: (picked) => {
          const { sizes, fields, tokens } = imageBatch(pictures, picked);
          const rows = picked.map((at) => captions[pictures.labels[at] as number] as number[]);
          const T = widest(rows);
          return { sizes: { ...sizes, T, L }, fields: { ...fields, caption: paddedRows(rows, T, tokenizer.pad), prompts }, shared: ["prompts"], tokens };
        },
      });
    },
  };
}
