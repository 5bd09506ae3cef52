/**
 * The regular expressions of `tokenizer.json`, which are in Oniguruma's syntax, as JavaScript's. What the two read alike is kept, what
 * they read differently is rewritten (white space, digits, letters of either case), and what only one of them has is refused.
 */

/** Unicode's white space has U+0085 and lacks U+FEFF, unlike JavaScript's. */
const CLASSES: Readonly<Record<string, string>> = { s: "\\p{White_Space}", S: "\\P{White_Space}", d: "\\p{Nd}", D: "\\P{Nd}", w: "\\p{L}\\p{M}\\p{Nd}\\p{Pc}" };
/** Signs that are the same as a letter where its case does not count, beside its capital. */
const FOLDED: Readonly<Record<string, string>> = { s: "\u017F", k: "\u212A" };

const STEP = /\\(?:p\{(?<property>\w+)\}|(?<same>x\w\w|u\w{4}|P\{\w+\}|[nrtfv^$\\.*+?()[\]{}|/-])|(?<escaped>.))|\(\?(?<open>i?:|<?[=!])|[?*+}]\+|&&|./gsu;

/** Throws where JavaScript has nothing that means the same. */
export function expressionOf(pattern: string): RegExp {
  /** For each open group whether the case of letters counts in it. */
  const groups = [true];
  let bracketed = false;
  const steps = Array.from(pattern.matchAll(STEP), ({ 0: text, groups: { property, same, escaped, open } = {} }) => {
    const counts = groups.at(-1) !== false;
    // General categories have names of one letter or two, others are scripts, such as Han.
    if (property !== undefined) return `\\p{${property.length > 2 ? "Script=" : ""}${property}}`;
    if (escaped !== undefined) return escapedAs(escaped, bracketed);
    // A hyphen is escaped in brackets alone.
    if (same !== undefined) return same === "-" && !bracketed ? same : text;
    if (bracketed) {
      if (/\[|&&/.test(text) || (text === "-" && !counts)) throw new Error(text);
      bracketed = text !== "]";
      return counts ? text : eitherCase(text);
    }
    if (open !== undefined || text === "(") {
      groups.push(counts && open !== "i:");
      return `(?${open?.replace("i", "") ?? ":"}`;
    }
    // Line ends, and quantifiers that keep what they have.
    if (/.\+/.test(text) || text === "^" || text === "$") throw new Error(text);
    if (text === ")") groups.pop();
    bracketed = text === "[";
    return text === "." ? "[^\\n]" : counts || !/\p{L}/u.test(text) ? text : `[${eitherCase(text)}]`;
  });
  return new RegExp(steps.join(""), "gu");
}

function escapedAs(sign: string, bracketed: boolean): string {
  const known = CLASSES[sign];
  if (known !== undefined) return bracketed ? known : `[${known}]`;
  if (/\w/.test(sign)) throw new Error(sign);
  return sign;
}

function eitherCase(sign: string): string {
  const small = sign.toLowerCase();
  if (/[^a-z]/.test(small)) {
    if (/\p{L}/u.test(small)) throw new Error(sign);
    return sign;
  }
  return `${small}${small.toUpperCase()}${FOLDED[small] ?? ""}`;
}

/** An expression that matches these texts and nothing else, of two at one place the one that is named first. */
export function literally(...texts: readonly string[]): RegExp {
  return new RegExp(texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "gu");
}
