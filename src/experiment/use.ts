import { statSync } from "node:fs";
import path from "node:path";
import type { Model } from "../../compiler/check/model.ts";
import { loadTokenizer } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Output } from "../output.ts";
import { shellWord } from "../shell.ts";
import { checkedModel } from "./check.ts";
import { holdsCheckpoint, inPlace, latestRunFolder, readCheckpoint, savedTokenizer, withBest } from "./run-folder.ts";
import type { Checkpoint } from "./run-folder.ts";

/** A checkpoint with its model at the sizes it was trained with. */
export interface Trained {
  readonly checkpoint: Checkpoint;
  readonly model: Model;
  /** Absent for a model that has to do with no text. */
  readonly tokenizer?: Tokenizer;
}

/**
 * Reads a run folder, or the newest run of a model file, with its last weights or with those that were best in an evaluation. Throws
 * CommandFailure, TfmError or ModelRefused.
 */
export function readTrained(place: string, weights: "last" | "best" = "last"): Trained {
  const checkpoint = readCheckpoint(folderOf(place));
  return trainedModel(weights === "best" ? withBest(checkpoint) : checkpoint);
}

/** The same for a checkpoint that was read. */
export function trainedModel(checkpoint: Checkpoint): Trained {
  return inPlace(checkpoint.folder, () => {
    const saved = savedTokenizer(checkpoint);
    const tokenizer = saved === undefined ? undefined : loadTokenizer(saved);
    const { record, source } = checkpoint;
    return { checkpoint, ...(tokenizer === undefined ? {} : { tokenizer }), model: checkedModel(source, { recipe: record.recipe, set: record.set, tokenizer }) };
  });
}

/** Of a model file it has to be said which of its runs is used. */
export function sayWhich(place: string, { folder, manifest }: Checkpoint, output: Pick<Output, "say">): void {
  if (folder !== place) output.say(`${folder}, step ${manifest.step}`);
}

/** The folder itself, or the newest run of a model file. */
export function folderOf(place: string): string {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandFailure({ code: "file-missing", exit: exitCodes.wrong, message: `${place}: there is no such folder or file`, remedy: "name the folder that `tfmc train` wrote, such as runs/translation" });
  if (stats.isDirectory()) return place;
  const latest = latestRunFolder(place);
  if (latest !== undefined) return latest;
  const folder = path.dirname(place);
  if (holdsCheckpoint(folder)) throw new CommandFailure({ code: "file-in-run", exit: exitCodes.usage, message: `${place} is a file of a run`, remedy: `name the run: ${folder}` });
  throw new CommandFailure({ code: "not-trained", exit: exitCodes.wrong, message: `${place} was not trained yet: runs/ has no run of it`, remedy: `tfmc train ${shellWord(place)}, or name the run's folder` });
}
