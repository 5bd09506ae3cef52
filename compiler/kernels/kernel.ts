/**
 * A kernel as scheduled: which values it reads and writes, how many workgroups it takes, and its text. The planner turns
 * values into buffer ranges and shares kernels with equal text.
 */
import type { Dim } from "../dim.ts";
import type { GroupKind } from "../ir/fused.ts";
import type { ValueId } from "../ir/graph.ts";

/** Lanes of a subgroup that is one vector of a CPU: variants with subgroup operations are made for such subgroups alone. */
export const LANES = 8;

export interface ScheduledKernel {
  /** From kind and values: `contract_decoder_cross_q`; unique in its entry. */
  readonly name: string;
  readonly kind: GroupKind;
  readonly bindings: readonly KernelBinding[];
  readonly variants: readonly [KernelVariant, ...KernelVariant[]];
  /** Scalar operations, those of a product two for each of its terms; what is computed in place counts once. */
  readonly flops: Dim;
}

/** In binding order from 1 (0 is the uniform block); at most 8. A value read and written in place is bound once. */
export type KernelBinding =
  | { readonly kind: "value"; readonly value: ValueId; readonly access: "read" | "write" | "update" }
  /** The inverse index list of an input field (see `IndexList` in runtime/program.ts). */
  | { readonly kind: "index-list"; readonly input: ValueId; readonly rows: Dim };

/** The first whose features the adapter has is taken; the last needs none. */
export interface KernelVariant {
  readonly features: readonly "subgroups"[];
  readonly workgroupSize: number;
  /** Number of workgroups; the text derives the same count and returns above it. */
  readonly groups: Dim;
  /** A complete module with the entry point `main`; names of nothing user-written occur in it. */
  readonly wgsl: string;
  /** How the schedule was chosen, for `--emit kernels`: `tile 8x32, k by 8, subgroup shuffle`. */
  readonly schedule: string;
}
