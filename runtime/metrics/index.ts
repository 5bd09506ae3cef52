export { bleu, exactMatch } from "./bleu.ts";
export type { Bleu } from "./bleu.ts";
export { wordDifference } from "./word-difference.ts";
export type { Run } from "./word-difference.ts";
