import { expect } from "vitest";
import type { Outputs } from "./run-graph.ts";

/** Every element within 2e-5 of the output's largest; `loss` is left out, a sum of terms of both signs that are all compared themselves. */
export function expectLike(wanted: Readonly<Record<string, { readonly data: Float64Array }>>, got: Outputs, what: string): void {
  for (const [output, { data }] of Object.entries(wanted)) {
    if (output === "loss") continue;
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
    expect(got[output]!.length, output).toBe(data.length);
    for (const [at, value] of data.entries()) expect(Math.abs(got[output]![at]! - value) / scale, `${what}: ${output}[${at}] is ${got[output]![at]}, not ${value}`).toBeLessThan(2e-5);
  }
}
