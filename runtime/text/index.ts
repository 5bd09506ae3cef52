export { loadTokenizer } from "./load-tokenizer.ts";
export { normalise } from "./normalise.ts";
export { SPECIAL_TOKENS } from "./tokenizer.ts";
export type { AddedToken, HuggingFaceTokenizer, Json, Tokenizer } from "./tokenizer.ts";
export { bytes, characters, trainBpe } from "./train-bpe.ts";
