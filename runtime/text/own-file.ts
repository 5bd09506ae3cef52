/** `tokenizer.json` as it is written here. */
import type { Scheme } from "./scheme.ts";
import type { AddedToken, HuggingFaceTokenizer, TokenizerModel } from "./tokenizer.ts";

/** The special tokens of a vocabulary that begins with them. */
export function firstTokens(contents: readonly string[]): readonly AddedToken[] {
  return contents.map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
}

/** The content of a `tokenizer.json` for a tokenizer that was trained here. */
export function fileOf<M extends TokenizerModel>({ parts }: Scheme, added: readonly AddedToken[], model: M): HuggingFaceTokenizer<M> {
  return {
    version: "1.0", truncation: null, padding: null, added_tokens: added,
    normalizer: parts.normalizer, pre_tokenizer: parts.pre_tokenizer, post_processor: null, decoder: parts.decoder, model,
  };
}

/** Ids by token, as files have them. */
export function idsByToken(vocabulary: readonly string[]): Record<string, number> {
  return Object.fromEntries(vocabulary.map((token, id) => [token, id]));
}
