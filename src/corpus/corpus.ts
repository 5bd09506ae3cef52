import { draws, shuffle } from "../../runtime/random/philox.ts";
import { compactNumbers } from "./compact.ts";
import { dates } from "./dates.ts";
import { lists } from "./lists.ts";
import { money } from "./money.ts";
import type { Kind, KindName, Phrase } from "./phrase.ts";
import { relativeTimes } from "./relative.ts";
import { units } from "./units.ts";

/**
 * A French-English corpus that needs no download: Unicode CLDR, which every Node carries, says the same dates, times, amounts and lists
 * in both languages. The same seed and the same CLDR version give the same corpus.
 */
export interface Corpus {
  readonly train: readonly Entry[];
  /** No source phrase of these is in `train`. */
  readonly heldout: readonly Entry[];
  /** How many phrases of each kind were drawn; those that had been drawn before were dropped. */
  readonly drawn: number;
}

export interface Entry extends Phrase {
  readonly kind: KindName;
}

export interface CorpusSize {
  readonly train: number;
  readonly heldout: number;
}

/** All kinds are drawn equally often. At least a quarter of the held-out phrases are lists, since names are the hard part. */
export function corpus(seed = 0, size: CorpusSize = { train: 20_000, heldout: 2_000 }): Corpus {
  const kinds = allKinds();
  const wanted = size.train + size.heldout;
  const found = new Map<string, Entry>();
  let drawn = 0;
  for (; found.size < wanted; drawn++) {
    for (const [index, kind] of kinds.entries()) {
      const phrase = kind.phrase(draws(seed, drawn * kinds.length + index));
      if (!found.has(phrase.french)) found.set(phrase.french, { kind: kind.name, ...phrase });
    }
  }
  const entries = [...found.values()];
  shuffle(entries, draws(seed, drawn * kinds.length));
  entries.length = wanted;
  return { ...split(entries, size.heldout), drawn };
}

function allKinds(): readonly Kind[] {
  return [
    { name: "dates", phrase: dates() },
    { name: "relative", phrase: relativeTimes() },
    { name: "units", phrase: units() },
    { name: "money", phrase: money() },
    { name: "lists", phrase: lists() },
    { name: "compact", phrase: compactNumbers() },
  ];
}

/** Holds out the first `count` entries; if fewer than a quarter of them are lists, later lists take the place of the last others. */
function split(entries: readonly Entry[], count: number): Pick<Corpus, "train" | "heldout"> {
  const isList = (entry: Entry): boolean => entry.kind === "lists";
  const share = Math.max(Math.ceil(count / 4), entries.slice(0, count).filter(isList).length);
  const heldout = new Set([...entries.filter(isList).slice(0, share), ...entries.filter((entry) => !isList(entry)).slice(0, count - share)]);
  return { train: entries.filter((entry) => !heldout.has(entry)), heldout: entries.filter((entry) => heldout.has(entry)) };
}
