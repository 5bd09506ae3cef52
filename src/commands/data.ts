import type { EntryInput, Recipe } from "../../compiler/check/model.ts";
import type { TrainingBatch } from "../../runtime/index.ts";
import { elementCount, evaluateShape } from "../../runtime/size.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { classList } from "../data-sources/index.ts";
import { drawnValues } from "../experiment/drawn.ts";
import { initialWeights, weightsAtHand } from "../experiment/initial.ts";
import type { InitialWeights } from "../experiment/initial.ts";
import { prepare } from "../experiment/prepare.ts";
import type { Prepared } from "../experiment/prepare.ts";
import { readModel } from "../experiment/source.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import type { Output } from "../output.ts";
import { plural } from "../report/text.ts";
import { shellWord } from "../shell.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions, skipBadRowsOption, validationOption, validationSetting } from "./model-options.ts";
import { reporting } from "./refused.ts";

export const dataCommand: Command = {
  name: "data",
  summary: "show the examples that a recipe trains on, as the model is fed with them",
  details: "tfmc data show FILE.tfm\n\nThe first rows of a step's batch, field by field: tokens as the vocabulary spells them, images in shades. Behind them stands\nwhat the recipe makes of them by drawing (masks, noise, mixtures), as that step of training has it. --step N shows another step; the\nsame step is the same in every run of the same seed. Where training takes over the tokenizer of the weights that it starts from\n(init_from, --init-from), so does this.",
  arguments: [
    { name: "action", count: "one", doc: "`show`" },
    { name: "file", count: "one", doc: "the model" },
  ],
  options: [
    ...modelOptions,
    { name: "data", kind: "text", value: "PATH", doc: "files in the place of the recipe's" },
    { name: "init-from", kind: "list", value: "PATH", doc: "as of `train`: the tokenizer of these weights, in the place of the recipe's init_from; `none` for the recipe's own" },
    validationOption,
    skipBadRowsOption,
    { name: "step", kind: "integer", value: "N", doc: "the step, from 1; 1 by default" },
    { name: "rows", kind: "integer", value: "N", doc: "rows to show; 4 by default" },
  ],
  needsAdapter: false,
  run: ({ arguments: [action = "", file = ""], options, output }) => reporting(output, () => showData(action, file, options, output)),
};

async function showData(action: string, file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  if (action !== "show") throw new CommandFailure({ code: "action-unknown", exit: exitCodes.usage, message: `there is no \`tfmc data ${action}\``, remedy: `tfmc data show ${action.endsWith(".tfm") ? shellWord(action) : "FILE.tfm"}` });
  const [step, rows] = [counted(options, "step", 1), counted(options, "rows", 4)];
  const { recipe: name, set } = modelChoices(options);
  const source = valueOf(readModel(file));
  const places = options.list("init-from");
  const initial = (first: Recipe): InitialWeights | undefined => (places.length === 0 ? weightsAtHand(source, first) : initialWeights(source, first, places));
  const prepared = await prepare({ source, recipe: name, set: { ...set, ...validationSetting(options) }, data: options.text("data"), skipBadRows: options.flag("skip-bad-rows"), initial, warn: (warnings) => output.report(warnings) });
  const { data, tokenizer, stepsPerEpoch } = prepared;
  output.say(`${data.training.count.toLocaleString("en-US")} ${data.training.unit} in ${data.file}${data.validation === undefined ? "" : `, ${data.validation.count.toLocaleString("en-US")} for validation`}${data.badRows === 0 ? "" : `, ${plural(data.badRows, "bad row")} left out`}; ${stepsPerEpoch} steps see as much once${tokenizer === undefined ? "" : `; ${tokenizer.size} tokens`}`);
  if (data.classes !== undefined) output.say(`classes: ${classList(data.classes)}`);
  const parts = prepared.batches(step);
  const B = parts.reduce((sum, { sizes }) => sum + (sizes["B"] ?? 0), 0);
  output.say(`step ${step}: ${Object.entries({ ...parts[0]?.sizes, B }).map(([size, value]) => `${size} = ${value}`).join(", ")}${parts.length > 1 ? `, in ${parts.length} parts` : ""}`);
  for (const [row, shown] of shownRows(prepared, parts, step, rows).entries()) {
    if (output.json) {
      output.dataJson({ row, ...Object.fromEntries(shown.map(({ field: { name: of }, values }) => [of, [...values]])) });
      continue;
    }
    if (row > 0) output.data("");
    for (const { field, title, values } of shown) for (const line of lines(title, values, field, prepared)) output.data(line);
  }
  return exitCodes.ok;
}

