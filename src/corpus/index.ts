export { corpus } from "./corpus.ts";
export type { Corpus, CorpusSize, Entry } from "./corpus.ts";
export type { KindName } from "./phrase.ts";
export { writeCorpus } from "./write.ts";
export type { CorpusFile, CorpusManifest } from "./write.ts";
