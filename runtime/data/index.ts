export type { Batch, Batches } from "./batches.ts";
export { microBatches } from "./micro-batches.ts";
export { padded, pairBatches } from "./pairs.ts";
export type { IdPair, PairOptions, TextPair } from "./pairs.ts";
export { epochBatches } from "./schedule.ts";
export type { Order } from "./schedule.ts";
