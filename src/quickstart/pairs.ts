import path from "node:path";
import type { TextPair } from "../../runtime/data/index.ts";
import { shuffle, draws } from "../../runtime/random/philox.ts";
import { writeCorpus } from "../corpus/index.ts";
import { readPairs } from "../data-sources/tsv.ts";
import { exitCodes } from "../exit-codes.ts";
import { makeFolder } from "../experiment/run-folder.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";

/** Files of pairs that share no source. */
export interface SplitPairs {
  readonly train: string;
  readonly heldout: string;
  /** How many, and where from. */
  readonly description: string;
}

/** Writes the French-English corpus beside the example's model. */
export function builtInPairs(folder: string): SplitPairs {
  const { cldr, train, heldout } = valueOf(writeCorpus(folder));
  return {
    train: path.join(folder, train.file),
    heldout: path.join(folder, heldout.file),
    description: `${count(train.pairs)} French-English pairs from Unicode CLDR ${cldr}, and ${count(heldout.pairs)} held out`,
  };
}

/** Holds out a tenth of the user's pairs, 2,000 at most, and writes both parts into the folder. */
export function ownPairs(file: string, folder: string): SplitPairs {
  const bySource = new Map<string, TextPair[]>();
  const pairs = valueOf(readPairs(file));
  for (const pair of pairs) bySource.set(pair.source, [...(bySource.get(pair.source) ?? []), pair]);
  const groups = [...bySource.values()];
  if (groups.length < 2) {
    throw new CommandFailure({ code: "data-too-few", exit: exitCodes.wrong, message: `${file} has ${groups.length} source; one to train on and one to hold out are the least`, remedy: "a few thousand pairs make a useful model" });
  }
  shuffle(groups, draws(0));
  const held = Math.min(2000, Math.ceil(groups.length / 10));
  const [heldout, train] = [groups.slice(0, held).flat(), groups.slice(held).flat()];
  makeFolder(folder);
  const names = { train: path.join(folder, "train.tsv"), heldout: path.join(folder, "heldout.tsv") };
  valueOf(writeAtomically(names.train, tsv(train)));
  valueOf(writeAtomically(names.heldout, tsv(heldout)));
  return { ...names, description: `${count(train.length)} pairs from ${file}, and ${count(heldout.length)} held out` };
}

function tsv(pairs: readonly TextPair[]): string {
  return pairs.map(({ source, target }) => `${source}\t${target}\n`).join("");
}

const count = (number: number): string => number.toLocaleString("en-US");
