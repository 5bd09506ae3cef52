/**
 * The product for adapters whose subgroup is one vector of a CPU (lavapipe), where every lane's load is a scalar load with
 * its own bounds check: what counts is the number of elements loaded per multiplication, and barriers are dear.
 *
 * A workgroup is one subgroup of 8 lanes and computes a tile as a sum of outer products. Lane l holds 4 neighbouring
 * columns for every row of its tile, in a private array that is indexed by constants in the inner loop and so is plain
 * memory on the stack, a vector per element; an element of the left tile sits in one lane and reaches the others by a shuffle,
 * one instruction. So a tile of 64×32 loads 96 elements per 2048 multiplications.
 *
 * Narrow products give a lane's neighbours other rows instead of other columns (`columnLanes` < 8).
 * All loops that are not to be unrolled have bounds that the driver cannot know: code size is compile time.
 */
import { LANES } from "../kernel.ts";
import { directives, foundText, GRID_PARAMETERS, gridText, groupCount, tileFlops } from "./grid.ts";
import type { ContractKernel, ContractSpec } from "./spec.ts";
import { clampedColumns, fourColumns, lines, storeText } from "./text.ts";

export interface LaneTile {
  /** Rows that a lane holds; a multiple of four. */
  readonly rowsPerLane: number;
  /** Lanes side by side over columns: 1, 2, 4 or 8. The others take further rows. */
  readonly columnLanes: number;
  /** Columns that a lane holds. */
  readonly width: 1 | 4;
  /** Steps along the depth that share a load and a store of each sum. */
  readonly unroll: 1 | 2 | 4;
}

export function laneKernel(spec: ContractSpec, lanes: LaneTile): ContractKernel {
  const rowGroups = LANES / lanes.columnLanes;
  const tile = { rows: lanes.rowsPerLane * rowGroups, columns: lanes.columnLanes * lanes.width };
  const grid = gridText(spec, tile);
  const type = lanes.width === 4 ? "vec4f" : "f32";
  const finish = storeText(spec, lanes.width, tile.columns);
  const blocked = spec.left.vectorAxis === "depth" || rightByDepth(spec, lanes);
  const wgsl = `${directives(spec)}
${spec.declarations}
@compute @workgroup_size(${LANES})
fn main(${GRID_PARAMETERS}, @builtin(local_invocation_index) ct_lane: u32) {
  ${grid.sizes}
  if (${grid.condition}) {
  ${grid.place}${foundText(spec, "subgroup")}
  let ct_n = ct_column0 + (ct_lane % ${lanes.columnLanes}u) * ${lanes.width}u;
  let ct_part = ct_lane / ${lanes.columnLanes}u;
  ${clampedRows(spec, tile.rows)}
  ${lanes.width === 1 ? "let ct_n0 = min(ct_n, ct_columns - 1u);" : clampedColumns(spec.right)}
  var ct_sum: array<${type}, ${lanes.rowsPerLane}>;
  ${blocked ? blockedLoop(spec, lanes, tile.rows) : plainLoop(spec, lanes, tile.rows)}
  ${finish.before}
  for (var ct_r = 0u; ct_r < min(${lanes.rowsPerLane}u + ct_zero, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ${rowOfStep(spec, rowGroups)};
    ${rowGroups === 1 ? "{" : "if (m < ct_rows) {"}
    ${finish.row}
    let ct_value = ct_sum[ct_r + ct_zero];
    ${finish.store}
    }
  }
  }
}
`;
  return {
    wgsl,
    workgroupSize: LANES,
    groups: groupCount(spec, tile),
    features: ["subgroups"],
    schedule: `lanes ${tile.rows}x${tile.columns}`,
    flops: tileFlops(spec, tile),
  };
}

/** Whether the right operand is loaded four deep and transposed in registers. */
function rightByDepth(spec: ContractSpec, lanes: LaneTile): boolean {
  return spec.right.vectorAxis === "depth" && lanes.width === 4;
}

// Rows of the tile, in the order in which the left operand's loads leave them in the lanes. A load puts 8 rows (one per
// lane) or, along rows, 32 (four per lane) into the subgroup. Step r of a lane in part p takes tile row
//   r·parts + p, or with four rows per lane (r / 4)·4·parts + 4·p + r % 4:
// which load and which component it needs does not depend on p, only the lane to shuffle from does.

function rowOfStep(spec: ContractSpec, parts: number): string {
  if (parts === 1) return "ct_r";
  return spec.left.vectorAxis === "outer" ? `(ct_r / 4u) * ${4 * parts}u + ct_part * 4u + ct_r % 4u` : `ct_r * ${parts}u + ct_part`;
}

interface Source {
  readonly load: number;
  readonly component: string;
  readonly lane: string;
}

function sourceOfStep(spec: ContractSpec, step: number, parts: number): Source {
  const part = parts === 1 ? "" : " + ct_part";
  if (spec.left.vectorAxis === "outer") {
    const quad = (step >> 2) * parts;
    return { load: quad >> 3, component: `.${"xyzw"[step & 3]}`, lane: `${quad & 7}u${part}` };
  }
  const row = step * parts;
  return { load: row >> 3, component: "", lane: `${row & 7}u${part}` };
}

