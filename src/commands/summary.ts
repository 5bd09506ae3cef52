import type { Model } from "../../compiler/check/model.ts";
import type { LayerCost } from "../../compiler/cost.ts";
import { print } from "../../compiler/dim.ts";
import type { Dim } from "../../compiler/dim.ts";
import { TfmError } from "../../runtime/index.ts";
import type { Sizes } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { checkedModel, recipeOf } from "../experiment/check.ts";
import { fedSizes, meanOf } from "../experiment/fed-sizes.ts";
import { weightsAtHand } from "../experiment/initial.ts";
import { prepare } from "../experiment/prepare.ts";
import { TRAINING_SHARE, productRate, trainingSeconds } from "../experiment/rate.ts";
import { readModel } from "../experiment/source.ts";
import { summarize } from "../experiment/summary.ts";
import type { Summary, SummaryRequest } from "../experiment/summary.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import { durationText } from "../report/page.ts";
import { bytesText, short } from "../report/text.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions } from "./model-options.ts";
import { reporting } from "./refused.ts";

export const summaryCommand: Command = {
  name: "summary",
  summary: "say what a model costs: parameters, FLOPs, memory, time",
  details: `Per layer, as numbers and as formulas in a batch's sizes. FLOPs are those of products, two for a multiplication with its addition.
The numbers are means over batches of the recipe's data, which are read for it, or those of one size that --length gives.
The time of the training is estimated by the speed of a 512 × 512 product that is timed on this adapter, or by --rate.

  tfmc summary model.tfm --data pairs.tsv --set d=256
  tfmc summary model.tfm --batch 32 --length 128`,
  arguments: [{ name: "file", count: "one", doc: "the model" }],
  options: [
    ...modelOptions,
    { name: "data", kind: "text", value: "PATH", doc: "read the sizes of batches off this file or folder, in the place of the recipe's" },
    { name: "batch", kind: "integer", value: "N", doc: "rows of a batch; the recipe's by default" },
    { name: "length", kind: "integer", value: "N", doc: "every other size of all batches, and no data are read; without data the model's limit, or 64" },
    { name: "rate", kind: "number", value: "GFLOPS", doc: "the speed of a 512 × 512 product, in the place of the one measured on this adapter" },
  ],
  needsAdapter: true,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, () => summary(file, options, output)),
};

interface Estimate {
  readonly seconds: number;
  readonly flopsPerSecond: number;
  readonly source: string;
}

async function summary(file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  const subject = await subjectOf(file, options, output);
  const found = summarize(subject.model, subject.request);
  const estimate = found.training === undefined ? undefined : await estimateOf(found.training, positive(options, "rate"));
  if (output.json) output.dataJson(asJson(found, subject, estimate));
  else for (const line of [...numbers(found, subject), "", ...formulas(found), "", ...totals(found, estimate)]) output.data(line);
  return exitCodes.ok;
}

function positive(options: OptionValues, name: string): number | undefined {
  const value = options.number(name);
  if (value === undefined || value > 0) return value;
  throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be above 0; it is ${value}` });
}

/** What is summed up, and where its sizes come from. */
interface Subject {
  readonly model: Model;
  readonly request: SummaryRequest;
  readonly from: "data" | "options" | "assumed";
  /** Which data, or why there are none. */
  readonly about?: string;
}

/** With sizes as a run would have them, where the recipe's data can be read. */
async function subjectOf(file: string, options: OptionValues, output: Output): Promise<Subject> {
  const [batch, length, data] = [positive(options, "batch"), positive(options, "length"), options.text("data")];
  if (data !== undefined && length !== undefined) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: "--length gives all batches one size, so --data has no meaning beside it", remedy: "leave one of them out" });
  const source = valueOf(readModel(file));
  const { recipe, set } = modelChoices(options);
  const model = checkedModel(source, { recipe, set }, (warnings) => output.report(warnings));
  if (data !== undefined) recipeOf(model);
  if (length !== undefined || model.recipe === undefined) return { model, request: { batch, length }, from: length === undefined ? "assumed" : "options" };
  const progress = output.progress();
  progress.update("reading the data …");
  try {
    const prepared = await prepare({ source, recipe, set: batch === undefined ? set : { ...set, "recipe.batch": String(batch) }, data, initial: (first) => weightsAtHand(source, first) });
    return { model: prepared.model, request: { fed: fedSizes(prepared) }, from: "data", about: prepared.data.file };
  } catch (error) {
    if (data !== undefined || !(error instanceof CommandFailure || error instanceof TfmError)) throw error;
    return { model, request: { batch }, from: "assumed", about: error.message };
  } finally {
    progress.finish();
  }
}

/** Undefined where there is neither a rate nor an adapter to measure one on. */
async function estimateOf(training: NonNullable<Summary["training"]>, given: number | undefined): Promise<Estimate | undefined> {
  const estimate = (rate: number, source: string): Estimate => ({ seconds: trainingSeconds(training, rate), flopsPerSecond: rate, source });
  if (given !== undefined) return estimate(given * 1e9, "as --rate says");
  const device = await commandDevice();
  if (!device.ok) return undefined;
  return estimate(await productRate(device.value), `measured on ${device.value.adapter.name}`);
}

interface Row {
  readonly depth: number;
  readonly cost: LayerCost;
}

/** Layers that take part: a model may have heads that this recipe does not use. */
function rows(cost: LayerCost, depth = 0): readonly Row[] {
  const used = cost.children.filter(({ parameters, forward, step, activations }) => parameters > 0 || [forward, step, activations].some((dim) => dim.length > 0));
  return used.flatMap((child) => [{ depth, cost: child }, ...rows(child, depth + 1)]);
}

const title = ({ depth, cost: { name, layer, times } }: Row): string => `${"  ".repeat(depth)}${name}  ${layer}${times > 1 ? ` × ${times}` : ""}`;

/** Without a recipe nothing is differentiated: there is no arithmetic but the function's own, and nothing is kept for a gradient. */
const ofTraining = (summary: Summary, figures: readonly string[]): readonly string[] => (summary.training === undefined ? [] : figures);
const forwardTitle = ({ training, of }: Summary): string => `${training === undefined ? of : "forward"} FLOPs`;

function numbers(summary: Summary, subject: Subject): readonly string[] {
  const { name, of, sizes, steps, cost } = summary;
  const figures = ({ parameters, forward, step, activations }: LayerCost): readonly string[] => [
    parameters.toLocaleString("en-US"),
    short(meanOf(forward, steps)),
    ...ofTraining(summary, [short(meanOf(step, steps)), bytesText(meanOf(activations, steps))]),
  ];
  const lines = [
    ["layer", "parameters", forwardTitle(summary), ...ofTraining(summary, ["training FLOPs", "activations"])],
    ...rows(cost).map((row) => [title(row), ...figures(row.cost)]),
    ["all, with what is in no layer", ...figures(cost)],
  ];
  return [`${name}, a ${of} with ${sizesText(sizes)}`, `sizes: ${originText(subject, sizes, steps.length)}`, "", ...table(lines, new Set([1, 2, 3, 4]))];
}

const sizesText = (sizes: Sizes): string => Object.entries(sizes).map(([name, value]) => `${name} = ${Number(value.toFixed(1))}`).join(", ");

/** Where the sizes come from, and, where they are assumed, how to give them. */
function originText({ from, about, model, request }: Subject, sizes: Sizes, steps: number): string {
  if (from === "data") return `means over ${steps} batches of the run, from ${about}`;
  if (from === "options") return "as --length says";
  if (model.recipe === undefined) return "assumed; --batch and --length set them";
  if (Object.keys(sizes).every((name) => name === "B")) return request.batch === undefined ? "as the recipe says" : "as --batch says";
  return `assumed, as the recipe's data could not be read (${about}); --data PATH names others, --length N gives all batches one`;
}

