/** The schemes of the tokenizers that are trained here. */
import type { Json } from "../json.ts";
import { APOSTROPHE_PATTERN, SPACE_PATTERN } from "./normalise.ts";
import { schemeOf } from "./scheme.ts";

/**
 * A word with the space before it (written ▁, as in SentencePiece), up to two digits, or a run of other signs. Numbers are cut into pairs
 * of digits and kept apart from their space, so that a number reads the same wherever it stands and copying it needs few tokens.
 */
const PIECE = "\\p{Nd}{1,2}|\\u2581?[\\p{L}\\p{M}]+|\\u2581?[^\\u2581\\p{L}\\p{M}\\p{Nd}]+|\\u2581";

/** For translation and other text in which spacing carries no meaning; `normalise` of normalise.ts, as parts. */
export const WORDS = schemeOf({
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: APOSTROPHE_PATTERN }, content: "'" },
      { type: "Replace", pattern: { Regex: SPACE_PATTERN }, content: " " },
      { type: "Strip", strip_left: true, strip_right: true },
    ],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
      { type: "Split", pattern: { Regex: PIECE }, behavior: "Isolated", invert: false },
    ],
  },
  decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
});

/** One token per character; line breaks and spaces are kept. */
export const CHARACTERS = schemeOf({ normalizer: { type: "NFC" }, pre_tokenizer: null, decoder: { type: "Fuse" } });

const byteLevel = (cuts: boolean): Json => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: cuts });

/** One token per byte of UTF-8: nothing is unknown, every text comes back as it was. */
export const BYTES = schemeOf({ normalizer: null, pre_tokenizer: byteLevel(false), decoder: byteLevel(false) });

/** GPT-2's words as bytes, for text in which every space and line break counts: every text comes back as it was. */
export const BYTE_WORDS = schemeOf({ normalizer: null, pre_tokenizer: byteLevel(true), decoder: byteLevel(false) });

/** What begins a token that goes on with a word. */
export const CONTINUES = "##";
/** Chinese and Japanese signs and every sign that is no letter or digit are words of their own, as in BERT. */
const BERT_PIECE = "[\\u3040-\\u30FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uF900-\\uFAFF]|(?:(?![\\u3040-\\u30FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uF900-\\uFAFF])[\\p{L}\\p{M}\\p{N}])+|[^ \\p{L}\\p{M}\\p{N}]";
const INVISIBLE_PATTERN = "[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\uFFFD]";

/** Small letters without accents, each sign by itself: a sigma at the end of a word is one as elsewhere. Invisible signs are dropped. */
export const BERT_WORDS = schemeOf({
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
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: " " }, behavior: "Removed", invert: false },
      { type: "Split", pattern: { Regex: BERT_PIECE }, behavior: "Isolated", invert: false },
    ],
  },
  decoder: { type: "WordPiece", prefix: CONTINUES, cleanup: false },
});