function leftLoads(spec: ContractSpec, tileRows: number): number {
  return Math.ceil(tileRows / (spec.left.vectorAxis === "outer" ? 4 * LANES : LANES));
}

function clampedRows(spec: ContractSpec, tileRows: number): string {
  const wide = spec.left.vectorAxis === "outer";
  return lines(leftLoads(spec, tileRows), (i) =>
    wide
      ? `let ct_m${i} = min(ct_row0 + ${32 * i}u + ct_lane * 4u, ct_rows - 4u);`
      : `let ct_m${i} = min(ct_row0 + ${8 * i}u + ct_lane, ct_rows - 1u);`,
  );
}

/** No operand is vectorised along the depth. */
function plainLoop(spec: ContractSpec, lanes: LaneTile, tileRows: number): string {
  const loads = leftLoads(spec, tileRows);
  const step = (u: number): string => {
    if (u === 0) return `${lines(loads, (i) => `let ct_x0_${i} = ${leftLoad(spec, i, "k")};`)}\n    let ct_w0 = ${rightLoad(spec, lanes, "k")};`;
    // A step beyond the end adds zero.
    const load = rightLoad(spec, lanes, `ct_k${u}`);
    return `let ct_k${u} = min(k + ${u}u, ct_depth - 1u);
    ${lines(loads, (i) => `let ct_x${u}_${i} = ${leftLoad(spec, i, `ct_k${u}`)};`)}
    let ct_w${u} = select(${lanes.width === 4 ? "vec4f()" : "0.0"}, ${load}, k + ${u}u < ct_depth);`;
  };
  return `for (var k = 0u; k < ct_depth; k += ${lanes.unroll}u) {
    ${lines(lanes.unroll, step)}
    ${outerProduct(spec, lanes, (u, load, component) => `ct_x${u}_${load}${component}`)}
  }`;
}

/** Four k are loaded at once where an operand allows it, so the depth is a multiple of four. A rolled loop turns each such register. */
function blockedLoop(spec: ContractSpec, lanes: LaneTile, tileRows: number): string {
  const left = spec.left.vectorAxis === "depth";
  const right = rightByDepth(spec, lanes);
  const loads = leftLoads(spec, tileRows);
  const { unroll } = lanes;
  const turned = unroll === 1 ? "yzwx" : "zwxy";
  const step = (u: number): string => {
    const k = u === 0 ? "k" : `ct_k${u}`;
    const c = "xyzw"[u];
    return `${u === 0 ? "" : `let ct_k${u} = k + ${u}u;`}
      ${left ? "" : lines(loads, (i) => `let ct_x${u}_${i} = ${leftLoad(spec, i, k)};`)}
      let ct_w${u} = ${right ? `vec4f(ct_t0.${c}, ct_t1.${c}, ct_t2.${c}, ct_t3.${c})` : rightLoad(spec, lanes, k)};`;
  };
  const body = `${lines(unroll, step)}
      ${outerProduct(spec, lanes, (u, load, component) => (left ? `ct_x${load}.${"xyzw"[u]}` : `ct_x${u}_${load}${component}`))}`;
  const kind = unroll === 4 ? "let" : "var";
  return `for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    ${left ? lines(loads, (i) => `${kind} ct_x${i} = ${leftLoad(spec, i, "ct_k")};`) : ""}
    ${right ? lines(4, (q) => `${kind} ct_t${q} = ${spec.right.load("z", `ct_n${q}`, "ct_k", 4)};`) : ""}
    ${
      unroll === 4
        ? `let k = ct_k;\n      ${body}`
        : `for (var k = ct_k; k < min(ct_k + 4u, ct_depth); k += ${unroll}u) {
      ${body}
      ${left ? lines(loads, (i) => `ct_x${i} = ct_x${i}.${turned};`) : ""}
      ${right ? lines(4, (q) => `ct_t${q} = ct_t${q}.${turned};`) : ""}
    }`
    }
  }`;
}

function leftLoad(spec: ContractSpec, at: number, k: string): string {
  return spec.left.load("z", `ct_m${at}`, k, spec.left.vectorAxis === "none" ? 1 : 4);
}

function rightLoad(spec: ContractSpec, lanes: LaneTile, k: string): string {
  if (lanes.width === 1) return spec.right.load("z", "ct_n0", k, 1);
  if (spec.right.vectorAxis === "outer") return spec.right.load("z", "ct_n0", k, 4);
  return fourColumns(spec.right, k);
}

function outerProduct(spec: ContractSpec, lanes: LaneTile, left: (step: number, load: number, component: string) => string): string {
  const parts = LANES / lanes.columnLanes;
  return lines(lanes.rowsPerLane, (r) => {
    const { load, component, lane } = sourceOfStep(spec, r, parts);
    const products = Array.from({ length: lanes.unroll }, (_, u) => `subgroupShuffle(${left(u, load, component)}, ${lane}) * ct_w${u}`);
    return `ct_sum[${r}] = ${products.reduce((sum, product) => `(${sum} + ${product})`, `ct_sum[${r}]`)};`;
  });
}
