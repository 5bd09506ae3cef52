// French and English dates and times as Unicode CLDR says them: npm run data -- rnn
import { draws, shuffle } from "../../runtime/random/philox.ts";
import { dates } from "../../src/corpus/dates.ts";
import { distinct, tsv } from "../files.ts";
import type { DataFile, DataRequest } from "../files.ts";

const TRAIN = 20_000, HELD_OUT = 2_000;

/**
 * `dates.tsv` to train on; `heldout.tsv`, none of whose French phrases is among them; `longest.tsv`, the third of the held-out pairs with
 * the longest French phrases. Each line is French, tab, English.
 */
export function files({ seed }: DataRequest): readonly DataFile[] {
  const random = draws(seed), phrase = dates();
  const rows = [...distinct(TRAIN + HELD_OUT, random, () => {
    const { french, english } = phrase(random);
    return [french, english];
  })];
  shuffle(rows, random);
  const heldOut = rows.slice(0, HELD_OUT);
  const byLength = [...heldOut].sort(([a = ""], [b = ""]) => b.length - a.length);
  return [
    ["dates.tsv", tsv(rows.slice(HELD_OUT))],
    ["heldout.tsv", tsv(heldOut)],
    ["longest.tsv", tsv(byLength.slice(0, Math.ceil(HELD_OUT / 3)))],
  ];
}
