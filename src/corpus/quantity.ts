import type { Draws } from "../../runtime/random/philox.ts";
import { between } from "./phrase.ts";

const plural = new Intl.PluralRules("fr");

/**
 * A number as people mention them, mostly small. The grammatical number is drawn first, so that singulars (0; 0,5; 1; 1,5 in French) and
 * millions, which take another form in French, are met often enough to be learnt.
 */
export function quantity(random: Draws): number {
  const roll = random.below(100);
  if (roll < 3) return between(1, 40, random) * 1_000_000;
  const category = roll < 15 ? "one" : "other";
  for (;;) {
    const value = category === "one" ? between(0, 19, random) / 10 : amount(random);
    if (plural.select(value) === category) return value;
  }
}

function amount(random: Draws): number {
  const roll = random.below(100);
  if (roll < 40) return between(2, 20, random);
  if (roll < 65) return between(10, 99, random);
  if (roll < 72) return between(1, 20, random) * 50;
  if (roll < 82) return between(100, 999, random);
  if (roll < 87) return between(1, 50, random) * 1000;
  if (roll < 90) return between(1000, 99_999, random);
  if (roll < 97) return between(11, 199, random) / 10;
  return between(101, 9_999, random) / 100;
}
