/**
 * The fused graph as text: a group per kernel, what it stores marked with `*`, what is computed again in place indented.
 *
 *     row over [B, T] {
 *       * mu[i0: B, i1: T] = …
 *     }
 */
import * as dims from "../dim.ts";
import type { FusedGraph } from "./fused.ts";
import type { Equation } from "./graph.ts";
import { printValue, uniqueNames } from "./print.ts";
import { valuesById } from "./walk.ts";

export function printFused({ graph, groups, loops }: FusedGraph): string {
  const values = valuesById(graph);
  const nameOf = uniqueNames(graph.values);
  const body = groups.map((group) => {
    const members = group.members.map((id) => {
      const text = printValue(values.get(id) as Equation, nameOf).replace(/^%\d+ [^[]*/, nameOf(id));
      return `    ${group.stored.includes(id) ? "*" : group.roots.has(id) ? "=" : " "} ${text}`;
    });
    const loop = group.loop === undefined ? undefined : loops?.[group.loop];
    const times = loop ? ` for each ${loop.reverse ? "time back from" : "time below"} ${dims.print(loop.extent)}` : "";
    return [`  ${group.kind} over [${group.rows.map(dims.print).join(", ")}]${times} {`, ...members, "  }"].join("\n");
  });
  return [`fused ${graph.name} {`, ...body, "}", ""].join("\n");
}
