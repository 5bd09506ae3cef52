/**
 * The product for the same adapters as lanes.ts, where the depth is known, a multiple of four, and the left operand's rows
 * are contiguous: x·W and dy·Wᵀ.
 *
 * A workgroup is one subgroup of 8 lanes. It keeps a panel of the right operand, up to 64 deep and 32 columns wide, in a
 * private array that the inner loop indexes by constants, so that it is plain memory on the stack, and sends rows through it: an
 * element of the panel is loaded once per `rows` rows, one of the left operand once per 32 columns, and a row's sums stay
 * in registers. Four deep loads of the right operand are transposed on the way in, so Wᵀ costs what W does.
 *
 * Deeper products take several panels and keep the sums of all rows of the tile in a second private array in between.
 */
import { asNumber } from "../../dim.ts";
import { LANES } from "../kernel.ts";
import { directives, foundText, GRID_PARAMETERS, gridText, groupCount, tileFlops } from "./grid.ts";
import type { ContractKernel, ContractSpec } from "./spec.ts";
import { clampedColumns, fourColumns, lines, storeText } from "./text.ts";

export interface PanelTile {
  /** Rows that a workgroup sends through its panel. */
  readonly rows: number;
  /** Elements along the depth that a panel may hold; a multiple of four. */
  readonly deepest: number;
}

const COLUMNS = 4 * LANES;
/** Elements along the depth that one load of the left operand brings, four per lane. */
const LOADED = 4 * LANES;

export function panelFits(spec: ContractSpec): boolean {
  const depth = asNumber(spec.depth);
  return spec.left.vectorAxis === "depth" && depth !== undefined && depth % 4 === 0 && depth > 0;
}

export function panelKernel(spec: ContractSpec, { rows, deepest }: PanelTile): ContractKernel {
  const depth = asNumber(spec.depth) ?? 0;
  const panels = Math.ceil(depth / deepest);
  const deep = 4 * Math.ceil(depth / panels / 4);
  const tile = { rows, columns: COLUMNS };
  const grid = gridText(spec, tile);
  const several = panels > 1;
  const padded = panels * deep > depth;
  const finish = storeText(spec, 4, COLUMNS);
  const wgsl = `${directives(spec)}
${spec.declarations}
@compute @workgroup_size(${LANES})
fn main(${GRID_PARAMETERS}, @builtin(local_invocation_index) ct_lane: u32) {
  ${grid.sizes}
  if (${grid.condition}) {
  ${grid.place}${foundText(spec, "subgroup")}
  let ct_end = min(${rows}u + ct_zero, ct_rows - ct_row0);
  let ct_n = ct_column0 + ct_lane * 4u;
  ${spec.right.vectorAxis === "depth" ? "" : clampedColumns(spec.right)}
  var ct_panel: array<vec4f, ${deep}>;
  ${several ? `var ct_sums: array<vec4f, ${rows}>;
  for (var ct_k0 = 0u; ct_k0 < ct_depth; ct_k0 += ${deep}u) {` : "let ct_k0 = 0u;"}
  ${panelText(spec, deep, padded)}
  ${several ? "" : finish.before}
  for (var ct_r = 0u; ct_r < ct_end; ct_r++) {
    let m = ct_row0 + ct_r;
    ${several ? "" : finish.row}
    var ct_value = ${several ? "ct_sums[ct_r + ct_zero]" : "vec4f()"};
    ${rowText(spec, deep, padded)}
    ${several ? "ct_sums[ct_r + ct_zero] = ct_value;" : finish.store}
  }
  ${several ? `}
  ${finish.before}
  for (var ct_r = 0u; ct_r < ct_end; ct_r++) {
    let m = ct_row0 + ct_r;
    ${finish.row}
    let ct_value = ct_sums[ct_r + ct_zero];
    ${finish.store}
  }` : ""}
  }
}
`;
  return {
    wgsl,
    workgroupSize: LANES,
    groups: groupCount(spec, tile),
    features: ["subgroups"],
    schedule: `panel ${rows}x${COLUMNS}, ${panels > 1 ? `${panels} times ` : ""}${deep} deep`,
    flops: tileFlops(spec, tile),
  };
}

/** Loads the panel ct_k0 … ct_k0 + deep, with zeros beyond the depth. */
function panelText(spec: ContractSpec, deep: number, padded: boolean): string {
  const { right } = spec;
  if (right.vectorAxis === "depth") {
    const k = padded ? "min(ct_k0 + ct_i, ct_depth - 4u)" : "ct_k0 + ct_i";
    const load = right.load("z", "ct_nq", "k", 4);
    const text = padded ? `select(vec4f(), ${load}, ct_k0 + ct_i < ct_depth)` : load;
    // One load and one store in the text, for a short compilation: a four by four block is turned in four registers.
    return `for (var ct_i = 0u; ct_i < ${deep}u + ct_zero; ct_i += 4u) {
    let k = ${k};
    ${lines(4, (q) => `var ct_w${q} = vec4f();`)}
    for (var ct_q = 0u; ct_q < 4u + ct_zero; ct_q++) {
      let ct_nq = min(ct_n + ct_q, ct_columns - 1u);
      let ct_t = ${text};
      ${lines(4, (q) => `ct_w${q}[ct_q] = ct_t.${"xyzw"[q]};`)}
    }
    for (var ct_q = 0u; ct_q < 4u + ct_zero; ct_q++) {
      ct_panel[ct_i + ct_q] = ct_w0;
      ct_w0 = ct_w1;
      ct_w1 = ct_w2;
      ct_w2 = ct_w3;
    }
  }`;
  }
  const k = padded ? "min(ct_k0 + ct_i, ct_depth - 1u)" : "ct_k0 + ct_i";
  const load = right.vectorAxis === "outer" ? right.load("z", "ct_n0", "k", 4) : fourColumns(right, "k");
  return `for (var ct_i = 0u; ct_i < ${deep}u + ct_zero; ct_i++) {
    let k = ${k};
    ct_panel[ct_i] = ${padded ? `select(vec4f(), ${load}, ct_k0 + ct_i < ct_depth)` : load};
  }`;
}

/** Adds the products of row m with the panel to ct_value. */
function rowText(spec: ContractSpec, deep: number, padded: boolean): string {
  const loads = Math.ceil(deep / LOADED);
  const left = lines(loads, (i) => {
    const k = `ct_k0 + ${i * LOADED}u + ct_lane * 4u`;
    // The last load may have lanes to spare.
    const whole = !padded && (i + 1) * LOADED <= deep;
    const value = spec.left.load("z", "m", `ct_l${i}`, 4);
    return `let ct_l${i} = ${whole ? k : `min(${k}, ct_depth - 4u)`};
    let ct_x${i} = ${padded ? `select(vec4f(), ${value}, ${k} < ct_depth)` : value};`;
  });
  const products = lines(deep, (k) => {
    const within = k % LOADED;
    return `ct_value += subgroupShuffle(ct_x${Math.floor(k / LOADED)}.${"xyzw"[within & 3]}, ${within >> 2}u) * ct_panel[${k}];`;
  });
  return `${left}\n    ${products}`;
}
