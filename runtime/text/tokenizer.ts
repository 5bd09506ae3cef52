import type { Json } from "../json.ts";

/**
 * Text to ids and back. `encode` adds no special tokens but `unk`, where the vocabulary has no token for a part of the text: what feeds the
 * model puts `start` and `end` where they belong. A vocabulary may have one token for several purposes.
 */
export interface Tokenizer {
  /** Number of ids; every id is below it. */
  readonly size: number;
  readonly pad: number;
  readonly start: number;
  readonly end: number;
  /** Where every text can be spelt, nothing is unknown, and this is `end`. */
  readonly unk: number;
  /** What stands for a token that is to be guessed, where the tokenizer was trained with one. */
  readonly mask?: number;
  /** The ids of the special tokens. */
  readonly specials: ReadonlyMap<string, number>;
  /**
   * A text that spells a special token ("<end>") holds that token, as in every `tokenizer.json`. For any other text whose characters are
   * all known, `decode(encode(text))` is the text as the tokenizer normalises it.
   */
  encode(text: string): number[];
  /** Special tokens say nothing, but `unk` is U+FFFD. Throws TfmError `token-outside-vocabulary`. */
  decode(ids: Iterable<number>): string;
  /** How the vocabulary writes an id: "▁the", "##ing". Throws TfmError `token-outside-vocabulary`. */
  token(id: number): string;
  /** The tokenizer as the content of a Hugging Face `tokenizer.json`; `loadTokenizer` reads it back. */
  toJSON(): HuggingFaceTokenizer;
}

/** The special tokens of a kind of tokenizer, by what they are for. Further ones come behind them. */
export const SPECIAL_TOKENS = ["<pad>", "<start>", "<end>", "<unk>"] as const;
/** BERT's, for the same purposes, and the one for what is to be guessed. */
export const BERT_TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"] as const;
/** How `mask` is spelt where it is not one of BERT's. */
export const MASK = "<mask>";

/** The place of what is unknown among either. */
export const UNK = 3;

/** `tokenizer.json`, format 1.0 of the `tokenizers` library, as it is written here. */
export interface HuggingFaceTokenizer<M extends TokenizerModel = TokenizerModel> {
  readonly version: "1.0";
  readonly truncation: Json;
  readonly padding: Json;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Json;
  readonly pre_tokenizer: Json;
  readonly post_processor: Json;
  readonly decoder: Json;
  readonly model: M;
}

export type TokenizerModel = BpeModel | WordPieceModel | UnigramModel;

export interface BpeModel {
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
}

export interface WordPieceModel {
  readonly type: "WordPiece";
  readonly unk_token: string;
  readonly continuing_subword_prefix: string;
  readonly max_input_chars_per_word: number;
  readonly vocab: Readonly<Record<string, number>>;
}

export interface UnigramModel {
  readonly type: "Unigram";
  readonly unk_id: number;
  readonly byte_fallback: boolean;
  /** Tokens in the order of their ids, with the logarithms of their probabilities. */
  readonly vocab: readonly (readonly [string, number])[];
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
