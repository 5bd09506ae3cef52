/** Where a run's first weights come from, when they are not drawn: the run of another recipe, any run, a file of weights, or the average of several. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Model, Recipe } from "../../compiler/check/model.ts";
import { TfmError } from "../../runtime/errors.ts";
import { CHECKPOINT, loadMatching, renamed } from "../../runtime/index.ts";
import type { Matching, NamedFile, Session } from "../../runtime/index.ts";
import { loadTokenizer } from "../../runtime/text/index.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { MODEL_KINDS } from "../../runtime/weights.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { readText } from "../files.ts";
import { shellWord } from "../shell.ts";
import { averaged } from "./averaged.ts";
import { recipeOf } from "./check.ts";
import { some } from "./initial-text.ts";
import { inPlace, latestRunFolder, readCheckpoint, savedTokenizer } from "./run-folder.ts";
import type { ModelSource } from "./source.ts";
import { folderOf, trainedModel } from "./use.ts";
import { isWeightFile, weightFileIn, weightsIn, weightsOfFile } from "./weight-files.ts";

export interface InitialWeights {
  /** The run folder or the file; the first of several. */
  readonly from: string;
  /** The others, where it is the average of several. */
  readonly others?: readonly string[];
  /** Where it is a run. */
  readonly trained?: { readonly recipe: string; readonly step: number };
  /** Where it is a run whose classes were words: their names, 0 first. */
  readonly classes?: readonly string[];
  readonly tensors: readonly Tensor[];
  /** Written here, so that a name of the model's own means the model's own axes. */
  readonly isOurs?: boolean;
  /** The text of the tokenizer.json that they were trained with. The recipe has to read with it, so that the weights mean what they did. */
  readonly tokenizer?: string;
  /** The recipe asks for another tokenizer, and reads with its own. */
  readonly otherTokens?: true;
  /** Why the tokenizer beside a file is not read. */
  readonly unread?: string;
}

/** What a checkpoint keeps of how its run began. */
export interface InitialRecord extends Matching {
  readonly from: string;
  readonly others?: readonly string[];
  readonly trained?: { readonly recipe: string; readonly step: number };
  /** The `weights` block by whose names it was read, tensors of which it reads the beginning alone, and names that the file does not have. */
  readonly names?: string;
  readonly partly?: NamedFile["partly"];
  readonly sought?: NamedFile["sought"];
  readonly otherTokens?: true;
  /** What its classes were, where they are others now. */
  readonly otherClasses?: readonly string[];
  readonly unread?: string;
}

/**
 * A place is a run folder, a model file for its newest run, or a file of weights; of several the average is taken. Without one the recipe's
 * `init_from` counts, which names a recipe for its newest run. Undefined for `none` and where neither says anything.
 */
export function initialWeights(source: ModelSource, recipe: Recipe, places: readonly string[] = []): InitialWeights | undefined {
  if (places.length === 0) return recipe.initFrom === undefined ? undefined : weightsOf(runOf(source, recipe.name, recipe.initFrom), recipe);
  if (!places.includes("none")) return averaged(places.map((place) => weightsOf(place, recipe)));
  if (places.length === 1) return undefined;
  throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: "--init-from none draws the weights, so the other --init-from have no meaning beside it", remedy: "leave one of them out" });
}

function weightsOf(place: string, recipe: Recipe): InitialWeights {
  const file = path.basename(place) === CHECKPOINT.model && existsSync(path.join(path.dirname(place), CHECKPOINT.manifest)) ? path.dirname(place) : place;
  return isWeightFile(file) ? fromFile(file) : fromRun(runFolderOf(file), recipe);
}

function runFolderOf(place: string): string {
  const folder = folderOf(place);
  const file = existsSync(path.join(folder, CHECKPOINT.manifest)) ? undefined : weightFileIn(folder);
  if (file === undefined) return folder;
  throw new CommandFailure({ code: "no-checkpoint", exit: exitCodes.wrong, message: `${folder} holds weights and no run`, remedy: `name the file: ${file}` });
}

/** The same for commands that only look: undefined as well where the run that the recipe names is not there. */
export function weightsAtHand(source: ModelSource, recipe: Recipe): InitialWeights | undefined {
  try {
    return initialWeights(source, recipe);
  } catch (error) {
    if (error instanceof CommandFailure) return undefined;
    throw error;
  }
}

