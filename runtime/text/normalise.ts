/**
 * One spelling for text that looks alike: Unicode NFC, every kind of white space as one plain space, typographic apostrophes as ',
 * no space at either end. The corpus is written in it, and tokenizers of words apply it before they look at a text.
 */
export function normalise(text: string): string {
  return text.normalize("NFC").replace(APOSTROPHES, "'").replace(SPACES, " ").replace(/^ | $/g, "");
}

/**
 * White space of Unicode, U+FEFF, and U+2581, which tokens write for a space; in a form that JavaScript's and Oniguruma's regular
 * expressions read alike, since it also stands in `tokenizer.json`.
 */
export const SPACE_PATTERN = "[\\t\\n\\x0B\\f\\r \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u2581\\u3000\\uFEFF]+";
export const APOSTROPHE_PATTERN = "[\\u2018\\u2019\\u201B\\u02BB\\u02BC\\uFF07]";

const SPACES = new RegExp(SPACE_PATTERN, "gu");
const APOSTROPHES = new RegExp(APOSTROPHE_PATTERN, "gu");
