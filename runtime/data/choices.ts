import { largest } from "../largest.ts";
import { noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { DEFAULT_LIMIT, given } from "./examples.ts";
import { segmentFields } from "./labelled.ts";
import { listBatches, widest } from "./list.ts";
import { segments } from "./segments.ts";

/** A question with answers to choose from, of which one is right; every question has as many. */
export interface Choice {
  readonly question: string;
  readonly answers: readonly string[];
  readonly label: number;
}

/**
 * Fields `ids` and `segment` [B * choices, T], a row for each answer (start, question, end, answer, end), and `label` [B]. Longer texts than
 * the model takes are cut.
 */
export function choiceExamples(rows: readonly Choice[]): Examples {
  return {
    count: rows.length,
    unit: "questions",
    text: { lines: () => rows.flatMap(({ question, answers }) => [question, ...answers]), spacing: "free", specials: [] },
    encode({ tokenizer: maybe, batch, seed, limit = DEFAULT_LIMIT }) {
      const tokenizer = given(maybe);
      if (rows.length === 0) throw noExamples("questions");
      const encoded = rows.map(({ question, answers }) => {
        const asked = tokenizer.encode(question);
        return answers.map((answer) => segments(asked, tokenizer.encode(answer), limit, tokenizer));
      });
      const lengths = encoded.map((choices) => widest(choices.map(({ ids }) => ids)));
      return listBatches(lengths, {
        batch,
        seed,
        bounds: { T: largest(lengths, (length) => length) },
        assemble: (picked) => {
          const { T, fields, tokens } = segmentFields(picked.flatMap((at) => encoded[at] ?? []), tokenizer.pad);
          return { sizes: { B: picked.length, T }, fields: { ...fields, label: Int32Array.from(picked, (at) => rows[at]?.label ?? 0) }, tokens };
        },
      });
    },
  };
}
