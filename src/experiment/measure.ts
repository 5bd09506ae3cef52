import { metricEntry } from "../../compiler/compile.ts";
import type { EntryInput, Model, Recipe } from "../../compiler/check/model.ts";
import type { Batch, EncodedExamples, Examples, WrittenFields } from "../../runtime/data/index.ts";
import { createSession } from "../../runtime/index.ts";
import type { Program, Session } from "../../runtime/index.ts";
import { entryOf } from "../../runtime/lookup.ts";
import { f1, surprise } from "../../runtime/metrics/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { figureEntries, inferenceProgram, sessionDevice, usedEntries } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { generateOf, writingOf } from "./decoding.ts";
import type { DecodingChoice } from "./decoding.ts";
import { METRICS, evaluate } from "./evaluate.ts";
import type { Evaluation } from "./evaluate.ts";
import { encoded, only } from "./prepare.ts";
import { loadCheckpoint } from "./run-folder.ts";
import type { Checkpoint } from "./run-folder.ts";
import { createTranslator, generationLimits, textTokenizer } from "./translator.ts";
import type { Translator } from "./translator.ts";

export interface Measurer {
  readonly model: Model;
  /** With the recipe's metrics and the entry that it generates with. */
  readonly program: Program;
  readonly device: Device;
  readonly tokenizer: Tokenizer | undefined;
  readonly limits: Parameters<typeof generationLimits>[0];
  /** How answers are written, in the place of the recipe's way. */
  readonly choice?: DecodingChoice;
  /** A session whose weights are used as they are at each moment. */
  readonly states?: Session;
  /** Called with each session that is made, to load weights. */
  readonly onSession?: (session: Session) => void;
}

/** For a checkpoint's weights. */
export function restoredMeasurer(checkpoint: Checkpoint, model: Model, tokenizer: Tokenizer | undefined, device: Device, choice: DecodingChoice = {}): Measurer {
  return {
    model,
    program: inferenceProgram(model, device, usedEntries(model)),
    device,
    tokenizer,
    limits: checkpoint.record,
    choice,
    onSession: (session) => loadCheckpoint(session, checkpoint),
  };
}

/** Throws CommandFailure where a recipe's metrics cannot be measured on such examples, before anything is computed. */
export function checkMeasurable({ reports, generate }: Recipe, { pairs, written }: Examples): void {
  const texts = reports.filter((name) => METRICS.has(name));
  if (texts.length > 0 && pairs === undefined) throw unmeasurable(texts, "the data have no answers to compare with");
  if (reports.includes("perplexity") && written === undefined) throw unmeasurable(["perplexity"], "the data hold no text that goes on");
  if (reports.includes("perplexity") && generate === undefined) throw unmeasurable(["perplexity"], "the recipe does not say with `generate` which function foresees the text");
}

/**
 * All that a recipe wants to know of examples: its loss with `training` false, a mean over tokens where text is foreseen, over the
 * places that count where not all do, and over examples elsewhere; its own metrics, averaged over all values that they give; perplexity;
 * and the comparison of written answers with the wanted ones.
 */
export async function measure(measurer: Measurer, examples: Examples, onProgress?: (done: number) => void): Promise<Evaluation> {
  const measuring = await openMeasuring(measurer, examples);
  try {
    return await measuring.measure(onProgress);
  } finally {
    measuring.dispose();
  }
}

/** The same examples measured again and again, with the weights as they are at each moment. */
export interface Measuring {
  /** What `onProgress` throws ends it. */
  measure(onProgress?: (done: number) => void): Promise<Evaluation>;
  dispose(): void;
}

/** With `figure`, that one alone is measured beside the loss. */
export async function openMeasuring(measurer: Measurer, examples: Examples, figure?: string): Promise<Measuring> {
  const recipe = measurer.model.recipe as Recipe;
  const wanted = wantedFigures(recipe, figure);
  checkMeasurable({ ...recipe, ...wanted }, examples);
  const { pairs } = examples;
  // It makes nothing before it writes: a choice that makes no sense is refused before there is a session.
  const translator = pairs === undefined || !wanted.texts ? undefined : translatorOf(measurer);
  const batches = await openBatches(measurer, { ...recipe, ...wanted }, examples);
  return {
    measure: async (onProgress) => {
      const metrics = await batches.measure(onProgress);
      if (pairs === undefined || translator === undefined) return { metrics, answers: [] };
      const texts = await evaluate(translator, pairs, wanted.reports.filter((name) => METRICS.has(name)), onProgress);
      return { metrics: { ...metrics, ...texts.metrics }, answers: texts.answers };
    },
    dispose: () => {
      batches.dispose();
      translator?.dispose();
    },
  };
}

