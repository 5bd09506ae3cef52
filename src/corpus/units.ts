import type { Draws } from "../../runtime/random/philox.ts";
import { pick, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";
import { quantity } from "./quantity.ts";

const RATES = ["kilometer-per-hour", "mile-per-hour", "meter-per-second", "liter-per-kilometer", "megabyte-per-second", "gram-per-liter"];

/** "1,5 kilomètre" and "1.5 kilometers", "12 km/h", "30 %": every unit that ECMA-402 sanctions, and a few rates. */
export function units(): (random: Draws) => Phrase {
  const stylesOf = [...Intl.supportedValuesOf("unit"), ...RATES].map((unit) =>
    (["long", "short"] as const).map((unitDisplay): Style<number> => {
      const french = new Intl.NumberFormat("fr", { style: "unit", unit, unitDisplay });
      const english = new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay });
      return { french: (n) => french.format(n), english: (n) => english.format(n) };
    }));
  return (random) => say(pick(stylesOf, random), quantity(random), random);
}
