/** Pieces of WGSL that all generators put together alike. */
import { asNumber } from "../../dim.ts";
import type { ContractSpec, Operand } from "./spec.ts";

export function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join("\n    ");
}

/** Declares the columns that an invocation loads, ct_n0 for four at once or ct_n0 … ct_n3; to the right of the last it loads that again. */
export function clampedColumns({ vectorAxis }: Operand): string {
  if (vectorAxis === "outer") return "let ct_n0 = min(ct_n, ct_columns - 4u);";
  return lines(4, (q) => `let ct_n${q} = min(ct_n + ${q}u, ct_columns - 1u);`);
}

/** The columns ct_n0 … ct_n3 of the right operand at depth `k`, loaded one by one. */
export function fourColumns(right: Operand, k: string): string {
  return `vec4f(${[0, 1, 2, 3].map((q) => right.load("z", `ct_n${q}`, k, 1)).join(", ")})`;
}

interface StoreText {
  /** For outside of the loop over rows; uses z and ct_n. */
  readonly before: string;
  /** For the beginning of a row, before its sums are ready; uses m. */
  readonly row: string;
  /** Stores ct_value. */
  readonly store: string;
}

/**
 * Stores the sums ct_value of the columns ct_n … of row m. An invocation may stand to the right of the last column unless the
 * columns are a multiple of `tile`; then it is not held back by a branch, which costs as much as a load, nor need anything wait for it.
 */
export function storeText(spec: ContractSpec, width: 1 | 4, tile: number): StoreText {
  const known = asNumber(spec.columns);
  if (width === 4 && spec.epilogue.width === 1) {
    const { columns, row, store } = spec.epilogue.store("ct_one", "z", "m", "n");
    const loop = `for (var ct_q = 0u; ct_q < min(4u, ct_columns - min(ct_n, ct_columns)); ct_q++) {
      let n = ct_n + ct_q;
      let ct_one = ct_value[ct_q];
      ${columns}\n${row}\n${store}
    }`;
    return { before: "", row: "", store: loop };
  }
  const { columns, row, store } = spec.epilogue.store("ct_value", "z", "m", "n");
  if (known !== undefined && known % tile === 0) return { before: `let n = ct_n;\n${columns}`, row, store };
  return { before: "", row: "", store: `if (ct_n < ct_columns) {\nlet n = ct_n;\n${columns}\n${row}\n${store}\n}` };
}
