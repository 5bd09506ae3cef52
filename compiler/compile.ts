/** The compiler on one screen: a checked model becomes a program. */
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Entry as ModelEntry, Model, Recipe } from "./check/model.ts";
import type { Expr, Graph, StateRef } from "./ir/graph.ts";
import type { Dim } from "./dim.ts";
import { visitExpr } from "./ir/expr.ts";
import { expressionsOf, indexSizes } from "./ir/walk.ts";
import type { FusedGraph } from "./ir/fused.ts";
import type { ScheduledKernel } from "./kernels/kernel.ts";
import type { ContractProfile } from "./kernels/contract/spec.ts";
import { type MadeKernels, schedule } from "./kernels/schedule.ts";
import { differentiate } from "./passes/differentiate.ts";
import { atOnePlace } from "./passes/one-place.ts";
import { apart } from "./passes/fuse/apart.ts";
import { fuse } from "./passes/fuse/fuse.ts";
import { inSegments } from "./passes/fuse/segments.ts";
import { checkObserved, observing, observingGradients } from "./observe.ts";
import { GRAPH_PASSES } from "./pipeline.ts";
import { type Layout, LOSS, nextState, stateLayout } from "./plan/layout.ts";
import { ofLastPlace } from "./last.ts";
import { KernelTable, planEntry } from "./plan/plan.ts";
import { uniformOf } from "./plan/uniform.ts";
import { addedUp, withCountsAsStates } from "./train/accumulate.ts";
import { averaged, updateGraph } from "./train/update.ts";
import { lastEntry } from "../runtime/decode/entries.ts";
import { TfmError } from "../runtime/errors.ts";
import { FORMAT, type Entry, type Program } from "../runtime/program.ts";
import { sizeNames } from "../runtime/size.ts";
import { ENTRIES } from "../runtime/training/report.ts";

export interface CompileOptions {
  /** What runs it: decides which variants of a kernel come first. */
  readonly profile: ContractProfile;
  /** Whether the recipe's training step is part of the program, or only the model's own entries. */
  readonly training: boolean;
  /** The entries of the model to take along, all by default; by `lastEntry` what they give for the last place, by `metricEntry` metrics of the recipe and its `loss`, none by default. */
  readonly entries?: readonly string[];
  /** Values, by the names that `observables` tells, that become outputs of each entry of the model and each metric that computes them. */
  readonly observe?: readonly string[];
  /** Adds an entry `grad` without an update: the recipe's loss as in training, with the values of `observe` and the gradients of these as outputs. */
  readonly gradients?: readonly string[];
  /** false: every equation becomes a naive kernel of its own. For tests of the recognisers; slow. */
  readonly recognise?: boolean;
  /** Elements that one dispatch of the optimizer goes over at most. For tests of what larger models have. */
  readonly longestRange?: number;
  /** Called with the graph after every pass. */
  readonly onPass?: (entry: string, pass: string, graph: Graph) => void;
  /** Called with its name whenever a phase ends, for measurements. */
  readonly onPhase?: (phase: string) => void;
}

/** One entry at every stage, for people and tests. */
export interface Stages {
  readonly name: string;
  readonly graph: Graph;
  /** The graph with gradients, for a training step. */
  readonly grad?: Graph;
  readonly fused: FusedGraph;
  readonly kernels: readonly ScheduledKernel[];
  readonly plan: Entry;
}

export interface Compiled {
  readonly program: Program;
  readonly stages: readonly Stages[];
}

export function compile(model: Model, options: CompileOptions): Compiled {
  const recipe = options.training ? model.recipe : undefined;
  const step = recipe && trainingStep(recipe);
  options.onPhase?.("differentiate");
  const { optimizer, average } = recipe ?? {};
  const layout = stateLayout(model.parameters, { optimizer, counts: step?.counts, running: model.running, average: average !== undefined, longestRange: options.longestRange });
  const update = recipe && { name: ENTRIES.update, graph: updateGraph(recipe, layout) };
  const metrics = (model.recipe === undefined ? [] : [model.recipe.validationLoss, ...model.recipe.metrics]).map((entry) => ({ ...entry, name: metricEntry(entry.name) }));
  const own = [...model.entries.filter(({ name }) => options.entries?.includes(name) ?? true), ...metrics.filter(({ name }) => options.entries?.includes(name))];
  const { observe = [], gradients } = options;
  refuseUnknown(checkObserved([...own, ...(gradients && model.recipe ? [model.recipe.loss] : [])], observe, gradients, model.recipe?.loss));
  const inside = gradients && model.recipe ? [{ name: ENTRIES.grad, graph: observingGradients(model.recipe.loss, observe, gradients), source: model.recipe.loss }] : [];
  const inUse = (graph: Graph): Graph => (recipe?.average === undefined ? graph : averaged(graph, recipe.optimizer));
  const seen = own.map((entry) => ({ name: entry.name, graph: inUse(observe.length > 0 ? observing(entry, observe) : entry.graph), source: entry, alone: !options.training }));
  const last = model.entries.filter(({ name }) => options.entries?.includes(lastEntry(name))).map((entry) => {
    const source = ofLastPlace(entry);
    return { name: source.name, graph: inUse(source.graph), source, alone: true };
  });
  const entries: Lowered[] = [...(step?.entries ?? []), ...(update ? [update] : []), ...inside, ...seen, ...last];
  return compileGraphs(model.name, entries, layout, options, recipe?.optimizer.learningRate);
}

