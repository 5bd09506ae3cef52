/**
 * A batched matrix product with its neighbours folded in:
 *
 *   for all z < batch, m < rows, n < columns:  store(sum over k < depth of left(z, m, k) · right(z, k, n), z, m, n)
 *
 * What an operand loads and what is done with the sum are WGSL text handed in by the caller, so a prologue (a mask, a
 * ReLU, a gate) and an epilogue (bias, residual, activation, several stores) cost no kernel of their own. Every generator
 * sums in the order k = 0, 1, 2, … with one rounding per product and sum, so all of them give the same bits.
 */
import type { Dim } from "../../dim.ts";

export interface ContractSpec {
  readonly batch: Dim;
  readonly rows: Dim;
  readonly columns: Dim;
  readonly depth: Dim;
  /** left(z, m, k); its outer index is the row m. */
  readonly left: Operand;
  /** right(z, k, n); its outer index is the column n. */
  readonly right: Operand;
  readonly epilogue: Epilogue;
  /** i32 expressions of z for variables that the operands' texts use; equal for all invocations of a tile. */
  readonly found?: readonly { readonly name: string; readonly text: string }[];
  /** A u32 expression of z and those variables: the depth ends there, where it is less than the whole; then no operand is vectorised along it. */
  readonly end?: string;
  /** The module's text before `main`: the uniform block, the bindings, constants and helper functions. No name in it begins with `ct_`. */
  readonly declarations: string;
  /** A u32 expression for a size: `64u`, `u.B * u.T`. */
  readonly dimText: (dim: Dim) => string;
}

export interface Operand {
  /**
   * The index along which four neighbours may be loaded at once: the elements are contiguous there, the extent is a
   * multiple of four, and so is every address that a multiple of four along it leads to. "none": single elements only.
   */
  readonly vectorAxis: "depth" | "outer" | "none";
  /**
   * An expression of type f32 (width 1) or vec4f (width 4: the elements at outer … outer + 3 or at k … k + 3, by
   * `vectorAxis`). The arguments are u32 identifiers; all of them are in range, k and outer multiples of four where they
   * are vectorised.
   */
  readonly load: (z: string, outer: string, k: string, width: 1 | 4) => string;
}

export interface Epilogue {
  /** 4 where columns are a multiple of four and `store` can take four of them at once; 1 otherwise. */
  readonly width: 1 | 4;
  /**
   * Statements that finish and store the sum `value`, an identifier of type f32, or vec4f of the columns n … n + 3 (by
   * `width`). z, m, n are u32 identifiers in range.
   */
  readonly store: (value: string, z: string, m: string, n: string) => EpilogueText;
}

/**
 * Each part sees the names that the parts before it declare. They run in this order, but as rarely as they may: a load that
 * stands in a row's loop, or between the sum and its store, costs more than a third of a short product.
 */
export interface EpilogueText {
  /** What needs z and n only, such as a bias. */
  readonly columns: string;
  /** What also needs m, such as a residual. */
  readonly row: string;
  /** What needs the sum. */
  readonly store: string;
}

/** What the kernel is to run on. "cpu": a few cores with short vectors, where a subgroup is one vector. "any": not known before it runs. */
export interface ContractProfile {
  readonly kind: "cpu" | "gpu" | "any";
}

/** A generated kernel, to become a variant of a scheduled one. */
export interface ContractKernel {
  readonly wgsl: string;
  readonly workgroupSize: number;
  readonly groups: Dim;
  readonly features: readonly "subgroups"[];
  readonly schedule: string;
  /** Multiply-adds counted as two, of whole tiles: more than the product asks for where tiles stand out beyond it. */
  readonly flops: Dim;
}