function translatorOf({ model, program, device, tokenizer, limits, choice, states, onSession }: Measurer): Translator {
  return createTranslator({
    program, device, tokenizer: textTokenizer(tokenizer), writing: writingOf(model, choice), ...generationLimits(limits),
    ...(states === undefined ? {} : { states }), ...(onSession === undefined ? {} : { onSession }),
  });
}

/** Of a recipe's figures one or all; where it names none, texts are compared in every way. */
function wantedFigures({ reports, metrics, generate }: Recipe, figure: string | undefined): Pick<Recipe, "reports" | "metrics"> & { readonly texts: boolean } {
  const wanted = { reports: reports.filter((name) => figure === undefined || name === figure), metrics: metrics.filter(({ name }) => figure === undefined || name === figure) };
  const silent = reports.length + metrics.length === 0 && generate !== undefined && figure === undefined;
  return { ...wanted, texts: silent || wanted.reports.some((name) => METRICS.has(name)) };
}

async function openBatches(measurer: Measurer, recipe: Recipe, examples: Examples): Promise<{ measure(onProgress?: (done: number) => void): Promise<Record<string, number>>; dispose(): void }> {
  const { program, device, tokenizer, states, onSession } = measurer;
  const batches = encoded(examples, "the data", recipe, tokenizer);
  const entries = figureEntries(recipe);
  const written = examples.written && recipe.reports.includes("perplexity") ? writtenOf(measurer, examples.written) : undefined;
  const session = await createSession(program, {
    bounds: batches.bounds, entries: [...entries, ...(written === undefined ? [] : [written.entry])], ...sessionDevice(device),
    ...(states === undefined ? {} : { states }),
  });
  try {
    onSession?.(session);
  } catch (error) {
    session.dispose();
    throw error;
  }
  return {
    measure: (onProgress) => averaged(session, recipe, batches, { written, byToken: examples.written !== undefined, scored: examples.scored, pad: tokenizer?.pad }, onProgress),
    dispose: () => session.dispose(),
  };
}

/** The entry that gives logits, its inputs by the fields that feed them, and the field that it has to foresee. */
interface Written {
  readonly entry: string;
  readonly inputs: readonly (readonly [input: string, field: string])[];
  readonly next: string;
}

function writtenOf({ model, program }: Measurer, { grows, reads, next }: WrittenFields): Written {
  const name = generateOf(model).entry;
  const { inputs } = entryOf(program, name);
  const given = [grows, ...(reads === undefined ? [] : [reads])];
  if (inputs.length > given.length) throw unmeasurable(["perplexity"], `\`${name}\` takes ${inputs.length} arguments and the data give ${given.length}`);
  return { entry: name, inputs: inputs.map((input, at) => [input.name, given[at] as string]), next };
}

interface Averaging {
  /** Where perplexity is wanted. */
  readonly written: Written | undefined;
  /** Whether the loss is a mean over the tokens to foresee, and not over the rows. */
  readonly byToken: boolean;
  /** The field that is not 0 where a prediction counts. */
  readonly scored: string | undefined;
  readonly pad: number | undefined;
}

