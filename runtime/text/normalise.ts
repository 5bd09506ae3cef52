/**
 * One spelling for text that looks alike: Unicode NFC, every kind of white space as one plain space, typographic apostrophes as ',
 * no space at either end. The corpus is written in it, and every tokenizer applies it before it looks at a text.
 */
export function normalise(text: string): string {
  return text.normalize("NFC").replace(APOSTROPHES, "'").replace(SPACES, " ").replace(/^ | $/g, "");
}

/** White space of Unicode and U+FEFF, in a form that JavaScript's and Oniguruma's regular expressions read alike. */
export const SPACE_CLASS = "[\\t\\n\\x0B\\f\\r \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000\\uFEFF]+";
export const APOSTROPHE_CLASS = "[\\u2018\\u2019\\u201B\\u02BB\\u02BC\\uFF07]";

const SPACES = new RegExp(SPACE_CLASS, "g");
const APOSTROPHES = new RegExp(APOSTROPHE_CLASS, "g");
