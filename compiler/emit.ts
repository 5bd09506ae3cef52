/** Any stage of the compiler as text. The names are those of `tfmc compile --emit` and of the golden files. */
import type { Compiled, Stages } from "./compile.ts";
import type { Model } from "./check/model.ts";
import { printModel } from "./check/print-model.ts";
import { printFused } from "./ir/print-fused.ts";
import { printGraph } from "./ir/print.ts";
import { printKernels } from "./kernels/print.ts";
import { printPlan } from "./plan/print.ts";

export const STAGES = ["model", "graph", "grad", "fused", "kernels", "wgsl", "plan"] as const;
export type Stage = (typeof STAGES)[number];

export function emitStage(stage: Stage, model: Model, { program, stages }: Compiled): string {
  switch (stage) {
    case "model":
      return printModel(model);
    case "graph":
      return each(stages, ({ graph }) => printGraph(graph));
    case "grad":
      return each(stages, ({ grad }) => (grad ? printGraph(grad) : ""));
    case "fused":
      return each(stages, ({ fused }) => printFused(fused));
    case "kernels":
      return each(stages, ({ name, kernels, fused }) => `entry ${name}\n${printKernels(kernels, fused.graph)}`);
    case "wgsl":
      return program.kernels.map(({ name, wgsl, fallback }) => `// ── ${name}\n${wgsl}${fallback ? `\n// ── ${name}, without features\n${fallback.wgsl}` : ""}`).join("\n");
    case "plan":
      return each(stages, ({ plan }) => printPlan(program, plan));
    default:
      return stage satisfies never;
  }
}

function each(stages: readonly Stages[], print: (stage: Stages) => string): string {
  return stages.map(print).filter(Boolean).join("\n");
}
