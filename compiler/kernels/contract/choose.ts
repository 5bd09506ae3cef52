/** Which kernel computes a product: a pure function of its sizes and the profile. */
import { asNumber } from "../../dim.ts";
import type { Dim } from "../../dim.ts";
import { laneKernel } from "./lanes.ts";
import type { LaneTile } from "./lanes.ts";
import { registerKernel } from "./registers.ts";
import type { ContractKernel, ContractProfile, ContractSpec } from "./spec.ts";

/** In order of preference; the last needs no features. */
export function chooseContract(spec: ContractSpec, _profile: ContractProfile): readonly [ContractKernel, ...ContractKernel[]] {
  return [laneKernel(spec, laneTile(spec)), registerKernel(spec, columnWidth(spec))];
}

/** Symbolic sizes are taken to be large. */
function extent(dim: Dim): number {
  return asNumber(dim) ?? 1024;
}

function columnWidth(spec: ContractSpec): 1 | 4 {
  return extent(spec.columns) <= 2 ? 1 : 4;
}

export function laneTile(spec: ContractSpec): LaneTile {
  const columns = extent(spec.columns);
  const width = columnWidth(spec);
  const columnLanes = [1, 2, 4].find((count) => count * width >= columns) ?? 8;
  const rows = extent(spec.rows) * (columnLanes / 8);
  const rowsPerLane = [4, 8, 16, 32].find((count) => count >= rows) ?? 64;
  return { rowsPerLane, columnLanes, width };
}
