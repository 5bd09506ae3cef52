/**
 * The words that sacreBLEU compares (its tokenizer `13a`, after mteval-v13a.pl of NIST): punctuation stands alone, but full stops and
 * commas between digits belong to the number.
 */
export function tokenize13a(line: string): string[] {
  let text = line.replace(PYTHON_SPACE_AT_END, "").replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  text = text.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
  return ` ${text} `
    .replace(/([{-~[-` -&(-+:-@/])/gu, " $1 ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/gu, "$1 $2 ")
    .split(PYTHON_SPACE)
    .filter((word) => word !== "");
}

/** What Python's str.split() splits at and str.rstrip() takes away. */
const PYTHON_SPACE = /[\t-\r\x1C-\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/u;
const PYTHON_SPACE_AT_END = new RegExp(`${PYTHON_SPACE.source}$`, "u");
