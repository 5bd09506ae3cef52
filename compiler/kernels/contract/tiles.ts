/**
 * The product for GPUs: a workgroup of 16×16 invocations computes a tile of 64×64 or 128×128. Slices of both operands go
 * through workgroup memory, each invocation adds up 4×4 or 8×8 sums in registers with names of their own. Needs WebGPU's
 * defaults only (256 invocations, 16 KiB). Rows of a slice are padded by four so that a column's writes meet different banks.
 */
import { foundText, GRID_PARAMETERS, gridText, groupCount, tileFlops } from "./grid.ts";
import type { ContractKernel, ContractSpec, Operand } from "./spec.ts";
import { lines, storeText } from "./text.ts";

export interface BlockTile {
  /** Rows, and columns, of an invocation. */
  readonly perInvocation: 4 | 8;
  /** Keeps the driver from unrolling the inner loop: slower, but quick to compile where a CPU plays the GPU. */
  readonly rolled?: boolean;
}

const SIDE = 16;
const INVOCATIONS = SIDE * SIDE;
/** Elements of each operand per slice: four per invocation. */
const SLICE = 4 * INVOCATIONS;

export function tileKernel(spec: ContractSpec, { perInvocation, rolled }: BlockTile): ContractKernel {
  const size = SIDE * perInvocation;
  const deep = SLICE / size;
  const stride = size + 4;
  const tile = { rows: size, columns: size };
  const grid = gridText(spec, tile);
  const quads = perInvocation / 4;
  const wgsl = `${spec.declarations}
var<workgroup> ct_left: array<f32, ${deep * stride}>;
var<workgroup> ct_right: array<f32, ${deep * stride}>;
${spec.end === undefined ? "" : "var<workgroup> ct_shared_end: u32;\n"}@compute @workgroup_size(${INVOCATIONS})
fn main(${GRID_PARAMETERS}, @builtin(local_invocation_index) ct_local: u32) {
  ${grid.sizes}
  if (${grid.condition}) {
  ${grid.place}${foundText(spec, "workgroup")}
  let ct_m = ct_row0 + (ct_local / ${SIDE}u) * 4u;
  let ct_c = ct_column0 + (ct_local % ${SIDE}u) * 4u;
  ${lines(perInvocation, (r) => lines(quads, (q) => `var ct_s${r}_${q} = vec4f();`))}
  for (var ct_k0 = 0u; ct_k0 < ct_depth; ct_k0 += ${deep}u) {
    ${fill(spec.left, "ct_left", "ct_row0", "ct_rows", size, deep)}
    ${fill(spec.right, "ct_right", "ct_column0", "ct_columns", size, deep)}
    workgroupBarrier();
    for (var ct_k = 0u; ct_k < ${deep}u${rolled ? " + ct_zero" : ""}; ct_k++) {
      let ct_a = ct_k * ${stride}u + (ct_local / ${SIDE}u) * 4u;
      let ct_b = ct_k * ${stride}u + (ct_local % ${SIDE}u) * 4u;
      ${lines(quads, (q) => `let ct_x${q} = ${read("ct_left", "ct_a", q)};`)}
      ${lines(quads, (q) => `let ct_w${q} = ${read("ct_right", "ct_b", q)};`)}
      ${lines(perInvocation, (r) => lines(quads, (q) => `ct_s${r}_${q} += ct_x${r >> 2}.${"xyzw"[r & 3]} * ct_w${q};`))}
    }
    workgroupBarrier();
  }
  ${lines(perInvocation, (r) => lines(quads, (q) => finishText(spec, r, q, size)))}
  }
}
`;
  return {
    wgsl,
    workgroupSize: INVOCATIONS,
    groups: groupCount(spec, tile),
    features: [],
    schedule: `tiles ${size}x${size}, ${deep} deep`,
    flops: tileFlops(spec, tile),
  };
}

/** The r-th row and q-th four columns of an invocation: those of its neighbours lie in between, so that reads do not collide. */
function finishText(spec: ContractSpec, r: number, q: number, size: number): string {
  const { before, row, store } = storeText(spec, 4, size);
  return `{
    let m = ct_m + ${(r >> 2) * 4 * SIDE + (r & 3)}u;
    let ct_n = ct_c + ${q * 4 * SIDE}u;
    let ct_value = ct_s${r}_${q};
    if (m < ct_rows) {
      ${before}
      ${row}
      ${store}
    }
  }`;
}

function read(slice: string, at: string, quad: number): string {
  const base = quad * 4 * SIDE;
  return `vec4f(${[0, 1, 2, 3].map((i) => `${slice}[${at} + ${base + i}u]`).join(", ")})`;
}

/** Copies outer0 … outer0 + size by ct_k0 … ct_k0 + deep into a slice [k, outer]; zeros outside of the operand. */
function fill(operand: Operand, slice: string, outer0: string, outerEnd: string, size: number, deep: number): string {
  const stride = size + 4;
  const at = `${slice}[(k - ct_k0) * ${stride}u + o - ${outer0}`;
  switch (operand.vectorAxis) {
    case "depth":
      return `{
      let o = ${outer0} + ct_local / ${deep / 4}u;
      let k = ct_k0 + (ct_local % ${deep / 4}u) * 4u;
      var ct_v = vec4f();
      if (o < ${outerEnd} && k < ct_depth) { ct_v = ${operand.load("z", "o", "k", 4)}; }
      ${lines(4, (i) => `${at} + ${i * stride}u] = ct_v.${"xyzw"[i]};`)}
    }`;
    case "outer":
      return `{
      let o = ${outer0} + (ct_local % ${size / 4}u) * 4u;
      let k = ct_k0 + ct_local / ${size / 4}u;
      var ct_v = vec4f();
      if (o < ${outerEnd} && k < ct_depth) { ct_v = ${operand.load("z", "o", "k", 4)}; }
      ${lines(4, (i) => `${at} + ${i}u] = ct_v.${"xyzw"[i]};`)}
    }`;
    case "none":
      return `for (var ct_i = ct_local; ct_i < ${SLICE}u; ct_i += ${INVOCATIONS}u) {
      let o = ${outer0} + ct_i / ${deep}u;
      let k = ct_k0 + ct_i % ${deep}u;
      var ct_v = 0.0;
      if (o < ${outerEnd} && k < ct_depth) { ct_v = ${operand.load("z", "o", "k", 1)}; }
      ${at}] = ct_v;
    }`;
    default:
      return operand.vectorAxis satisfies never;
  }
}
