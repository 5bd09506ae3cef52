export { loadTokenizer } from "./load-tokenizer.ts";
export { normalise } from "./normalise.ts";
export { partsOf } from "./parts.ts";
export { BERT_TOKENS, MASK, SPECIAL_TOKENS } from "./tokenizer.ts";
export type { AddedToken, HuggingFaceTokenizer, Tokenizer } from "./tokenizer.ts";
export { bytes, characters, trainBpe } from "./train-bpe.ts";
export { trainUnigram } from "./train-unigram.ts";
export { trainWordPiece } from "./train-wordpiece.ts";
export { firstOfText, wordBeginnings } from "./words.ts";
