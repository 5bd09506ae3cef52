import type { LayerCost } from "../../compiler/cost.ts";
import { print } from "../../compiler/dim.ts";
import type { Dim } from "../../compiler/dim.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { checkedModel } from "../experiment/check.ts";
import { productRate } from "../experiment/rate.ts";
import { readModel } from "../experiment/source.ts";
import { summarize } from "../experiment/summary.ts";
import type { Summary } from "../experiment/summary.ts";
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
  details: `Per layer, as numbers for a batch and as formulas in its sizes. FLOPs are those of products, two for a multiplication with its addition.
The time of the training is estimated by a product that is timed on this adapter, or by --rate.

  tfmc summary model.tfm --batch 32 --length 128 --set d=256`,
  arguments: [{ name: "file", count: "one", doc: "the model" }],
  options: [
    ...modelOptions,
    { name: "batch", kind: "integer", value: "N", doc: "rows of a batch; the recipe's by default" },
    { name: "length", kind: "integer", value: "N", doc: "every other size of a batch; by default the model's limit, or 64" },
    { name: "rate", kind: "number", value: "GFLOPS", doc: "estimate the time by this many GFLOP/s in the place of measured ones" },
  ],
  needsAdapter: true,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, () => summary(file, options, output)),
};

/** The part of a product's speed that a training step reaches: the rest goes into what is no product. */
const SHARE = 0.3;

interface Estimate {
  readonly seconds: number;
  readonly flopsPerSecond: number;
  readonly source: string;
}

async function summary(file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  const positive = (name: string): number | undefined => {
    const value = options.number(name);
    if (value !== undefined && value <= 0) throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be above 0; it is ${value}` });
    return value;
  };
  const request = { batch: positive("batch"), length: positive("length") };
  const rate = positive("rate");
  const model = checkedModel(valueOf(readModel(file)), modelChoices(options), (warnings) => output.report(warnings));
  const found = summarize(model, request);
  const estimate = found.training === undefined ? undefined : await estimateOf(found.training, rate);
  if (output.json) output.dataJson(asJson(found, estimate));
  else for (const line of [...numbers(found), "", ...formulas(found), "", ...totals(found, estimate)]) output.data(line);
  return exitCodes.ok;
}

/** Undefined where there is neither a rate nor an adapter to measure one on. */
async function estimateOf({ steps, flops }: NonNullable<Summary["training"]>, given: number | undefined): Promise<Estimate | undefined> {
  const estimate = (rate: number, source: string): Estimate => ({ seconds: (steps * flops) / (rate * SHARE), flopsPerSecond: rate, source });
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

function numbers({ name, of, sizes, cost }: Summary): readonly string[] {
  const figures = ({ parameters, forward, step, activations }: LayerCost): readonly string[] => [
    parameters.toLocaleString("en-US"),
    short(evaluateSize(forward, sizes)),
    short(evaluateSize(step, sizes)),
    bytesText(evaluateSize(activations, sizes)),
  ];
  const lines = [
    ["layer", "parameters", "forward FLOPs", "training FLOPs", "activations"],
    ...rows(cost).map((row) => [title(row), ...figures(row.cost)]),
    ["all, with what is in no layer", ...figures(cost)],
  ];
  return [`${name}, a ${of} with ${Object.entries(sizes).map(([size, value]) => `${size} = ${value}`).join(", ")}`, "", ...table(lines, new Set([1, 2, 3, 4]))];
}

function formulas({ cost }: Summary): readonly string[] {
  const text = (dim: Dim): string => tidy(print(dim));
  const figures = ({ forward, step, activations }: LayerCost): readonly string[] => [text(forward), text(step), text(activations)];
  return table([["layer", "forward FLOPs", "training FLOPs", "activations in bytes"], ...rows(cost).map((row) => [title(row), ...figures(row.cost)]), ["all", ...figures(cost)]], new Set());
}

/** Powers in the place of `T*T`. */
function tidy(text: string): string {
  return text.replace(/\b([A-Za-z_]\w*)(?:\*\1\b)+/g, (match, name: string) => `${name}^${match.split("*").length}`);
}

function totals({ memory, peakBytes, training }: Summary, estimate: Estimate | undefined): readonly string[] {
  const parts = ([["parameters, gradients, optimizer", "state"], ["activations and other values, by their lifetimes", "arena"], ["batches", "input"], ["tables", "table"], ["transfers", "transfer"]] as const).filter(([, part]) => memory[part] > 0);
  const line = (name: string, text: string): string => `${name.padEnd(16)}${text}`;
  return [
    line("peak memory", `${bytesText(peakBytes)}: ${parts.map(([name, part]) => `${bytesText(memory[part])} ${name}`).join(" + ")}`),
    ...(training === undefined ? [] : [
      line("training", `${training.steps.toLocaleString("en-US")} steps, ${short(training.steps * training.flops)} FLOPs if all batches are of these sizes`),
      line("estimated time", estimate === undefined ? "unknown: there is no adapter to measure on; --rate GFLOPS estimates without one" : `${durationText(estimate.seconds)}: ${(estimate.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s in products, ${estimate.source}, of which a training step is taken to reach ${SHARE * 100} %`),
    ]),
  ];
}

function table(lines: readonly (readonly string[])[], right: ReadonlySet<number>): readonly string[] {
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((cells) => [...(cells[at] ?? "")].length))) ?? [];
  const cell = (text: string, at: number): string => (right.has(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0));
  return lines.map((cells) => cells.map(cell).join("   ").trimEnd());
}

function asJson(summary: Summary, estimate: Estimate | undefined): unknown {
  const { name, of, sizes, cost, memory, peakBytes, training } = summary;
  const layer = ({ path, layer: kind, times, parameters, forward, step, activations, children }: LayerCost): unknown => ({
    path, layer: kind, times, parameters,
    ...Object.fromEntries(([["forwardFlops", forward], ["trainingFlops", step], ["activationBytes", activations]] as const).map(([key, dim]) => [key, { formula: print(dim), value: evaluateSize(dim, sizes) }])),
    children: children.map(layer),
  });
  return { model: name, of, sizes, layers: layer(cost), peakBytes, memory, ...(training === undefined ? {} : { training: { ...training, estimate: estimate ?? null } }) };
}
