/** What is done to a text before it is cut: the parts that `normalizer` of `tokenizer.json` may have. */
import { meaningOf, oneOf, partsOfSequence, patternOf, textOf } from "./part.ts";
import type { Meanings } from "./part.ts";
import { precompiled } from "./precompiled.ts";

export type Normalizer = (text: string) => string;

export const NORMALIZERS: Meanings<Normalizer> = {
  Sequence: ({ normalizers }, whole) => {
    const steps = partsOfSequence(normalizers).map(whole);
    return (text) => steps.reduce((sofar, step) => step(sofar), text);
  },
  NFC: () => (text) => text.normalize("NFC"),
  NFD: () => (text) => text.normalize("NFD"),
  NFKC: () => (text) => text.normalize("NFKC"),
  NFKD: () => (text) => text.normalize("NFKD"),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ""),
  Strip: (part) => {
    const [left, right] = [oneOf(part, "strip_left", [true, false]), oneOf(part, "strip_right", [true, false])];
    return (text) => {
      const start = left ? withoutSpaceBefore(text) : text;
      return right ? withoutSpaceBehind(start) : start;
    };
  },
  Replace: (part) => {
    const pattern = patternOf(part), content = textOf(part, "content");
    return (text) => text.replace(pattern, () => content);
  },
  Prepend: (part) => {
    const before = textOf(part, "prepend");
    return (text) => (text === "" ? text : before + text);
  },
  Precompiled: (part) => precompiled(textOf(part, "precompiled_charsmap")),
  BertNormalizer: (part) => {
    const cleans = oneOf(part, "clean_text", [true, false]), parts = oneOf(part, "handle_chinese_chars", [true, false]);
    const lowers = oneOf(part, "lowercase", [true, false]), strips = oneOf(part, "strip_accents", [lowers, !lowers]);
    return (text) => {
      const clean = cleans ? text.replace(CONTROLS, "").replace(/\p{White_Space}/gu, " ") : text;
      const parted = parts ? clean.replace(IDEOGRAPHS, " $& ") : clean;
      const bare = strips ? parted.normalize("NFD").replace(/\p{Mn}/gu, "") : parted;
      return lowers ? lowercase(bare) : bare;
    };
  },
};

/** No part at all changes nothing. Throws TfmError `tokenizer-unsupported`. */
export function normalizerOf(part: unknown): Normalizer {
  return part === null || part === undefined ? (text) => text : meaningOf("the normalizer", part, NORMALIZERS);
}

const CONTROLS = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu;
/** Those that BERT makes words of their own. */
const IDEOGRAPHS = /[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/** A sigma at the end of a word is one as elsewhere. */
function lowercase(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase();
}

const SPACE = /^\p{White_Space}$/u;

export function withoutSpaceBefore(text: string): string {
  return text.replace(/^\p{White_Space}+/u, "");
}

/** By hand, as an expression would begin anew at each space of a long run. */
export function withoutSpaceBehind(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
