import type { Json } from "../json.ts";
import { APOSTROPHE_PATTERN, normalise, SPACE_PATTERN } from "./normalise.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/**
 * What happens to a text around byte-pair encoding: how it is normalised, which pieces no token may cross, how tokens become text again.
 * Each scheme says so twice, as functions and as the three parts of `tokenizer.json` that mean the same to other programs.
 */
export interface Scheme {
  readonly name: "words" | "characters" | "bytes" | "byte-words" | "bert-words";
  readonly normalise: (text: string) => string;
  /** The pieces of a normalised text that is not empty, in the symbols of the vocabulary. */
  readonly pieces: (text: string) => readonly string[];
  /** Text of consecutive tokens of the vocabulary. */
  readonly join: (tokens: readonly string[]) => string;
  /** Whether a token, as the vocabulary writes it, begins a word. */
  readonly begins: (token: string) => boolean;
  /** Whether tokens spell bytes rather than characters. */
  readonly inBytes: boolean;
  /** Symbols that the vocabulary holds whether met or not. */
  readonly alphabet: readonly string[];
  readonly normalizer: Json;
  readonly preTokenizer: Json;
  readonly decoder: Json;
}

/**
 * A word with the space before it (written ▁, as in SentencePiece), up to two digits, or a run of other signs. Numbers are cut into pairs
 * of digits and kept apart from their space, so that a number reads the same wherever it stands and copying it needs few tokens.
 */
const PIECE = "\\p{Nd}{1,2}|\\u2581?[\\p{L}\\p{M}]+|\\u2581?[^\\u2581\\p{L}\\p{M}\\p{Nd}]+|\\u2581";
const pieceExpression = new RegExp(PIECE, "gu");

/** For translation and other text in which spacing carries no meaning. */
export const WORDS: Scheme = {
  name: "words",
  normalise,
  pieces: (text) => `▁${text.replaceAll(" ", "▁")}`.match(pieceExpression) ?? [],
  join: (tokens) => tokens.join("").replaceAll("▁", " ").replace(/^ /, ""),
  begins: (token) => token.startsWith("▁"),
  inBytes: false,
  alphabet: [],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: APOSTROPHE_PATTERN }, content: "'" },
      { type: "Replace", pattern: { Regex: SPACE_PATTERN }, content: " " },
      { type: "Strip", strip_left: true, strip_right: true },
    ],
  },
  preTokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
      { type: "Split", pattern: { Regex: PIECE }, behavior: "Isolated", invert: false },
    ],
  },
  decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
};

/** One token per character; line breaks and spaces are kept. */
export const CHARACTERS: Scheme = {
  name: "characters",
  normalise: (text) => text.normalize("NFC"),
  pieces: (text) => [text],
  join: (tokens) => tokens.join(""),
  begins: () => true,
  inBytes: false,
  alphabet: [],
  normalizer: { type: "NFC" },
  preTokenizer: null,
  decoder: { type: "Fuse" },
};

/** One token per byte of UTF-8: nothing is unknown, every text comes back as it was. */
export const BYTES: Scheme = {
  name: "bytes",
  normalise: (text) => text,
  pieces: (text) => [inSymbols(text)],
  join: (tokens) => ofSymbols(tokens.join("")),
  begins: () => true,
  inBytes: true,
  alphabet: byteAlphabet(),
  normalizer: null,
  preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
};

/**
 * GPT-2's (Radford et al. 2019): a word, number or run of signs with the space before it, or a run of spaces. What is a space Unicode says:
 * JavaScript's \s has U+FEFF besides and lacks U+0085.
 */
const BYTE_PIECE = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Words as bytes, for text in which every space and line break counts: every text comes back as it was. */
export const BYTE_WORDS: Scheme = {
  ...BYTES,
  name: "byte-words",
  pieces: (text) => (text.match(BYTE_PIECE) ?? []).map(inSymbols),
  begins: (token) => /^[ĠĊĉ]/.test(token),
  preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true },
};

/** What begins a token that goes on with a word. */
export const CONTINUES = "##";
/** Chinese and Japanese signs and every sign that is no letter or digit are words of their own, as in BERT. */
const BERT_PIECE = "[\\u3040-\\u30FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uF900-\\uFAFF]|(?:(?![\\u3040-\\u30FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uF900-\\uFAFF])[\\p{L}\\p{M}\\p{N}])+|[^ \\p{L}\\p{M}\\p{N}]";
const bertPiece = new RegExp(BERT_PIECE, "gu");
const INVISIBLE_PATTERN = "[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\uFFFD]";
const invisible = new RegExp(INVISIBLE_PATTERN, "gu");
const spaces = new RegExp(SPACE_PATTERN, "gu");

/** Small letters without accents, each sign by itself: a sigma at the end of a word is one as elsewhere. Invisible signs are dropped. */
export const BERT_WORDS: Scheme = {
  name: "bert-words",
  normalise: (text) => text.replace(spaces, " ").replace(invisible, "").normalize("NFD").replaceAll("Σ", "σ").toLowerCase().replace(/\p{M}/gu, "").trim(),
  pieces: (text) => text.match(bertPiece) ?? [],
  join: (tokens) => tokens.map((token, at) => (at === 0 ? token : token.startsWith(CONTINUES) ? token.slice(CONTINUES.length) : ` ${token}`)).join(""),
  begins: (token) => !token.startsWith(CONTINUES),
  inBytes: false,
  alphabet: [],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Replace", pattern: { Regex: SPACE_PATTERN }, content: " " },
      { type: "Replace", pattern: { Regex: INVISIBLE_PATTERN }, content: "" },
      { type: "NFD" },
      { type: "Lowercase" },
      { type: "StripAccents" },
      { type: "Strip", strip_left: true, strip_right: true },
    ],
  },
  preTokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: " " }, behavior: "Removed", invert: false },
      { type: "Split", pattern: { Regex: BERT_PIECE }, behavior: "Isolated", invert: false },
    ],
  },
  decoder: { type: "WordPiece", prefix: CONTINUES, cleanup: false },
};

export const SCHEMES: readonly Scheme[] = [WORDS, CHARACTERS, BYTES, BYTE_WORDS, BERT_WORDS];

/** The printable symbols that stand for the bytes 0 to 255 in GPT-2's vocabulary and since: Latin-1 signs are themselves, the others follow from U+0100. */
function byteAlphabet(): readonly string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(visible ? byte : next++);
  });
}

const byteSymbols = BYTES.alphabet;
const byteOfSymbol = new Map(byteSymbols.map((symbol, byte) => [symbol, byte]));

function inSymbols(text: string): string {
  return Array.from(encodeUtf8(text), (byte) => byteSymbols[byte]).join("");
}

function ofSymbols(symbols: string): string {
  return decodeUtf8(Uint8Array.from(symbols, (symbol) => byteOfSymbol.get(symbol) ?? 0));
}
