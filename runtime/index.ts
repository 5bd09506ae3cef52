/** The whole runtime, training included. */
export * from "./inference.ts";
export { entriesOf, generatingEntries } from "./decode/entries.ts";
export { place } from "./place.ts";
export type { Placement } from "./place.ts";
export type { DispatchTime, SessionUsage, Trace, TraceEvent } from "./trace.ts";
export { encodeWeights } from "./weights.ts";
export { stepJobs, train } from "./training/trainer.ts";
export type { TrainOptions, TrainResult, TrainingBatch } from "./training/trainer.ts";
export type { StepRow } from "./training/step-reports.ts";
export { CHECKPOINT, encodeCheckpoint, programHash, readManifest, restoreCheckpoint, verifyFiles } from "./training/checkpoint.ts";
export type { CheckpointContent, CheckpointFiles, Manifest, Restored } from "./training/checkpoint.ts";
export { renamed } from "./training/weight-names.ts";
export type { NamedFile } from "./training/weight-names.ts";
export { loadMatching, matching, readWeights } from "./training/matching.ts";
export type { Matching } from "./training/matching.ts";
export { evaluationRow, logLine, logUpTo, trainingRow } from "./training/log.ts";
export type { EvaluationLogRow, LogRow, TrainingLogRow } from "./training/log.ts";
export { ENTRIES, LEARNING_RATE, REPORT, REPORT_LENGTH } from "./training/report.ts";
