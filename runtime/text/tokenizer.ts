/**
 * Text to ids and back. Ids 0 to 3 are the special tokens; `encode` adds none of them but `unk`, one for each character that the
 * vocabulary lacks: what feeds the model puts `start` and `end` where they belong.
 */
export interface Tokenizer {
  /** Number of ids; every id is below it. */
  readonly size: number;
  readonly pad: number;
  readonly start: number;
  readonly end: number;
  readonly unk: number;
  /**
   * A text that spells a special token ("<end>") holds that token, as in every `tokenizer.json`. For any other text whose characters are
   * all known, `decode(encode(text))` is the text as the tokenizer normalises it.
   */
  encode(text: string): number[];
  /** `pad`, `start` and `end` say nothing, `unk` is U+FFFD. Throws TfmError `token-outside-vocabulary`. */
  decode(ids: Iterable<number>): string;
  /** The tokenizer as the content of a Hugging Face `tokenizer.json`; `loadTokenizer` reads it back. */
  toJSON(): HuggingFaceTokenizer;
}

/** In the order of their ids. */
export const SPECIAL_TOKENS = ["<pad>", "<start>", "<end>", "<unk>"] as const;

/** The parts of `tokenizer.json` (format 1.0 of the `tokenizers` library) that are written and understood here. */
export interface HuggingFaceTokenizer {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Json;
  readonly pre_tokenizer: Json;
  readonly post_processor: null;
  readonly decoder: Json;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: string;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: boolean;
    readonly byte_fallback: boolean;
    readonly ignore_merges: boolean;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
