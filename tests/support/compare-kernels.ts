/** Values and gradients of a model on the adapter beside those of f64. */
import { expect } from "vitest";
import type { Compiled } from "../../compiler/compile.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { bindingsFor } from "./graphs.ts";
import { gpuDevice } from "./gpu.ts";
import { relativeError } from "./reference.ts";
import { compiledGraph, openGraph } from "./run-graph.ts";
import { withGradients } from "./with-gradients.ts";

/** The extreme of no terms is the largest number of f32: what is computed from it overflows there, and in f64 does not. */
const LARGEST = 1e18;

/** Of `forward`, with respect to its parameters and `x`, for batches of these sizes by one session; numbers by the seed. */
export async function compareKernels(text: string, seed: number, sizes: readonly { readonly B: number; readonly T: number }[], kind: "cpu" | "gpu"): Promise<void> {
  const graph = withGradients(text, ["x"]);
  const bounds = { B: Math.max(...sizes.map(({ B }) => B)), T: Math.max(...sizes.map(({ T }) => T)) };
  const compiled = compiledGraph(graph, bounds, { kind });
  const opened = await openGraph(await gpuDevice(), kind === "gpu" ? rolled(compiled) : compiled, graph, bounds);
  let compared = 0;
  try {
    for (const size of sizes) {
      const bindings = bindingsFor(graph, size, seed);
      const { outputs, values } = interpret(graph, bindings);
      if ([...values.values()].some(({ data }) => data.some((value) => Math.abs(value) > LARGEST))) continue;
      const got = await opened.run(bindings);
      for (const [name, { data }] of Object.entries(outputs)) expect(relativeError(got[name]!, data, 1e-2), `${name} at ${JSON.stringify(size)} of\n${text}`).toBeLessThan(1e-4);
      compared++;
    }
  } finally {
    opened.dispose();
  }
  expect(compared).toBeGreaterThan(0);
}

/** With the inner loop of a tile as a loop: a driver that computes on the CPU takes seconds to compile it unrolled. */
function rolled({ program, stages }: Compiled): Compiled {
  const roll = (wgsl: string): string => wgsl.replace(/ct_k < (\d+)u; ct_k\+\+/g, "ct_k < $1u + ct_zero; ct_k++");
  return { stages, program: { ...program, kernels: program.kernels.map((kernel) => ({ ...kernel, wgsl: roll(kernel.wgsl) })) } };
}