function formulas(summary: Summary): readonly string[] {
  const { cost } = summary;
  const text = (dim: Dim): string => tidy(print(dim));
  const figures = ({ forward, step, activations }: LayerCost): readonly string[] => [text(forward), ...ofTraining(summary, [text(step), text(activations)])];
  return table([["layer", forwardTitle(summary), ...ofTraining(summary, ["training FLOPs", "activations in bytes"])], ...rows(cost).map((row) => [title(row), ...figures(row.cost)]), ["all", ...figures(cost)]], new Set());
}

/** Powers in the place of `T*T`. */
function tidy(text: string): string {
  return text.replace(/\b([A-Za-z_]\w*)(?:\*\1\b)+/g, (match, name: string) => `${name}^${match.split("*").length}`);
}

function totals({ memory, peakBytes, bounds, training }: Summary, estimate: Estimate | undefined): readonly string[] {
  const parts = ([[training === undefined ? "parameters" : "parameters, gradients, optimizer", "state"], [`${training === undefined ? "" : "activations and other "}values, by their lifetimes`, "arena"], ["batches", "input"], ["tables", "table"], ["transfers", "transfer"]] as const).filter(([, part]) => memory[part] > 0);
  const line = (name: string, text: string): string => `${name.padEnd(16)}${text}`;
  return [
    line("peak memory", `${bytesText(peakBytes)} with ${sizesText(bounds)}: ${parts.map(([name, part]) => `${bytesText(memory[part])} ${name}`).join(" + ")}`),
    ...(training === undefined ? [] : [
      line("training", `${training.steps.toLocaleString("en-US")} steps, ${short(training.steps * training.flops)} FLOPs`),
      line("estimated time", estimate === undefined ? "unknown: there is no adapter to measure on; --rate GFLOPS estimates without one" : `${durationText(estimate.seconds)}: ${(estimate.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s in products, ${estimate.source}, of which a training step is taken to reach ${TRAINING_SHARE * 100} %`),
    ]),
  ];
}

function table(lines: readonly (readonly string[])[], right: ReadonlySet<number>): readonly string[] {
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((cells) => [...(cells[at] ?? "")].length))) ?? [];
  const cell = (text: string, at: number): string => (right.has(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0));
  return lines.map((cells) => cells.map(cell).join("   ").trimEnd());
}

function asJson(summary: Summary, { from }: Subject, estimate: Estimate | undefined): unknown {
  const { name, of, sizes, steps, bounds, cost, memory, peakBytes, training } = summary;
  const layer = ({ path, layer: kind, times, parameters, forward, step, activations, children }: LayerCost): unknown => ({
    path, layer: kind, times, parameters,
    ...Object.fromEntries(([["forwardFlops", forward], ...(training === undefined ? [] : [["trainingFlops", step], ["activationBytes", activations]] as const)] as const).map(([key, dim]) => [key, { formula: print(dim), value: meanOf(dim, steps) }])),
    children: children.map(layer),
  });
  return { model: name, of, sizes, sizesFrom: from, layers: layer(cost), bounds, peakBytes, memory, ...(training === undefined ? {} : { training: { ...training, estimate: estimate ?? null } }) };
}
