export { bleu, exactMatch } from "./bleu.ts";
export type { Bleu } from "./bleu.ts";
export { f1 } from "./f1.ts";
export { surprise } from "./surprise.ts";
export { wordDifference } from "./word-difference.ts";
export type { Run } from "./word-difference.ts";
