import { escape } from "./text.ts";

const KEYWORDS = "use|model|layer|fn|train|optimizer|data|param|state|let|draw|return|require|if|then|else|where|stack|for|scan|weights|none|true|false|not|and|or|sum|mean|max|min|softmax";
const TOKENS = new RegExp(`(//[^\\n]*)|("(?:[^"\\\\\\n]|\\\\.)*")|\\b(${KEYWORDS})\\b|(?<![\\w.])(\\d[\\d_.]*(?:e[+-]?\\d+)?)`, "g");
const KINDS = ["c", "s", "k", "n"] as const;

/** Source text of a model as HTML, coloured by `<i class="c|s|k|n">`: comments, texts, words of the language, numbers. */
export function highlighted(source: string): string {
  let html = "";
  let from = 0;
  for (const match of source.matchAll(TOKENS)) {
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)] as string;
    html += `${escape(source.slice(from, match.index))}<i class="${kind}">${escape(match[0])}</i>`;
    from = match.index + match[0].length;
  }
  return html + escape(source.slice(from));
}
