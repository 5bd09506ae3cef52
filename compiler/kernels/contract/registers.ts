/**
 * The product with WebGPU's defaults only: no subgroups, no workgroup memory. An invocation holds a tile of 4 rows by 4
 * columns in registers and loads both operands itself; neighbouring invocations take neighbouring columns.
 */
import { constant, quotient } from "../../dim.ts";
import { foundText, GRID_PARAMETERS, groupCount, tileFlops } from "./grid.ts";
import type { ContractKernel, ContractSpec } from "./spec.ts";
import { fourColumns, lines, storeText } from "./text.ts";

const WORKGROUP = 64;
const ROWS = 4;

export function registerKernel(spec: ContractSpec, width: 1 | 4): ContractKernel {
  const tile = { rows: ROWS, columns: width };
  const type = width === 4 ? "vec4f" : "f32";
  const finish = storeText(spec, width, width);
  const wgsl = `${spec.declarations}
@compute @workgroup_size(${WORKGROUP})
fn main(${GRID_PARAMETERS}, @builtin(local_invocation_index) ct_local: u32) {
  let ct_rows = ${spec.dimText(spec.rows)};
  let ct_columns = ${spec.dimText(spec.columns)};
  let ${spec.end === undefined ? "ct_depth" : "ct_deepest"} = ${spec.dimText(spec.depth)};
  let ct_row_tiles = (ct_rows + ${ROWS - 1}u) / ${ROWS}u;
  let ct_column_tiles = (ct_columns + ${width - 1}u) / ${width}u;
  let ct_index = (ct_workgroup.y * ct_grid.x + ct_workgroup.x) * ${WORKGROUP}u + ct_local;
  if (ct_index >= ct_row_tiles * ct_column_tiles * (${spec.dimText(spec.batch)})) { return; }
  let ct_tile = ct_index / ct_column_tiles;
  let z = ct_tile / ct_row_tiles;${foundText(spec, "unknown")}
  let ct_row0 = (ct_tile % ct_row_tiles) * ${ROWS}u;
  let ct_n = (ct_index % ct_column_tiles) * ${width}u;
  ${lines(ROWS, (q) => `let ct_m${q} = min(ct_row0 + ${q}u, ct_rows - 1u);`)}
  ${lines(width, (q) => `let ct_n${q} = min(ct_n + ${q}u, ct_columns - 1u);`)}
  var ct_sum: array<${type}, ${ROWS}>;
  ${loop(spec, width)}
  ${finish.before}
  for (var ct_r = 0u; ct_r < min(${ROWS}u, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r;
    let ct_value = ct_sum[ct_r];
    ${finish.row}
    ${finish.store}
  }
}
`;
  return {
    wgsl,
    workgroupSize: WORKGROUP,
    groups: quotient("ceil", groupCount(spec, tile), constant(WORKGROUP)),
    features: [],
    schedule: `registers ${ROWS}x${width}`,
    flops: tileFlops(spec, tile),
  };
}

/** As in lanes.ts: what is loaded four deep is turned by one in a rolled loop of four. */
function loop(spec: ContractSpec, width: 1 | 4): string {
  const { left, right } = spec;
  const leftDeep = left.vectorAxis === "depth";
  const rightDeep = right.vectorAxis === "depth" && width === 4;
  const row = (q: number): string => (leftDeep ? `ct_x${q}.x` : left.vectorAxis === "outer" ? `ct_x.${"xyzw"[q]}` : `ct_x${q}`);
  const step = `${
    leftDeep ? "" : left.vectorAxis === "outer"
      ? `let ct_x = ${left.load("z", "ct_row0", "k", 4)};`
      : lines(ROWS, (q) => `let ct_x${q} = ${left.load("z", `ct_m${q}`, "k", 1)};`)
  }
    let ct_w = ${rightText(spec, width, rightDeep)};
    ${lines(ROWS, (q) => `ct_sum[${q}] += ${row(q)} * ct_w;`)}`;
  if (!leftDeep && !rightDeep) return `for (var k = 0u; k < ct_depth; k++) {\n    ${step}\n  }`;
  return `for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    ${leftDeep ? lines(ROWS, (q) => `var ct_x${q} = ${left.load("z", `ct_m${q}`, "ct_k", 4)};`) : ""}
    ${rightDeep ? lines(4, (q) => `var ct_t${q} = ${right.load("z", `ct_n${q}`, "ct_k", 4)};`) : ""}
    for (var k = ct_k; k < min(ct_k + 4u, ct_depth); k++) {
    ${step}
    ${leftDeep ? lines(ROWS, (q) => `ct_x${q} = ct_x${q}.yzwx;`) : ""}
    ${rightDeep ? lines(4, (q) => `ct_t${q} = ct_t${q}.yzwx;`) : ""}
    }
  }`;
}

function rightText(spec: ContractSpec, width: 1 | 4, deep: boolean): string {
  if (deep) return "vec4f(ct_t0.x, ct_t1.x, ct_t2.x, ct_t3.x)";
  if (width === 1) return spec.right.load("z", "ct_n0", "k", 1);
  if (spec.right.vectorAxis === "outer") return spec.right.load("z", "ct_n", "k", 4);
  return fourColumns(spec.right, "k");
}
