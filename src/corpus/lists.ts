import { shuffle } from "../../runtime/random/philox.ts";
import type { Draws } from "../../runtime/random/philox.ts";
import { between, pick, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";

/** Codes that CLDR names although they are no countries: unions, reserved codes for parts of others, test and unknown regions. */
const NO_COUNTRY = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split(" ");

/** "Norvège, Pérou et Inde" and "Norway, Peru, and India": two to four different countries, languages or currencies. */
export function lists(): (random: Draws) => Phrase {
  const families = [
    names("region", codes("A").filter((code) => !NO_COUNTRY.includes(code) && isCanonical(`und-${code}`))),
    names("language", codes("a").filter(isCanonical)),
    names("currency", Intl.supportedValuesOf("currency")),
  ];
  const styles = (["conjunction", "disjunction"] as const).map((type): Style<readonly Phrase[]> => {
    const french = new Intl.ListFormat("fr", { type }), english = new Intl.ListFormat("en", { type });
    return { french: (items) => french.format(items.map((item) => item.french)), english: (items) => english.format(items.map((item) => item.english)) };
  });
  return (random) => {
    const family = pick(families, random);
    const items = family.map((_, index) => index);
    const count = between(2, 4, random);
    shuffle(items, random);
    return say(styles, items.slice(0, count).map((index) => family[index] as Phrase), random);
  };
}

/** The names that CLDR has in both languages, each French one once; names that carry a year belong to money that is no longer used. */
function names(type: Intl.DisplayNamesType, from: readonly string[]): readonly Phrase[] {
  const french = new Intl.DisplayNames("fr", { type, fallback: "none" });
  const english = new Intl.DisplayNames("en", { type, fallback: "none" });
  const found = new Map<string, Phrase>();
  for (const code of from) {
    const name = { french: french.of(code) ?? "", english: english.of(code) ?? "" };
    if (name.french !== "" && name.english !== "" && !/\d/.test(name.french + name.english) && !found.has(name.french)) found.set(name.french, name);
  }
  return [...found.values()];
}

/** All two-letter codes, AA to ZZ or aa to zz. */
function codes(first: "A" | "a"): string[] {
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(first.charCodeAt(0) + index));
  return letters.flatMap((one) => letters.map((two) => one + two));
}

/** False for a code that has been replaced by another. */
function isCanonical(tag: string): boolean {
  return Intl.getCanonicalLocales(tag)[0] === tag;
}
