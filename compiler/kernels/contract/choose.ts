/** Which kernel computes a product: a pure function of its sizes and operands and of the profile. */
import { asNumber } from "../../dim.ts";
import type { Dim } from "../../dim.ts";
import { LANES } from "../kernel.ts";
import { laneKernel } from "./lanes.ts";
import type { LaneTile } from "./lanes.ts";
import { panelFits, panelKernel } from "./panel.ts";
import type { PanelTile } from "./panel.ts";
import { registerKernel } from "./registers.ts";
import type { ContractKernel, ContractProfile, ContractSpec } from "./spec.ts";
import { tileKernel } from "./tiles.ts";
import type { BlockTile } from "./tiles.ts";

/** In order of preference; the last needs no features. */
export function chooseContract(spec: ContractSpec, profile: ContractProfile): readonly [ContractKernel, ...ContractKernel[]] {
  switch (profile.kind) {
    case "cpu":
      return [forVectors(spec), plain(spec)];
    case "gpu":
      return [forGpu(spec)];
    case "any":
      // Subgroups of exactly 8 lanes are a CPU's vectors; everything else is taken for a GPU.
      return [forVectors(spec), forGpu(spec)];
    default:
      return profile.kind satisfies never;
  }
}

function forVectors(spec: ContractSpec): ContractKernel {
  const panel = panelTile(spec);
  return panel === undefined ? laneKernel(spec, laneTile(spec)) : panelKernel(spec, panel);
}

function forGpu(spec: ContractSpec): ContractKernel {
  const tile = blockTile(spec);
  return tile === undefined ? plain(spec) : tileKernel(spec, tile);
}

function plain(spec: ContractSpec): ContractKernel {
  return registerKernel(spec, columnWidth(spec));
}

/** Symbolic sizes (a batch's tokens) are taken to be large. */
function extent(dim: Dim): number {
  return asNumber(dim) ?? 1024;
}

function columnWidth(spec: ContractSpec): 1 | 4 {
  return extent(spec.columns) <= 2 ? 1 : 4;
}

/** Where one panel holds the whole depth: half as fast again as `laneKernel`. Several panels are slower than that. */
function panelTile(spec: ContractSpec): PanelTile | undefined {
  if (!panelFits(spec) || extent(spec.depth) > 64 || extent(spec.columns) <= 16) return undefined;
  // The more rows the better the panel's own loads are spread, but all cores need a tile, and then some for balance.
  const others = extent(spec.batch) * Math.ceil(extent(spec.columns) / 32);
  const rows = [256, 128, 64].find((count) => Math.ceil(extent(spec.rows) / count) * others >= 12) ?? 32;
  return extent(spec.rows) < 16 ? undefined : { rows, deepest: 64 };
}

/**
 * 32×32 where the columns allow: taller tiles load less but the driver's compile time grows faster than the rows.
 * What cannot be loaded four at a time costs the most code, so it is not unrolled.
 */
function laneTile(spec: ContractSpec): LaneTile {
  const { left, right } = spec;
  const columns = extent(spec.columns);
  const width = columnWidth(spec);
  const columnLanes = [1, 2, 4].find((count) => count * width >= columns) ?? LANES;
  const rows = Math.min(32, extent(spec.rows)) * (columnLanes / LANES);
  const rowsPerLane = [4, 8, 16].find((count) => count >= rows) ?? 32;
  const single = left.vectorAxis === "none" || (right.vectorAxis === "none" && width === 4);
  const deep = left.vectorAxis === "depth" || (right.vectorAxis === "depth" && width === 4);
  return { rowsPerLane, columnLanes, width, unroll: single ? 1 : deep ? 4 : 2 };
}

/** undefined for products too narrow for a tile. */
function blockTile(spec: ContractSpec): BlockTile | undefined {
  const [rows, columns] = [extent(spec.rows), extent(spec.columns)];
  if (columns < 16 || rows < 8) return undefined;
  return rows >= 1024 && columns >= 1024 ? { perInvocation: 8 } : { perInvocation: 4 };
}
