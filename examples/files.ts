// What the examples' data makers share: `examples/NAME/data.ts` exports `files`, and `npm run data -- NAME` writes what it gives.
import { draws } from "../runtime/random/philox.ts";
import type { Draws } from "../runtime/random/philox.ts";

export interface DataRequest {
  /** The same seed gives the same files. */
  readonly seed: number;
  /** A file of the folder that `--from` names. */
  readonly read: (path: string) => Uint8Array;
}

/** A path below the example's folder, and what is to stand there. */
export type DataFile = readonly [path: string, content: string | Uint8Array];

export function tsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join("\t")}\n`).join("");
}

/** The lines of a file of text, without empty ones. */
export function linesOf(bytes: Uint8Array): readonly string[] {
  return new TextDecoder().decode(bytes).split(/\r\n|\n/).filter((line) => line.trim() !== "");
}

export const FIRST_DAY = Date.UTC(1990, 0, 1);
export const DAYS = (Date.UTC(2040, 0, 1) - FIRST_DAY) / 86_400_000;

/** The time of a day of 1990 to 2039, one in ten of which are held out, whatever is said of them. */
export function dayOf(random: Draws, heldOut: boolean): number {
  for (;;) {
    const day = random.below(DAYS);
    if ((draws(day, 7).below(10) === 0) === heldOut) return FIRST_DAY + day * 86_400_000;
  }
}

/** `count` different rows, as `make` draws them; rows are the same if their first `key` columns are. */
export function distinct(count: number, random: Draws, make: (random: Draws) => readonly string[], key = 1): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  while (found.size < count) {
    const row = make(random);
    const name = row.slice(0, key).join("\t");
    if (!found.has(name)) found.set(name, row);
  }
  return [...found.values()];
}
