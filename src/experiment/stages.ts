import type { Model } from "../../compiler/check/model.ts";
import type { Compiled } from "../../compiler/compile.ts";
import { compile } from "../../compiler/compile.ts";
import { STAGES as LOWERED, emitStage } from "../../compiler/emit.ts";
import type { Stage as Lowered } from "../../compiler/emit.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { parse } from "../../grammar/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { nearest } from "../../grammar/suggest.ts";
import { ModelRefused } from "./check.ts";
import { printAst } from "./print-ast.ts";
import type { ModelSource } from "./source.ts";

/** What `tfmc compile --emit` prints, in the order in which the compiler gets there. */
export const STAGES = ["ast", ...LOWERED] as const;
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
export function stageText(model: Model, stage: Lowered, { kind, entry }: StageRequest): string {
  const compiled = compile(model, { profile: { kind }, training: model.recipe !== undefined });
  return emitStage(stage, model, chosen(compiled, entry));
}

/** The graph of every entry as a pass leaves it; the last time where the pass runs several times. */
export function afterPass(model: Model, pass: string, { kind, entry }: StageRequest): string {
  const passes = [...new Set(GRAPH_PASSES.map(({ name }) => name))];
  if (!passes.includes(pass)) throw unknown("pass", "passes", pass, passes);
  const printed = new Map<string, string>();
  const compiled = compile(model, { profile: { kind }, training: model.recipe !== undefined, onPass: (of, name, graph) => void (name === pass && printed.set(of, printGraph(graph))) });
  return chosen(compiled, entry).stages.map(({ name }) => printed.get(name) ?? "").join("\n");
}

/** One entry with the kernels that it uses. */
function chosen(compiled: Compiled, entry: string | undefined): Compiled {
  if (entry === undefined) return compiled;
  const stages = compiled.stages.filter(({ name }) => name === entry);
  if (stages.length === 0) throw unknown("entry", "entries", entry, compiled.stages.map(({ name }) => name));
  const used = new Set(stages.flatMap(({ plan }) => plan.steps.map(({ kernel }) => kernel)));
  // A plan names kernels by their place in the program.
  const kernels = compiled.program.kernels.filter((_, at) => used.has(at));
  const numbers = new Map([...used].sort((a, b) => a - b).map((kernel, at) => [kernel, at]));
  const renumbered = stages.map((stage) => ({ ...stage, plan: { ...stage.plan, steps: stage.plan.steps.map((step) => ({ ...step, kernel: numbers.get(step.kernel) ?? 0 })) } }));
  return { stages: renumbered, program: { ...compiled.program, kernels } };
}

function unknown(what: string, all: string, name: string, known: readonly string[]): CommandFailure {
  const near = nearest(name, known);
  return new CommandFailure({ code: `unknown-${what}`, exit: exitCodes.usage, message: `there is no ${what} \`${name}\``, remedy: `${near === undefined ? "" : `did you mean \`${near}\`? `}the ${all} are ${known.join(", ")}` });
}
