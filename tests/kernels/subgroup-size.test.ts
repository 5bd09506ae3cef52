import { expect, it } from "vitest";
import { choose } from "../../runtime/choose.ts";
import { program } from "../embed/tiny.ts";

it.each(["cpu", "any"] as const)("kernels with subgroups (%s) run only where those have as many lanes as the text takes for granted", (kind) => {
  const kernels = program(kind).kernels.filter(({ wgsl }) => wgsl.includes("enable subgroups;"));
  expect(kernels.length).toBeGreaterThan(3);
  const features = new Set(["subgroups"]);
  const taken = (subgroupSize: number): readonly boolean[] => kernels.map((kernel) => choose(kernel, { features, subgroupSize, maxInvocations: 256 })[0].fallback);
  // Lanes exchange values by numbers up to 7.
  expect(new Set(taken(8))).toEqual(new Set([false]));
  for (const size of [4, 16, 32]) expect(new Set(taken(size))).toEqual(new Set([true]));
  for (const kernel of kernels) expect(choose(kernel, { features, maxInvocations: 256 })[0].wgsl).not.toContain("subgroup");
});
