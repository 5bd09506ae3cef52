/** How tiles are numbered: one workgroup per tile (of registers.ts one invocation), column tiles fastest, then row tiles, then the batch. */
import type { Dim } from "../../dim.ts";
import { asNumber, constant, multiply, ONE, quotient, scale } from "../../dim.ts";
import type { ContractSpec } from "./spec.ts";

export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

export function groupCount(spec: ContractSpec, tile: Tile): Dim {
  return multiply(spec.batch, quotient("ceil", spec.rows, constant(tile.rows)), quotient("ceil", spec.columns, constant(tile.columns)));
}

/** Multiply-adds of whole tiles, counted as two. Batches that share the depth out among them are one. */
export function tileFlops(spec: ContractSpec, tile: Tile): Dim {
  const shared = spec.end === undefined ? spec : { ...spec, batch: ONE };
  return scale(multiply(groupCount(shared, tile), spec.depth), 2 * tile.rows * tile.columns);
}

/**
 * Statements for behind `place`, on lines of their own: what was read beforehand, and where the depth ends. What all invocations
 * read alike is told apart from what they read each for itself, on which neither a CPU's loops nor barriers may depend.
 */
export function foundText({ found = [], end }: ContractSpec, alike: "subgroup" | "workgroup" | "unknown"): string {
  const read = (text: string): string => (alike === "subgroup" ? `subgroupBroadcastFirst(${text})` : text);
  const lines = found.map(({ name, text }) => `let ${name} = ${read(text)};`);
  if (end !== undefined && alike === "workgroup") lines.push(`if (ct_local == 0u) { ct_shared_end = ${end}; }`, "let ct_depth = min(ct_depth, workgroupUniformLoad(&ct_shared_end));");
  else if (end !== undefined) lines.push(`let ct_depth = min(${alike === "unknown" ? "ct_deepest" : "ct_depth"}, ${end});`);
  return lines.map((line) => `\n  ${line}`).join("");
}

/** Of a kernel with subgroups. An end of the depth that was read from memory is the same for all lanes, which no compiler can see. */
export function directives({ end }: ContractSpec): string {
  return end === undefined ? "enable subgroups;" : "enable subgroups;\ndiagnostic(off, subgroup_uniformity);";
}

/**
 * Statements that declare the sizes ct_rows, ct_columns, ct_depth and, for the workgroup, z and the tile's first row and
 * column; and the condition under which the workgroup has a tile, the same for all its invocations.
 */
export function gridText(spec: ContractSpec, tile: Tile): { readonly sizes: string; readonly condition: string; readonly place: string } {
  const one = asNumber(spec.batch) === 1;
  const columnTiles = tilesText(spec, spec.columns, "ct_columns", tile.columns);
  const rowTiles = tilesText(spec, spec.rows, "ct_rows", tile.rows);
  // There is one layer of workgroups, which the driver cannot know: it unrolls loops of known length, at a cost in compile time.
  const sizes = `let ct_zero = ct_grid.z - 1u;
  let ct_rows = ${spec.dimText(spec.rows)} + ct_zero;
  let ct_columns = ${spec.dimText(spec.columns)};
  let ct_depth = ${spec.dimText(spec.depth)} + ct_zero;
  let ct_row_tiles = ${rowTiles};
  let ct_column_tiles = ${columnTiles};
  let ct_group = ct_workgroup.y * ct_grid.x + ct_workgroup.x;`;
  const tiles = one ? "ct_row_tiles * ct_column_tiles" : `ct_row_tiles * ct_column_tiles * (${spec.dimText(spec.batch)})`;
  const place = `let ct_tile = ct_group / ct_column_tiles;
  let z = ${one ? "0u" : "ct_tile / ct_row_tiles"};
  let ct_row0 = (${one ? "ct_tile" : "ct_tile % ct_row_tiles"}) * ${tile.rows}u;
  let ct_column0 = (ct_group % ct_column_tiles) * ${tile.columns}u;`;
  return { sizes, condition: `ct_group < ${tiles}`, place };
}

/** The built-in values that `gridText` reads, as parameters of `main`. */
export const GRID_PARAMETERS = "@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u";

function tilesText(spec: ContractSpec, dim: Dim, name: string, size: number): string {
  const known = asNumber(dim);
  return known === undefined ? `(${name} + ${size - 1}u) / ${size}u` : `${Math.ceil(known / size)}u`;
}
