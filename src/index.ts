/**
 * tfm from TypeScript: what the commands of `tfmc` do, as functions.
 *
 *     const source = valueOf(readModel("model.tfm"));
 *     const device = await openTrainingDevice();
 *     const run = await openRun(await prepareRun({ source, set: { d: "48" } }), device, "runs/mine");
 *     await run.train({ onStep: ({ step, loss }) => console.log(step, loss) });
 *
 * What a user can get wrong is thrown as ModelRefused (with diagnostics), CommandFailure or TfmError; `failureOf` gives the last two a
 * message, a remedy and the exit code of `tfmc`. Using a trained model without the compiler is in `tfm/runtime`.
 */
import { valueOf } from "./failure.ts";
import type { Device } from "./experiment/compiled.ts";
import { commandDevice } from "./gpu/device.ts";

export { readModel } from "./experiment/source.ts";
export type { ModelSource } from "./experiment/source.ts";
export { ModelRefused, checkModel, checkedModel, recipeOf } from "./experiment/check.ts";
export type { CheckRequest } from "./experiment/check.ts";
export { parseSettings } from "./experiment/settings.ts";
export type { Settings } from "./experiment/settings.ts";
export { prepareRun, openRun } from "./experiment/train.ts";
export type { Run, RunOptions, TrainRequest } from "./experiment/train.ts";
export type { Prepared } from "./experiment/prepare.ts";
export type { Device } from "./experiment/compiled.ts";
export { readCheckpoint } from "./experiment/run-folder.ts";
export type { Checkpoint, RunRecord } from "./experiment/run-folder.ts";
export { readTrained } from "./experiment/use.ts";
export type { Trained } from "./experiment/use.ts";
export { restoredTranslator } from "./experiment/translator.ts";
export type { DecodingChoice } from "./experiment/decoding.ts";
export type { Translator } from "./experiment/translator.ts";
export { evaluate, metricsText } from "./experiment/evaluate.ts";
export type { Answer, Evaluation } from "./experiment/evaluate.ts";
export { validationData } from "./experiment/measured-data.ts";
export { measure, restoredMeasurer } from "./experiment/measure.ts";
export type { Measurer } from "./experiment/measure.ts";
export type { Examples } from "../runtime/data/index.ts";
export type { FittingExamples } from "./experiment/fitting.ts";
export { profileStep } from "./experiment/profile.ts";
export type { ProfileRequest, StepProfile } from "./experiment/profile.ts";
export { entriesToInspect, inspect } from "./inspect/inspect.ts";
export type { Axis, InspectRequest, Inspection, Observation } from "./inspect/inspect.ts";
export { readSubject } from "./inspect/subject.ts";
export type { Subject, SubjectRequest } from "./inspect/subject.ts";
export { firstExample, meanOf, patchesAsPicture, planesOf, rowsAsGrids, similarities, sliced, stacked, statisticsOf, withoutColours } from "./inspect/plane.ts";
export type { Plane, Slices, Statistics } from "./inspect/plane.ts";
export { figureSvg } from "./inspect/figure.ts";
export type { FigureOptions } from "./inspect/figure.ts";
export { observables } from "../compiler/observe.ts";
export type { Observable } from "../compiler/observe.ts";
export { STAGES, afterPass, astText, stageText } from "./experiment/stages.ts";
export { emitModule } from "./embed/module.ts";
export { readPairs } from "./data-sources/tsv.ts";
export { compile } from "../compiler/compile.ts";
export type { CompileOptions, Compiled } from "../compiler/compile.ts";
export type { Model, Recipe } from "../compiler/check/model.ts";
export { format, parse, renderDiagnostic, sourceFile } from "../grammar/index.ts";
export type { Diagnostic, SourceFile } from "../grammar/index.ts";
export { CommandFailure, valueOf } from "./failure.ts";
export type { Failure, Result } from "./failure.ts";
export { failureOf } from "./program.ts";

/** A device of the best adapter. Where the driver is one that set-up fetched, start the program with `tfmc exec -- node …`. */
export async function openTrainingDevice(): Promise<Device> {
  return valueOf(await commandDevice());
}