function refuseUnknown([first]: readonly Diagnostic[]): void {
  if (first) throw new TfmError(first.code, 1, first.title, first.fix?.text);
}

/** The entry of a program that a metric of the recipe becomes; the model may have a function of the same name. */
export function metricEntry(name: string): string {
  return `metrics.${name}`;
}

/** Entries that share states, from their graphs on. */
export function compileGraphs(name: string, entries: readonly Lowered[], layout: Layout, options: Omit<CompileOptions, "training" | "entries" | "observe" | "gradients">, learningRate?: Expr): Compiled {
  const form = options.recognise === false ? apart : fuse;
  const lowered = entries.map((entry) => {
    const needed = entry.alone === true ? atOnePlace(entry.graph, entry.source?.requires ?? []) : (entry.grad ?? entry.graph);
    const fused = inSegments(optimized(entry.name, needed, options), form);
    options.onPhase?.("fuse");
    return { ...entry, fused };
  });
  const graphs = lowered.map(({ fused }) => fused.graph);
  const sizes = sizesOf(graphs);
  const uniform = uniformOf(graphs, sizes, learningRate);
  const table = new KernelTable();
  const made: MadeKernels = new Map();
  const stages = lowered.map((entry): Stages => {
    const kernels = schedule(entry.fused, uniform, options.profile, made);
    options.onPhase?.("schedule");
    return { ...entry, kernels, plan: planEntry({ ...entry, kernels }, layout, table) };
  });
  const plans = stages.map(({ plan }) => plan);
  return {
    stages,
    program: { format: FORMAT, name, sizes, uniform: uniform.fields, states: layout.buffers, kernels: table.kernels, entries: plans },
  };
}

export interface Lowered {
  readonly name: string;
  readonly graph: Graph;
  readonly grad?: Graph;
  readonly source?: Pick<ModelEntry, "inputs" | "requires">;
  /** Whether it is for use alone, so that what no result needs of a value need not be computed. */
  readonly alone?: boolean;
}

/** `grad`, and for accumulation `count` before it. */
function trainingStep({ loss, accumulate, optimizer }: Recipe): { readonly entries: readonly Lowered[]; readonly counts: number } {
  const trained = optimizer.groups.flatMap(({ paths }) => paths.map((path): StateRef => ({ kind: "parameter", path })));
  if (accumulate <= 1) return { entries: [{ name: ENTRIES.grad, graph: loss.graph, grad: withLossKept(withNextKept(differentiate(loss.graph, trained))), source: loss }], counts: 0 };
  const { loss: graph, count, counts } = withCountsAsStates(loss.graph);
  const grad = { name: ENTRIES.grad, graph, grad: addedUp(withNextKept(differentiate(graph, trained))), source: loss };
  return { entries: counts > 0 ? [{ name: ENTRIES.count, graph: count, source: loss }, grad] : [grad], counts };
}

/** A running state changes in `update`: within `grad` it is what the step before left, and a step that is not sound leaves it alone. */
function withNextKept(graph: Graph): Graph {
  return { ...graph, outputs: graph.outputs.map((output) => (output.state?.kind === "running" ? { ...output, state: nextState(output.state.path) } : output)) };
}

/** The loss stays on the device, where `update` looks at it. */
function withLossKept(graph: Graph): Graph {
  return { ...graph, outputs: graph.outputs.map((output) => (output.state ? output : { ...output, state: LOSS })) };
}

function optimized(entry: string, graph: Graph, options: Pick<CompileOptions, "onPass" | "onPhase">): Graph {
  return GRAPH_PASSES.reduce((before, pass) => {
    const after = pass.run(before);
    options.onPhase?.(pass.name);
    options.onPass?.(entry, pass.name, after);
    return after;
  }, graph);
}

/** All named sizes that shapes and expressions mention. */
function sizesOf(graphs: readonly Graph[]): string[] {
  const names = new Set<string>();
  const note = (dim: Dim): void => sizeNames(dim).forEach((name) => names.add(name));
  for (const value of graphs.flatMap(({ values }) => values)) {
    indexSizes(value).forEach(note);
    for (const expr of expressionsOf(value)) visitExpr(expr, (node) => void (node.kind === "size" && note(node.dim)));
  }
  return [...names].sort();
}
