import type { Draws } from "../../runtime/random/philox.ts";
import { between, pick, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";

/** "2,4 millions" and "2.4 million", "3 Md" and "3B": up to three digits from thousands to 10^15. */
export function compactNumbers(): (random: Draws) => Phrase {
  const styles = (["long", "short"] as const).map((compactDisplay): Style<number> => {
    const options = { notation: "compact", compactDisplay, maximumFractionDigits: 1 } as const;
    const french = new Intl.NumberFormat("fr", options), english = new Intl.NumberFormat("en", options);
    return { french: (n) => french.format(n), english: (n) => english.format(n) };
  });
  return (random) => {
    const digits = random.below(3) > 0 ? between(10, 99, random) / 10 : between(1, 999, random);
    return say(styles, digits * pick([1e3, 1e6, 1e9, 1e12], random), random);
  };
}
