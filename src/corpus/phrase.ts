import { normalise } from "../../runtime/text/normalise.ts";
import type { Draws } from "../../runtime/random/philox.ts";

/** The same thing said in both languages. */
export interface Phrase {
  readonly french: string;
  readonly english: string;
}

/** A family of phrases; `phrase` draws one. */
export interface Kind {
  readonly name: KindName;
  readonly phrase: (random: Draws) => Phrase;
}

export const KIND_NAMES = ["dates", "relative", "units", "money", "lists", "compact"] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** One way of saying a value, in both languages. */
export interface Style<T> {
  readonly french: (value: T) => string;
  readonly english: (value: T) => string;
}

/**
 * Says a value in the drawn style. Styles are ordered from the fullest to the shortest, and where French says the value alike in two
 * styles the fuller one is taken: "4 mars 2024" is "March 4, 2024", never "Mar 4, 2024", so that a source has one translation.
 */
export function say<T>(styles: readonly Style<T>[], value: T, random: Draws): Phrase {
  const drawn = pick(styles, random);
  const french = drawn.french(value);
  const fullest = styles.find((style) => style === drawn || style.french(value) === french) ?? drawn;
  return { french: normalise(french), english: normalise(fullest.english(value)) };
}

export function pick<T>(items: readonly T[], random: Draws): T {
  return items[random.below(items.length)] as T;
}

/** An integer from `low` to `high`, both included. */
export function between(low: number, high: number, random: Draws): number {
  return low + random.below(high - low + 1);
}
