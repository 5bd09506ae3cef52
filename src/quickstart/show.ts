import pc from "picocolors";
import { wordDifference } from "../../runtime/metrics/index.ts";
import type { Answer } from "../experiment/evaluate.ts";

/** A line: ticked where the answer is right, else with the words that differ marked; without colours as [-written-] and {+wanted+}. */
export function answerLine({ source, wanted, given }: Answer, color: boolean): string {
  const paint = pc.createColors(color);
  if (given === wanted) return `  ${paint.green("✓")} ${source}  →  ${given}`;
  const marked = wordDifference(given, wanted).map(({ in: where, text }) => {
    switch (where) {
      case "both":
        return text;
      case "hypothesis":
        return color ? paint.red(paint.strikethrough(text)) : `[-${text}-]`;
      case "reference":
        return color ? paint.green(paint.underline(text)) : `{+${text}+}`;
      default:
        return where satisfies never;
    }
  });
  return `  ${paint.red("✗")} ${source}  →  ${marked.join(" ")}`;
}

/** Some right answers, then some wrong ones, from all over the list. */
export function sample(answers: readonly Answer[], each: number): readonly Answer[] {
  const isRight = ({ wanted, given }: Answer): boolean => wanted === given;
  return [...spread(answers.filter(isRight), each), ...spread(answers.filter((answer) => !isRight(answer)), each)];
}

/** `count` items at equal distances. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, at) => items[Math.floor(((at + 0.5) * items.length) / count)] as T);
}

/** Pads to a column of terminal cells; every text here is of single-width characters. */
export function column(texts: readonly string[]): readonly string[] {
  const width = Math.max(...texts.map((text) => [...text].length));
  return texts.map((text) => text + " ".repeat(width - [...text].length));
}
