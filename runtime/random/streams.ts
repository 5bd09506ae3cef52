/**
 * The streams of a seed, by what draws from them. Whatever draws by itself has numbers of its own, so that nothing else moves its draws.
 * First values of parameters have streams by their paths (init.ts), and kernels draw by site, step and element.
 */
export const STREAMS = {
  /** Two for each epoch: the order of the examples, and that of the batches. */
  order: 2 ** 32,
  /** One for each step: where its windows of a text begin. */
  windows: 2 ** 40,
  /** One for each step: where its windows begin, and what is taken out of them. */
  corruption: 2 ** 41,
  /** One for each window: what is taken out of it in evaluation. */
  evaluation: 2 ** 42,
  /** One for each request that is answered by drawing; nothing is evaluated by the same seed meanwhile. */
  answers: 2 ** 42,
  /** 2^32 for each epoch, of which one for each sentence: what stands behind it. */
  sentences: 2 ** 43,
} as const;
