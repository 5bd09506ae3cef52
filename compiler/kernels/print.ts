/** Scheduled kernels as a table for people: what each computes, how it is scheduled, what it binds. */
import * as dims from "../dim.ts";
import type { Graph } from "../ir/graph.ts";
import { uniqueNames } from "../ir/print.ts";
import type { KernelBinding, ScheduledKernel } from "./kernel.ts";

export function printKernels(kernels: readonly ScheduledKernel[], graph: Graph): string {
  const nameOf = uniqueNames(graph.values);
  const binding = (bound: KernelBinding): string =>
    bound.kind === "index-list" ? `inverse of ${nameOf(bound.input)} read` : `${nameOf(bound.value)} ${bound.access}`;
  const lines = kernels.flatMap((kernel, at) => [
    `${at} ${kernel.name}`,
    ...kernel.variants.map(
      ({ schedule, groups, workgroupSize, features }) =>
        `    ${schedule}; ${dims.print(groups)} workgroups of ${workgroupSize}${features.length > 0 ? `; needs ${features.join(", ")}` : ""}`,
    ),
    ...kernel.bindings.map((bound, slot) => `    ${slot + 1}: ${binding(bound)}`),
  ]);
  return [...lines, ""].join("\n");
}