interface Shown {
  readonly title: string;
  readonly field: EntryInput;
  readonly values: Int32Array | Float32Array;
}

/** The first rows of a step's batch, through its parts in their order: each draws for itself. */
function shownRows({ model, recipe }: Prepared, parts: readonly TrainingBatch[], step: number, most: number): readonly (readonly Shown[])[] {
  const rows: (readonly Shown[])[] = [];
  for (const [part, batch] of parts.entries()) {
    const wanted = Math.min(most - rows.length, batch.sizes["B"] ?? 0);
    if (wanted === 0) break;
    const fed = recipe.loss.inputs.map((field) => ({ title: field.name, field, values: batch.fields[field.name] as Int32Array | Float32Array }));
    const drawn = drawnValues(model, batch, step, part).map(({ field, values }) => ({ title: `${field.name} (drawn)`, field, values }));
    for (let row = 0; row < wanted; row++) rows.push([...fed, ...drawn].map((one) => ({ ...one, values: rowOf(one.field, one.values, batch, row) })));
  }
  return rows;
}

/** The elements of a field that belong to a row: all of them where its first axis is not the batch. */
function rowOf({ shape }: EntryInput, values: Int32Array | Float32Array, { sizes }: TrainingBatch, row: number): Int32Array | Float32Array {
  const [first, ...others] = shape;
  const isBatch = first !== undefined && first.length === 1 && first[0]?.factors.includes("B") === true;
  const width = elementCount(evaluateShape(others, sizes));
  return isBatch ? values.slice(row * width, (row + 1) * width) : values;
}

function lines(field: string, values: Int32Array | Float32Array, { shape, range }: EntryInput, { tokenizer }: Prepared): readonly string[] {
  if (values instanceof Float32Array) return shape.length === 4 ? [`${field}:`, ...shades(values)] : [`${field}: ${Array.from(values, (value) => value.toFixed(3)).join(" ")}`];
  // Indices into the vocabulary are the ones as many as it has tokens.
  const words = tokenizer !== undefined && range !== undefined && range.length === 1 && range[0]?.factors.length === 0 && range[0].coefficient === tokenizer.size;
  return [`${field}: ${words ? spelt(values, tokenizer) : [...values].join(" ")}`];
}

function spelt(ids: Int32Array, tokenizer: Tokenizer): string {
  let last = ids.length;
  while (last > 0 && ids[last - 1] === tokenizer.pad) last--;
  const tokens = Array.from(ids.subarray(0, last), (id) => tokenizer.token(id).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (sign) => JSON.stringify(sign).slice(1, -1)).replaceAll(" ", "␣"));
  return `${tokens.join("│")}${last < ids.length ? ` + ${ids.length - last} of padding` : ""}`;
}

const SHADES = " .:-=+*#%@";

/** A picture of 0..1 with two characters a dot; of several channels the mean. What a recipe draws may lie outside, or be no number. */
function shades(values: Float32Array): readonly string[] {
  const side = [1, 3, 4].map((channels) => Math.sqrt(values.length / channels)).find((extent) => Number.isInteger(extent)) ?? 1;
  const channels = values.length / (side * side);
  return Array.from({ length: side }, (_, r) => Array.from({ length: side }, (_, c) => {
    const from = (r * side + c) * channels;
    const mean = values.subarray(from, from + channels).reduce((sum, value) => sum + value, 0) / channels;
    return (SHADES[Math.max(0, Math.min(SHADES.length - 1, Math.floor(mean * SHADES.length)))] ?? "?").repeat(2);
  }).join(""));
}

function counted(options: OptionValues, name: string, otherwise: number): number {
  const value = options.number(name) ?? otherwise;
  if (value < 1) throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be at least 1; it is ${value}` });
  return value;
}
