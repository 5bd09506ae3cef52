/** The plan of an entry as text: its dispatches in order with the ranges they bind, then the lifetimes of its temporaries. */
import * as dims from "../dim.ts";
import type { BufferRef, Entry, Program } from "../../runtime/program.ts";

export function printPlan(program: Program, entry: Entry): string {
  const shape = (sizes: readonly dims.Dim[]): string => `[${sizes.map(dims.print).join(", ")}]`;
  const range = (ref: BufferRef): string => {
    switch (ref.kind) {
      case "temporary":
        return entry.temporaries[ref.at]!.name;
      case "input":
        return entry.inputs[ref.at]!.name;
      case "table":
        return entry.tables[ref.at]!.name;
      case "index-list":
        return `inverse(${entry.indexLists[ref.at]!.of})`;
      case "state":
        return `${program.states[ref.state]!.name}[${ref.offset}..${ref.offset + ref.length}]`;
    }
  };
  const opened = (at: number): string[] =>
    (entry.loops ?? []).filter(({ first }) => first === at).map(({ count, reverse, last }) => `  for each ${reverse ? "time back from" : "time below"} ${dims.print(count)}: ${at}..${last}`);
  const steps = entry.steps.flatMap((step, at) => [
    ...opened(at),
    `  ${at} ${program.kernels[step.kernel]!.name} <${dims.print(step.groups)}> ${step.label}: ${step.bindings.map(range).join(", ")}`,
  ]);
  const lives = entry.temporaries.map(({ name, shape: sizes, type, first, last }) => `  ${name}: ${type}${shape(sizes)} ${first}..${last}`);
  return [
    `plan ${entry.name}: ${entry.steps.length} dispatches, ${new Set(entry.steps.map(({ kernel }) => kernel)).size} kernels`,
    ...steps,
    `temporaries`,
    ...lives,
    ...entry.outputs.map(({ name, at }) => `  -> ${name} in ${range(at)}`),
    "",
  ].join("\n");
}
