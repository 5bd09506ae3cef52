/** One batch to look at: examples of the data, or a text of one's own with what the model writes to it. */
import type { DataSpec, EntryInput, Recipe } from "../../compiler/check/model.ts";
import { labelledExamples, padded } from "../../runtime/data/index.ts";
import type { Batch, Examples } from "../../runtime/data/index.ts";
import { entriesOf } from "../../runtime/index.ts";
import { evaluateSize } from "../../runtime/size.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { recipeOf } from "../experiment/check.ts";
import type { Device } from "../experiment/compiled.ts";
import { inferenceProgram } from "../experiment/compiled.ts";
import { writingOf } from "../experiment/decoding.ts";
import { encoded } from "../experiment/prepare.ts";
import { createTranslator, textTokenizer } from "../experiment/translator.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Subject } from "./subject.ts";

export interface BatchRequest {
  /** A text to read, or to go on with. */
  readonly input?: string | undefined;
  /** The answer, in the place of the one that the model writes; of a pair of texts the second. */
  readonly target?: string | undefined;
  /** Which examples, from 1: with `rows`, the N-th so many. The first by default. */
  readonly example?: number | undefined;
  readonly rows?: number | undefined;
}

export interface GivenBatch extends Batch {
  /** The roles of the fields of a model that writes. */
  readonly written?: Examples["written"];
  /** By field, its extents. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What the model wrote to the input, where it was asked to. */
  readonly answer?: string;
  /** Rows of the data that were left out. */
  readonly badRows: number;
}

export async function batchFor(subject: Subject, request: BatchRequest, openDevice: () => Promise<Device>): Promise<GivenBatch> {
  const recipe = recipeOf(subject.model);
  const { examples, badRows } = await subject.examples();
  const written = examples.written === undefined ? {} : { written: examples.written };
  const { batch, answer } = request.input === undefined ? { batch: exampleOf(examples, recipe, subject, request), answer: undefined } : await textBatch(subject, examples, recipe.data, request.input, request.target, openDevice);
  return { ...batch, ...written, shapes: shapesOf(recipe.data.fields, batch), badRows, ...(answer === undefined ? {} : { answer }) };
}

function exampleOf(examples: Examples, recipe: Recipe, { tokenizer }: Subject, { example = 1, rows = 1 }: BatchRequest): Batch {
  const all = encoded(examples, "the data", { ...recipe, batch: rows }, tokenizer).inOrder();
  let at = 0;
  for (const batch of all) if (++at === example) return batch;
  throw new CommandFailure({ code: "example-missing", exit: exitCodes.usage, message: `there is no example ${example}${rows === 1 ? "" : ` of ${rows} rows each`}: the data have ${at}`, remedy: `--example takes a number from 1 to ${at}` });
}

interface Made {
  readonly batch: Batch;
  readonly answer?: string | undefined;
}

async function textBatch(subject: Subject, { written }: Examples, { source, fields, table }: DataSpec, input: string, target: string | undefined, openDevice: () => Promise<Device>): Promise<Made> {
  const declared = new Set(fields.map(({ name }) => name));
  if (written?.reads !== undefined) {
    const tokenizer = textTokenizer(subject.tokenizer);
    const answer = target ?? (await answerTo(subject, input, openDevice));
    const ids = padded([{ source: tokenizer.encode(input), target: tokenizer.encode(answer) }], tokenizer);
    return { batch: ids, ...(target === undefined ? { answer } : {}) };
  }
  if (written !== undefined && target !== undefined) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: `data of kind \`${source}\` are texts that go on, with no answer beside them, so --target has no meaning`, remedy: "give the whole text with --input" });
  if (written !== undefined) return { batch: goingOn(textTokenizer(subject.tokenizer), input, written) };
  // What is not in the text, such as its class, is not made up: what needs it takes an example.
  if (table === undefined && declared.has("ids") && declared.has("segment")) {
    const { fields: made, ...rest } = first(labelledExamples([{ first: input, label: 0, ...(target === undefined ? {} : { second: target }) }]).encode({ tokenizer: textTokenizer(subject.tokenizer), batch: 1, seed: 0, limit: subject.limits.limit }).inOrder());
    return { batch: { ...rest, fields: { ids: made["ids"]!, segment: made["segment"]! } } };
  }
  throw new CommandFailure({ code: "input-not-text", exit: exitCodes.usage, message: `data of kind \`${source}\` are no texts that could be given`, remedy: "take an example of the data: --example N" });
}

/** The text itself, and each token's successor as far as there is one. */
function goingOn(tokenizer: Tokenizer, input: string, { grows, next }: NonNullable<Examples["written"]>): Batch {
  const ids = Int32Array.from(tokenizer.encode(input));
  if (ids.length === 0) throw new CommandFailure({ code: "input-empty", exit: exitCodes.usage, message: "there is no text to look at", remedy: "give some with --input" });
  const after = ids.map((_, at) => ids[at + 1] ?? tokenizer.end);
  return { sizes: { B: 1, T: ids.length }, fields: { [grows]: ids, [next]: after }, tokens: ids.length };
}

async function answerTo(subject: Subject, input: string, openDevice: () => Promise<Device>): Promise<string> {
  const { model, tokenizer, limits } = subject;
  const writing = writingOf(model);
  const device = await openDevice();
  const translator = createTranslator({ program: inferenceProgram(model, device, entriesOf(writing.use)), device, tokenizer: textTokenizer(tokenizer), writing, ...limits, seed: subject.seed, onSession: (session) => subject.load(session) });
  try {
    const [answer = ""] = await translator.translate([input]);
    return answer;
  } finally {
    translator.dispose();
  }
}

function first<T>(all: Iterable<T>): T {
  for (const one of all) return one;
  throw new Error("internal: nothing in a batch of one");
}

function shapesOf(fields: readonly EntryInput[], { sizes, fields: given }: Batch): ReadonlyMap<string, readonly number[]> {
  return new Map(fields.filter(({ name }) => given[name] !== undefined).map(({ name, shape }) => [name, shape.map((dim) => evaluateSize(dim, sizes))]));
}
