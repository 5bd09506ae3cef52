/** What using a trained model takes: the entry of the small bundle. Training is in index.ts. */
export { createSession } from "./session.ts";
export type { Job, Session, SessionOptions, Tensor } from "./session.ts";
export type { NamedTensor } from "./states.ts";
export type { Elements, FedOutput, Feed, OutputHandle } from "./feed.ts";
export { TfmError } from "./errors.ts";
export type { ExitCode } from "./errors.ts";
export type { Program } from "./program.ts";
export type { Size, Sizes } from "./size.ts";
export { loadWeights } from "./weights.ts";
export { greedy } from "./decode/greedy.ts";
export type { Continuation, DecodeRequest, GreedyOptions, NextLogits } from "./decode/greedy.ts";
export { sessionLogits } from "./decode/session-logits.ts";
export type { EncodeDecodeEntries, ForwardEntry } from "./decode/session-logits.ts";
export { loadTokenizer } from "./text/load-tokenizer.ts";
export type { Tokenizer } from "./text/tokenizer.ts";
export { loadModel } from "./embedded/load-model.ts";
export type { LoadModelOptions, LoadedModel, ModelDefinition } from "./embedded/load-model.ts";
