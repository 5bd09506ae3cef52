/** The pieces of a text that no token may cross: the parts that `pre_tokenizer` of `tokenizer.json` may have. */
import type { Fields } from "../json.ts";
import { inSymbols } from "./byte-symbols.ts";
import { expressionOf, literally } from "./expression.ts";
import { meaningOf, oneOf, partsOfSequence, patternOf, textOf } from "./part.ts";
import type { Meanings } from "./part.ts";

/** The pieces, none of them empty. `opens`: the text stands at the beginning of what is encoded, not behind a special token. */
export type PreTokenizer = (text: string, opens: boolean) => readonly string[];

/**
 * GPT-2's (Radford et al. 2019): a word, number or run of signs with the space before it, or a run of spaces. What is a space Unicode says:
 * JavaScript's \s has U+FEFF besides and lacks U+0085.
 */
const BYTE_PIECE = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;
const WORDS_AND_SIGNS = expressionOf("\\w+|[^\\w\\s]+");
const SPACES = /\p{White_Space}+/gu;

const BEHAVIOURS = ["Isolated", "Removed", "MergedWithNext"] as const;
type Behaviour = (typeof BEHAVIOURS)[number];

export const PRE_TOKENIZERS: Meanings<PreTokenizer> = {
  Sequence: ({ pretokenizers }, whole) => {
    const steps = partsOfSequence(pretokenizers).map(whole);
    return (text, opens) => steps.reduce<readonly string[]>((pieces, step) => pieces.flatMap((piece, at) => step(piece, opens && at === 0)), [text]);
  },
  ByteLevel: (part) => {
    const spaced = oneOf(part, "add_prefix_space", [true, false]), cuts = oneOf(part, "use_regex", [true, false]);
    return (text) => {
      const whole = spaced && !text.startsWith(" ") ? ` ${text}` : text;
      return (cuts ? whole.match(BYTE_PIECE) ?? [] : [whole]).map(inSymbols);
    };
  },
  Metaspace: (part) => {
    const space = textOf(part, "replacement"), pattern = literally(space);
    const prepends = prependsOf(part), cuts = oneOf(part, "split", [true, false]);
    return (text, opens) => {
      const marked = text.replaceAll(" ", space);
      const whole = (prepends === "always" || (prepends === "first" && opens)) && !marked.startsWith(space) ? space + marked : marked;
      return cuts ? split(whole, pattern, "MergedWithNext") : [whole];
    };
  },
  Split: (part) => {
    const pattern = patternOf(part), behaviour = oneOf(part, "behavior", BEHAVIOURS), invert = oneOf(part, "invert", [false, true]);
    return (text) => split(text, pattern, behaviour, invert);
  },
  Whitespace: () => (text) => text.match(WORDS_AND_SIGNS) ?? [],
  WhitespaceSplit: () => (text) => split(text, SPACES, "Removed"),
  Punctuation: (part) => {
    const behaviour = oneOf(part, "behavior", BEHAVIOURS);
    return (text) => split(text, PUNCTUATION, behaviour);
  },
  Digits: (part) => {
    const pattern = oneOf(part, "individual_digits", [false, true]) ? /\p{N}/gu : /\p{N}+/gu;
    return (text) => split(text, pattern, "Isolated");
  },
  BertPreTokenizer: () => (text) => split(text, SPACES, "Removed").flatMap((word) => split(word, PUNCTUATION, "Isolated")),
};

/** Without a part a text is one piece. Throws TfmError `tokenizer-unsupported`. */
export function preTokenizerOf(part: unknown): PreTokenizer {
  return part === null || part === undefined ? (text) => [text] : meaningOf("the pre_tokenizer", part, PRE_TOKENIZERS);
}

/** Files have said it in two ways. */
export function prependsOf(part: Fields): "always" | "never" | "first" {
  return part["prepend_scheme"] === undefined && part["add_prefix_space"] === false ? "never" : oneOf(part, "prepend_scheme", ["always", "never", "first"]);
}

/** The delimiters by themselves, before what follows, or not at all, and what stands between them. What matches are delimiters; `invert`: what does not. */
function split(text: string, pattern: RegExp, behaviour: Behaviour, invert = false): readonly string[] {
  const pieces: string[] = [];
  let end = 0, opens = false;
  const add = (span: string, delimits: boolean): void => {
    if (span === "" || (delimits && behaviour === "Removed")) return;
    pieces.push(opens && !delimits ? `${pieces.pop() ?? ""}${span}` : span);
    opens = delimits && behaviour === "MergedWithNext";
  };
  for (const { 0: match, index } of text.matchAll(pattern)) {
    add(text.slice(end, index), invert);
    add(match, !invert);
    end = index + match.length;
  }
  add(text.slice(end), invert);
  return pieces;
}
