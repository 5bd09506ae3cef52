import type { Draws } from "../../runtime/random/philox.ts";
import { pick, say } from "./phrase.ts";
import type { Phrase, Style } from "./phrase.ts";
import { quantity } from "./quantity.ts";

/** What French and English speakers mostly count in, the commonest repeated so as to be drawn more often; all others occur in lists. */
const CURRENCIES = ("EUR EUR EUR EUR EUR EUR EUR EUR EUR EUR USD USD USD USD USD USD GBP GBP GBP CHF CHF CAD CAD MAD XOF EUR USD GBP CHF JPY CAD AUD CNY INR BRL MXN RUB SEK NOK DKK PLN CZK HUF TRY MAD TND DZD XOF KRW ZAR SGD HKD NZD").split(" ");
const OPTIONS = [
  { currencyDisplay: "name", trailingZeroDisplay: "stripIfInteger" },
  { currencyDisplay: "symbol", trailingZeroDisplay: "auto" },
  { currencyDisplay: "symbol", trailingZeroDisplay: "stripIfInteger" },
  { currencyDisplay: "code", trailingZeroDisplay: "auto" },
  { currencyDisplay: "code", trailingZeroDisplay: "stripIfInteger" },
] as const;

/** "12,50 €" and "€12.50", "3 francs suisses" and "3 Swiss francs", "40 USD" and "USD 40". */
export function money(): (random: Draws) => Phrase {
  const stylesOf = CURRENCIES.map((currency) =>
    OPTIONS.map((options): Style<number> => {
      const french = new Intl.NumberFormat("fr", { style: "currency", currency, ...options });
      const english = new Intl.NumberFormat("en", { style: "currency", currency, ...options });
      return { french: (n) => french.format(n), english: (n) => english.format(n) };
    }));
  return (random) => say(pick(stylesOf, random), quantity(random), random);
}
