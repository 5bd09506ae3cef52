import { compile } from "../../compiler/compile.ts";
import { modelCost } from "../../compiler/cost.ts";
import type { LayerCost } from "../../compiler/cost.ts";
import type { Entry, Model } from "../../compiler/check/model.ts";
import { planBuffers, totalBytes } from "../../runtime/buffers.ts";
import type { Purpose } from "../../runtime/buffers.ts";
import { checkRequirements } from "../../runtime/feed.ts";
import { ENTRIES } from "../../runtime/index.ts";
import type { Program, Sizes } from "../../runtime/index.ts";
import { DEFAULT_BINDING } from "../../runtime/program.ts";
import { elementCount, evaluateShape } from "../../runtime/size.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { meanOf, meanSizes } from "./fed-sizes.ts";
import type { FedSizes, StepSizes } from "./fed-sizes.ts";
import { modelLimit } from "./limits.ts";
import { sizesOf } from "./profile.ts";

export interface Summary {
  readonly name: string;
  /** "training step" or the function of the model that is counted, where there is no recipe. */
  readonly of: string;
  /** Of a step's batch; means over `steps`. */
  readonly sizes: Sizes;
  /** What figures are means over: the sizes of steps' micro-batches. */
  readonly steps: StepSizes;
  readonly cost: LayerCost;
  /** What a session is planned for: the largest micro-batch. */
  readonly bounds: Sizes;
  /** Bytes of a session of these bounds. */
  readonly memory: Readonly<Record<Purpose, number>>;
  readonly peakBytes: number;
  readonly training?: { readonly steps: number; readonly flops: number };
}

export interface SummaryRequest {
  /** Rows of every batch; the recipe's by default. */
  readonly batch?: number | undefined;
  /** Every other size of every batch; by default the model's limit, or 64. */
  readonly length?: number | undefined;
  /** What a run is fed, in the place of one size for all batches. */
  readonly fed?: FedSizes | undefined;
}

/** Of sequences, where the model sets no limit of its own. */
const LENGTH = 64;

/**
 * What the model costs, of the recipe's mean training step, or without a recipe of `forward`. Runs nothing. Throws TfmError for a
 * length that the model does not take.
 */
export function summarize(model: Model, { batch, length, fed }: SummaryRequest = {}): Summary {
  const { recipe } = model;
  const entry = recipe?.loss ?? mainEntry(model);
  const whole = sizesOf(entry.inputs, batch ?? recipe?.batch ?? 1, length ?? Math.min(modelLimit(entry.requires, entry.sizes) ?? LENGTH, DEFAULT_LENGTH_MOST));
  if (length !== undefined) checkRequirements(entry, whole);
  const { stages, program } = compile(model, { profile: { kind: "gpu" }, training: recipe !== undefined, entries: recipe === undefined ? [entry.name] : [] });
  const grad = stages.find(({ name }) => name === ENTRIES.grad);
  const cost = modelCost(model, { forward: entry.graph, step: grad?.grad, plan: grad?.plan });
  // A step's micro-batches come one after the other.
  const parts = recipe?.accumulate ?? 1;
  const bounds = fed?.bounds ?? Object.fromEntries(Object.entries(whole).map(([name, size]) => [name, name === "B" ? Math.ceil(size / parts) : size]));
  const steps = fed?.steps ?? [[whole]];
  const memory = memoryOf(program, bounds, parts);
  return {
    name: model.name,
    of: recipe === undefined ? entry.name : "training step",
    sizes: meanSizes(steps),
    steps,
    cost,
    bounds,
    memory,
    peakBytes: totalBytes(memory),
    ...(recipe === undefined ? {} : { training: { steps: recipe.steps, flops: meanOf(cost.step, steps) } }),
  };
}

/** A limit of thousands is what a model can take, and not what it is likely to be given. */
const DEFAULT_LENGTH_MOST = 1024;

function mainEntry({ entries, file }: Model): Entry {
  const found = entries.find(({ name }) => name === "forward") ?? entries[0];
  if (found !== undefined) return found;
  throw new CommandFailure({ code: "no-entry", exit: exitCodes.wrong, message: `${file.path} has neither a recipe nor a function that can be called from outside`, remedy: "add a recipe, or a `forward` whose parameters have types" });
}

/** As a session would plan it. */
function memoryOf(program: Program, bounds: Sizes, slots: number): Readonly<Record<Purpose, number>> {
  const largest = Math.max(0, ...program.entries.flatMap(({ temporaries }) => temporaries.map(({ shape }) => 4 * elementCount(evaluateShape(shape, bounds)))));
  const limit = Math.max(DEFAULT_BINDING, largest);
  return planBuffers(program, program.entries, { bounds, limit, maxBuffer: Number.POSITIVE_INFINITY, slots, sharedStates: new Set() }).bytes;
}