/** Loads what matches, by the model's own names or those of one of its `weights` blocks; the optimizer begins anew. `classes`: what is trained on. Throws where nothing matches. */
export function load(session: Session, { weights }: Pick<Model, "weights">, { from, others, trained, classes: before, otherTokens, unread, tensors, isOurs }: InitialWeights, classes?: readonly string[]): InitialRecord {
  const other = inPlace(from, () => renamed(weights, session.tensors(MODEL_KINDS).map(({ path: name }) => name), tensors, isOurs));
  const found = loadMatching(session, other?.tensors ?? tensors);
  if (found.matched.length === 0) throw nothingMatches(from, found);
  return {
    from: path.resolve(from), ...(others && { others: others.map((one) => path.resolve(one)) }), ...(trained === undefined ? {} : { trained }),
    ...(other && { names: other.names, ...(other.partly.length > 0 && { partly: other.partly }), ...(other.sought.length > 0 && { sought: other.sought }) }), ...(otherTokens && { otherTokens }), ...(before && classes && String(before) !== String(classes) && { otherClasses: before }), ...(unread !== undefined && { unread }), ...found,
  };
}

function fromRun(folder: string, recipe: Recipe): InitialWeights {
  const checkpoint = readCheckpoint(folder);
  const { record, manifest, files } = checkpoint;
  const { tensors } = weightsIn(files.get(CHECKPOINT.model) ?? new Uint8Array(), folder);
  const tokenizer = savedTokenizer(checkpoint);
  const reads = tokenizer !== undefined && recipe.tokenizer !== undefined;
  const isSame = reads && String(spec(recipe)) === String(spec(recipeOf(trainedModel(checkpoint).model)));
  return { from: folder, trained: { recipe: record.recipe, step: manifest.step }, ...(record.data.classes && { classes: record.data.classes }), tensors, isOurs: true, ...(reads && { tokenizer }), ...(reads && !isSame && { otherTokens: true }) };
}

const spec = ({ tokenizer }: Recipe): readonly unknown[] => [tokenizer?.kind, tokenizer?.size];

function fromFile(file: string): InitialWeights {
  const beside = path.join(path.dirname(file), CHECKPOINT.tokenizer);
  const weights = { from: file, ...weightsOfFile(file) };
  if (!existsSync(beside)) return weights;
  const tokenizer = valueOf(readText(beside));
  const unread = whyUnread(tokenizer, beside);
  return unread === undefined ? { ...weights, tokenizer } : { ...weights, otherTokens: true, unread };
}

/** Another program's tokenizer may be one that is not known here. Throws where the file is damaged. */
function whyUnread(tokenizer: string, file: string): string | undefined {
  return inPlace(file, () => {
    try {
      loadTokenizer(tokenizer);
      return undefined;
    } catch (error) {
      if (error instanceof TfmError && error.code === "tokenizer-unsupported") return error.message;
      throw error;
    }
  });
}

/** The newest run of that recipe of the model file. */
function runOf(source: ModelSource, recipe: string, wanted: string): string {
  const file = source.file.path;
  const newest = latestRunFolder(file, wanted);
  if (newest !== undefined) return newest;
  throw new CommandFailure({
    code: "not-trained",
    exit: exitCodes.wrong,
    message: `\`${recipe}\` starts from \`${wanted}\`, and runs/ has no run of it`,
    remedy: `tfmc train ${shellWord(file)} --recipe ${wanted}; or --init-from PATH names a run or a file of weights, and --init-from none starts with drawn weights`,
  });
}

function nothingMatches(from: string, matching: Matching): CommandFailure {
  const { missing, differing, unused } = matching;
  const [first] = differing;
  const message = first === undefined
    ? `nothing of ${from} fits this model: it has ${some(unused.map(({ path: name }) => name)) || "no tensors"}, and the model ${some(missing.map(({ path: name }) => name))}`
    : `nothing of ${from} fits this model: ${first.path} is [${first.file.join(", ")}] there and [${first.model.join(", ")}] here`;
  const part = partOf(matching);
  const remedy = part === undefined
    ? "give the model the same sizes and its layers the same names"
    : `if \`${part.path}\` is what was trained there, say so in the model, a line for each: \`weights trained { ${part.path}.${part.example} = "${part.example}"; … }\``;
  return new CommandFailure({ code: "no-weights-match", exit: exitCodes.wrong, message, remedy: `${remedy}, or start with drawn weights: --init-from none` });
}

/** The part of this model that has most of the file's tensors by their names and shapes: what was trained by itself is now a teacher. */
function partOf({ missing, unused }: Matching): { readonly path: string; readonly example: string } | undefined {
  const counts = new Map<string, { readonly path: string; readonly example: string; count: number }>();
  for (const own of missing)
    for (const other of unused) {
      if (!own.path.endsWith(`.${other.path}`) || String(own.shape) !== String(other.shape)) continue;
      const prefix = own.path.slice(0, -other.path.length - 1);
      const known = counts.get(prefix);
      if (known) known.count++;
      else counts.set(prefix, { path: prefix, example: other.path, count: 1 });
    }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0];
}
