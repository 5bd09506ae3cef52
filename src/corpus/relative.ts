import type { Draws } from "../../runtime/random/philox.ts";
import { between, pick, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";

const UNITS: readonly Intl.RelativeTimeFormatUnit[] = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const OPTIONS: readonly Intl.RelativeTimeFormatOptions[] = [
  { style: "long", numeric: "auto" },
  { style: "long", numeric: "always" },
  { style: "short", numeric: "auto" },
  { style: "short", numeric: "always" },
];

interface Distance {
  readonly count: number;
  readonly unit: Intl.RelativeTimeFormatUnit;
}

/** "il y a 3 semaines" and "3 weeks ago", "le mois prochain" and "next month". */
export function relativeTimes(): (random: Draws) => Phrase {
  const styles = OPTIONS.map((options): Style<Distance> => {
    const french = new Intl.RelativeTimeFormat("fr", options), english = new Intl.RelativeTimeFormat("en", options);
    return { french: (d) => french.format(d.count, d.unit), english: (d) => english.format(d.count, d.unit) };
  });
  return (random) => say(styles, { count: count(random) * pick([-1, 1], random), unit: pick(UNITS, random) }, random);
}

function count(random: Draws): number {
  const roll = random.below(100);
  if (roll < 25) return between(0, 2, random);
  if (roll < 75) return between(3, 30, random);
  if (roll < 95) return between(20, 90, random);
  return between(100, 999, random);
}
