import { totalmem } from "node:os";
import { compile, metricEntry } from "../../compiler/compile.ts";
import type { Model, Recipe } from "../../compiler/check/model.ts";
import type { Program, SessionOptions } from "../../runtime/index.ts";
import type { OpenAdapter } from "../gpu/adapter.ts";
import { writingEntries } from "./decoding.ts";

/** A device with what is known of its adapter. */
export interface Device {
  readonly device: GPUDevice;
  readonly adapter: Pick<OpenAdapter, "name" | "hardware">;
}

/** Which variants of kernels come first on this adapter. */
export function profileOf({ hardware }: Pick<OpenAdapter, "hardware">): { readonly kind: "cpu" | "gpu" } {
  return { kind: hardware ? "gpu" : "cpu" };
}

/**
 * For the options of a session. A driver that computes on the CPU also compiles there, at the first run, which on a busy machine takes
 * minutes that a GPU never takes; and it promises memory that the machine does not have, where a GPU says what it lacks.
 */
export function sessionDevice({ device, adapter }: Device): Pick<SessionOptions, "memoryBudget" | "patience"> & { readonly device: GPUDevice } {
  return adapter.hardware ? { device, patience: 120, memoryBudget: Number.POSITIVE_INFINITY } : { device, patience: 900, memoryBudget: 0.75 * machineMemory() };
}

/** In bytes: the machine's, or what this process may have of it, as in a container. */
function machineMemory(): number {
  const own = process.constrainedMemory();
  return own > 0 ? Math.min(own, totalmem()) : totalmem();
}

/** The training step, and the entries that a run is measured and shown with. */
export function trainingProgram(model: Model, device: Device): Program {
  return compile(changingNothing(model), { profile: profileOf(device.adapter), training: true, entries: usedEntries(model) }).program;
}

/** The entries that the recipe generates with, as far as there are any, the one that perplexity asks, its metrics, and its loss for validation. */
export function usedEntries(model: Model): readonly string[] {
  const { recipe } = model;
  if (recipe === undefined) return [];
  const foresees = recipe.generate && recipe.reports.includes("perplexity") ? [recipe.generate.entry] : [];
  return [...writingEntries(model), ...foresees, ...figureEntries(recipe)];
}

/** Those that give what is measured on a batch: the loss, then the recipe's own metrics. */
export function figureEntries({ validationLoss, metrics }: Pick<Recipe, "validationLoss" | "metrics">): readonly string[] {
  return [validationLoss, ...metrics].map(({ name }) => metricEntry(name));
}

/** Some entries alone, for use. */
export function inferenceProgram(model: Model, device: Device, entries: readonly string[]): Program {
  return compile(changingNothing(model), { profile: profileOf(device.adapter), training: false, entries }).program;
}

/** What layers keep from step to step is left alone by the functions that a run is measured and shown with. */
function changingNothing(model: Model): Model {
  return { ...model, entries: model.entries.map((entry) => ({ ...entry, graph: { ...entry.graph, outputs: entry.graph.outputs.filter(({ state }) => state === undefined) } })) };
}
