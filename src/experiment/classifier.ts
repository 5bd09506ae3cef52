/** Texts in, classes out: a model of labelled texts, asked about texts that nobody labelled. */
import type { DataSpec, Entry, EntryInput, Model } from "../../compiler/check/model.ts";
import { asNumber } from "../../compiler/dim.ts";
import { observables } from "../../compiler/observe.ts";
import { boundSizes } from "../../runtime/decode/session-logits.ts";
import { labelledExamples, tableExamples } from "../../runtime/data/index.ts";
import type { Batch, Examples } from "../../runtime/data/index.ts";
import { createSession } from "../../runtime/index.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { inferenceProgram, sessionDevice } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { encoded } from "./prepare.ts";
import { loadCheckpoint } from "./run-folder.ts";
import type { Trained } from "./use.ts";

export interface Classifier {
  /** The function that gives a real number for each class, [B, classes], of texts alone. */
  readonly entry: Entry;
  /** Of the texts that make a row. */
  readonly columns: readonly string[];
  readonly classes: readonly string[];
}

export interface Judgement {
  /** The likeliest class. */
  readonly answer: string;
  /** Of every class, by its name: the softmax of what the function gives. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** Rows at a time. */
const ROWS = 32;

/** Undefined where the recipe's data are no labelled texts, or no function of the model tells their classes. Of several, the one that the loss calls. */
export function classifierOf(model: Model, names?: readonly string[]): Classifier | undefined {
  const { recipe } = model;
  const kind = recipe && kindOf(recipe.data);
  if (kind === undefined) return undefined;
  const able = model.entries.filter(({ inputs, outputs: [logits, ...more] }) =>
    more.length === 0 && logits?.type === "f32" && logits.shape.length === 2 && asNumber(logits.shape[1]!) === kind.count && inputs.every(({ name, type }) => kind.fed.some((field) => field.name === name && field.type === type)));
  const entry = able.length < 2 ? able[0] : (able.find(({ name }) => observables(recipe!.loss).has(name)) ?? able[0]);
  return entry && { entry, columns: kind.columns, classes: names ?? Array.from({ length: kind.count }, (_, at) => String(at)) };
}

interface Kind {
  /** What is made of texts. */
  readonly fed: readonly EntryInput[];
  readonly columns: readonly string[];
  readonly count: number;
}

function kindOf({ source, arguments: given, fields, table }: DataSpec): Kind | undefined {
  const isText = ({ name }: EntryInput): boolean => (table === undefined ? name !== "label" : table.texts.includes(name));
  const [label, ...others] = fields.filter((field) => !isText(field) && field.range !== undefined && field.shape.length === 1);
  const count = label?.range && asNumber(label.range);
  if ((table === undefined && source !== "labelled") || count === undefined || others.length > 0) return undefined;
  return { fed: fields.filter(isText), columns: table?.texts ?? [given["first"], given["second"]].filter((column) => column !== "").map(String), count };
}

/** Each text's class; texts that make a row together stand in one, tabs between. Rejects with CommandFailure and TfmError. */
export async function classify({ entry, columns, classes }: Classifier, { checkpoint, model, tokenizer }: Trained, device: Device, texts: readonly string[]): Promise<readonly Judgement[]> {
  const recipe = model.recipe!;
  const batches = encoded(examplesOf(texts.map((text, at) => partsOf(text, at, columns)), recipe.data), "the texts", { ...recipe, batch: ROWS }, tokenizer);
  const session = await createSession(inferenceProgram(model, device, [entry.name]), { bounds: feedOf(entry, recipe.data, { sizes: batches.bounds, fields: {} }).sizes, entries: [entry.name], ...sessionDevice(device) });
  try {
    loadCheckpoint(session, checkpoint);
    const found: Judgement[] = [];
    for (const batch of batches.inOrder()) {
      session.run(entry.name, feedOf(entry, recipe.data, batch));
      const { data } = await session.read(session.output(entry.name));
      for (let row = 0; row < batch.sizes["B"]!; row++) found.push(judgement(Array.from(data.subarray(row * classes.length, (row + 1) * classes.length)), classes));
    }
    return found;
  } finally {
    session.dispose();
  }
}

function partsOf(text: string, at: number, columns: readonly string[]): readonly string[] {
  if (columns.length === 1) return [text];
  const parts = text.split("\t");
  if (parts.length === columns.length) return parts;
  throw new CommandFailure({ code: "text-parts", exit: exitCodes.usage, message: `text ${at + 1} has ${parts.length === 1 ? "one part" : `${parts.length} parts`}; the model was trained on ${columns.join(", ")}`, remedy: "write them one behind the other, with a tab between" });
}

function examplesOf(rows: readonly (readonly string[])[], { table, fields }: DataSpec): Examples {
  if (table === undefined) return labelledExamples(rows.map(([first = "", second]) => ({ first, label: 0, ...(second === undefined ? {} : { second }) })));
  const size = (name: string): string => sizeOf(fields.find((field) => field.name === name)!);
  return tableExamples(table.texts.map((name) => ({ name, type: "i32", extents: [size(name)], isText: true })), rows.map((cells, at) => ({ line: at + 1, cells })));
}

function sizeOf({ shape }: EntryInput): string {
  return Object.keys(boundSizes({ shape: shape.slice(1) }, [0]))[0]!;
}

/** The function may call its sizes otherwise than the data do. */
function feedOf({ inputs }: Entry, { fields: declared }: DataSpec, { sizes, fields }: Pick<Batch, "sizes" | "fields">): Pick<Batch, "sizes" | "fields"> {
  const bound = inputs.map((input) => boundSizes(input, declared.find(({ name }) => name === input.name)!.shape.map((size) => evaluateSize(size, sizes))));
  return { sizes: Object.assign({}, ...bound) as Batch["sizes"], fields: Object.fromEntries(inputs.flatMap(({ name }) => (fields[name] ? [[name, fields[name]]] : []))) };
}

function judgement(logits: readonly number[], classes: readonly string[]): Judgement {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const total = weights.reduce((a, b) => a + b);
  return { answer: classes[logits.indexOf(most)]!, probabilities: Object.fromEntries(classes.map((name, at) => [name, weights[at]! / total])) };
}
