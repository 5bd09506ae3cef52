import type { Model } from "../../compiler/check/model.ts";
import { printModel } from "../../compiler/check/print-model.ts";
import type { Compiled, Stages } from "../../compiler/compile.ts";
import { compile } from "../../compiler/compile.ts";
import { printFused } from "../../compiler/ir/print-fused.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { printKernels } from "../../compiler/kernels/print.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { printPlan } from "../../compiler/plan/print.ts";
import { parse } from "../../grammar/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { nearest } from "../suggest.ts";
import { ModelRefused } from "./check.ts";
import { printAst } from "./print-ast.ts";
import type { ModelSource } from "./source.ts";

/** What `tfmc compile --emit` prints, in the order in which the compiler gets there. */
export const STAGES = ["ast", "model", "graph", "grad", "fused", "kernels", "wgsl", "plan"] as const;
export type Stage = (typeof STAGES)[number];

export interface StageRequest {
  readonly kind: "cpu" | "gpu";
  /** This entry alone: `grad`, `update`, or one of the model's functions. */
  readonly entry?: string | undefined;
}

/** Throws ModelRefused for syntax errors. */
export function astText(source: ModelSource): string {
  const { ast, diagnostics } = parse(source.file);
  if (diagnostics.some(({ severity }) => severity === "error")) throw new ModelRefused(diagnostics);
  return printAst(ast);
}

/** A stage of every entry, one behind the other; the same input gives the same text. */
export function stageText(model: Model, stage: Exclude<Stage, "ast">, request: StageRequest): string {
  if (stage === "model") return printModel(model);
  const compiled = compileFor(model, request);
  const stages = chosen(compiled, request.entry);
  switch (stage) {
    case "graph":
      return stages.map(({ graph }) => printGraph(graph)).join("\n");
    case "grad":
      return stages.flatMap(({ grad }) => (grad === undefined ? [] : [printGraph(grad)])).join("\n");
    case "fused":
      return stages.map(({ fused }) => printFused(fused)).join("\n");
    case "kernels":
      return stages.map(({ name, kernels, fused }) => `kernels of ${name}\n${printKernels(kernels, fused.graph)}`).join("\n");
    case "wgsl":
      return wgslText(compiled, stages);
    case "plan":
      return stages.map(({ plan }) => printPlan(compiled.program, plan)).join("\n");
    default:
      return stage satisfies never;
  }
}

/** The graph of every entry as a pass leaves it; the last time where the pass runs several times. */
export function afterPass(model: Model, pass: string, request: StageRequest): string {
  const names = [...new Set(GRAPH_PASSES.map(({ name }) => name))];
  if (!names.includes(pass)) {
    const near = nearest(pass, names);
    throw new CommandFailure({ code: "unknown-pass", exit: exitCodes.usage, message: `there is no pass \`${pass}\``, remedy: `${near === undefined ? "" : `did you mean \`${near}\`? `}the passes are ${names.join(", ")}` });
  }
  const printed = new Map<string, string>();
  const compiled = compile(model, { profile: request, training: model.recipe !== undefined, onPass: (entry, name, graph) => void (name === pass && printed.set(entry, printGraph(graph))) });
  return chosen(compiled, request.entry).map(({ name }) => printed.get(name) ?? "").join("\n");
}

function compileFor(model: Model, { kind }: StageRequest): Compiled {
  return compile(model, { profile: { kind }, training: model.recipe !== undefined });
}

function chosen({ stages }: Compiled, entry: string | undefined): readonly Stages[] {
  if (entry === undefined) return stages;
  const found = stages.filter(({ name }) => name === entry);
  if (found.length > 0) return found;
  const names = stages.map(({ name }) => name);
  const near = nearest(entry, names);
  throw new CommandFailure({ code: "unknown-entry", exit: exitCodes.usage, message: `there is no entry \`${entry}\``, remedy: `${near === undefined ? "" : `did you mean \`${near}\`? `}the entries are ${names.join(", ")}` });
}

/** Each kernel once, however many dispatches share it, with the text for any adapter behind the faster one. */
function wgslText({ program }: Compiled, stages: readonly Stages[]): string {
  const used = new Set(stages.flatMap(({ plan }) => plan.steps.map(({ kernel }) => kernel)));
  const texts = program.kernels.flatMap((kernel, at) => {
    if (!used.has(at)) return [];
    const needs = kernel.features.length === 0 ? "" : `, needs ${kernel.features.join(", ")}`;
    const fallback = kernel.fallback === undefined ? [] : [`// ${kernel.name}, where those are missing\n${kernel.fallback.wgsl}`];
    return [`// ${kernel.name}${needs}\n${kernel.wgsl}`, ...fallback];
  });
  return `${texts.map((text) => text.trimEnd()).join("\n\n")}\n`;
}