async function averaged(session: Session, recipe: Recipe, batches: EncodedExamples, { written, byToken, scored, pad }: Averaging, onProgress?: (done: number) => void): Promise<Record<string, number>> {
  const sums = new Map(recipe.metrics.map(({ name }) => [name, new Tally()]));
  const loss = { sum: 0, weight: 0 };
  const lossEntry = metricEntry(recipe.validationLoss.name), lossFields = recipe.validationLoss.inputs.map(({ name }) => name);
  let nats = 0, tokens = 0, done = 0, number = 0;
  for (const batch of batches.inOrder()) {
    // What the loss draws, such as masks, differs from batch to batch and is the same whenever it is measured.
    number++;
    session.run(lossEntry, { ...only(lossFields, batch), step: number });
    const rows = batch.sizes["B"] ?? 1;
    const places = scored === undefined ? rows : nonZero(batch.fields[scored]);
    const counted = (inputs: readonly string[]): number => (scored !== undefined && inputs.includes(scored) ? places : rows);
    const weight = byToken ? batch.tokens : counted(lossFields);
    loss.sum += weight * ((await session.read(session.output(lossEntry))).data[0] ?? Number.NaN);
    loss.weight += weight;
    for (const metric of recipe.metrics) {
      const entry = metricEntry(metric.name);
      const fields = metric.inputs.map(({ name }) => name);
      session.run(entry, only(fields, batch));
      const { data, shape } = await session.read(session.output(entry));
      const tally = sums.get(metric.name);
      const wanted = metric.outputs[0]?.type === "i32" ? wantedOf(batch, recipe.data.fields, data.length) : undefined;
      if (wanted !== undefined) tally?.addClasses(data, wanted, scored === undefined ? undefined : batch.fields[scored]);
      // One number for the whole batch counts for all that it is a mean of.
      else tally?.add(data, shape.length === 0 ? counted(fields) : 1);
    }
    if (written !== undefined) {
      const found = await foreseen(session, written, batch, pad);
      nats += found.nats;
      tokens += found.tokens;
    }
    done += batch.sizes["B"] ?? 0;
    onProgress?.(done);
  }
  return {
    loss: loss.sum / loss.weight,
    ...Object.assign({}, ...recipe.metrics.map(({ name }) => (sums.get(name) as Tally).named(name))) as Record<string, number>,
    ...(written === undefined ? {} : { perplexity: Math.exp(nats / tokens), nats_per_token: nats / tokens, ...(batches.characters === undefined ? {} : { nats_per_character: nats / batches.characters }) }),
  };
}

/** What the tokens that come next cost under the logits of a batch. */
async function foreseen(session: Session, { entry, inputs, next }: Written, { sizes, fields }: Batch, pad: number | undefined): Promise<ReturnType<typeof surprise>> {
  session.run(entry, { sizes, fields: Object.fromEntries(inputs.map(([input, field]) => [input, fields[field] as Int32Array])) });
  const { data, shape } = await session.read(session.output(entry));
  return surprise(data, fields[next] as Int32Array, shape.at(-1) ?? 1, pad);
}

/** Values of a metric over all batches: real ones are averaged; classes are compared with the wanted ones. */
class Tally {
  private sum = 0;
  private count = 0;
  private readonly given: number[] = [];
  private readonly wanted: number[] = [];

  /** `scored`: not 0 where a class counts; of each element, or of none. */
  addClasses(values: ArrayLike<number>, wanted: ArrayLike<number>, scored: ArrayLike<number> | undefined): void {
    for (let i = 0; i < values.length; i++) {
      if (scored?.length === values.length && scored[i] === 0) continue;
      this.given.push(values[i] as number);
      this.wanted.push(wanted[i] as number);
    }
  }

  add(values: ArrayLike<number>, weight: number): void {
    for (let i = 0; i < values.length; i++) this.sum += weight * (values[i] as number);
    this.count += weight * values.length;
  }

  named(name: string): Readonly<Record<string, number>> {
    if (this.given.length === 0) return { [name]: this.sum / this.count };
    const right = this.given.filter((value, at) => value === this.wanted[at]).length;
    return { [`${name}_accuracy`]: right / this.given.length, [`${name}_f1`]: f1(this.given, this.wanted) };
  }
}

function nonZero(values: ArrayLike<number> | undefined): number {
  return Array.from(values ?? []).filter((value) => value !== 0).length;
}

/** The field of classes that a metric's integers are compared with: the last one of integers with as many elements. */
function wantedOf({ fields }: Batch, declared: readonly EntryInput[], length: number): Int32Array | undefined {
  const found = declared.filter(({ name, type }) => type === "i32" && fields[name]?.length === length).at(-1);
  return found === undefined ? undefined : (fields[found.name] as Int32Array);
}

function unmeasurable(names: readonly string[], cause: string): CommandFailure {
  return new CommandFailure({ code: "metric-not-measurable", exit: exitCodes.wrong, message: `${names.join(", ")} cannot be measured: ${cause}`, remedy: "name other metrics in the recipe" });
}
