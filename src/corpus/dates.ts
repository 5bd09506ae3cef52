import type { Draws } from "../../runtime/random/philox.ts";
import { between, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";

/** From the fullest to the shortest. */
const OPTIONS: readonly Intl.DateTimeFormatOptions[] = [
  { dateStyle: "full", timeStyle: "short" },
  { dateStyle: "full" },
  { dateStyle: "long", timeStyle: "short" },
  { dateStyle: "long" },
  { weekday: "long", day: "numeric", month: "long" },
  { day: "numeric", month: "long" },
  { month: "long", year: "numeric" },
  { weekday: "long", hour: "numeric", minute: "2-digit" },
  { weekday: "long", hour: "numeric" },
  { dateStyle: "medium", timeStyle: "short" },
  { dateStyle: "medium" },
  { weekday: "short", day: "numeric", month: "short" },
  { day: "numeric", month: "short" },
  { month: "short", year: "numeric" },
  { dateStyle: "short", timeStyle: "short" },
  { dateStyle: "short" },
  { timeStyle: "medium" },
  { timeStyle: "short" },
  { hour: "numeric" },
];

/** "lundi 4 mars 2024 à 14:05" and "Monday, March 4, 2024 at 2:05 PM": dates and times of 1990 to 2039. */
export function dates(): (random: Draws) => Phrase {
  const styles = OPTIONS.map((options): Style<number> => {
    const french = new Intl.DateTimeFormat("fr", { ...options, timeZone: "UTC" });
    const english = new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" });
    return { french: (time) => french.format(time), english: (time) => english.format(time) };
  });
  const first = Date.UTC(1990, 0, 1), days = (Date.UTC(2040, 0, 1) - first) / 86_400_000;
  return (random) => {
    const minute = random.below(4) > 0 ? random.below(12) * 5 : random.below(60);
    const time = (random.below(24) * 60 + minute) * 60 + random.below(60);
    return say(styles, first + between(0, days - 1, random) * 86_400_000 + time * 1000, random);
  };
}
