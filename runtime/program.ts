/**
 * The program: what the compiler writes and the runtime runs; plain JSON, self-contained, free of source text but names.
 *
 * All sizes that depend on the batch are symbolic (`Size`), so one program serves every batch and length: offsets in the
 * arena are fixed by `place` for a session's largest sizes, workgroup counts are evaluated per run, and kernels read the
 * actual sizes, the step, seeds and host scalars from one uniform block.
 */
import type { Size } from "./size.ts";

export const FORMAT = 1;
/** The uniform block's size in bytes. */
export const UNIFORM_BYTES = 256;
/** Bindings start at multiples of so many bytes: WebGPU's default `minStorageBufferOffsetAlignment`. */
export const ALIGNMENT = 256;
/** What every device binds at once: WebGPU's default `maxStorageBufferBindingSize`, in bytes. */
export const DEFAULT_BINDING = 128 * 2 ** 20;

export interface Program {
  readonly format: typeof FORMAT;
  readonly name: string;
  /** Named sizes, in the order of the uniform block. */
  readonly sizes: readonly string[];
  /** One block of at most UNIFORM_BYTES, written once per run; with loops one for every time of the longest, in which only `iter` differs. */
  readonly uniform: readonly UniformField[];
  readonly states: readonly StateBuffer[];
  readonly kernels: readonly Kernel[];
  readonly entries: readonly Entry[];
}

/** Each field takes four bytes, in order. */
export type UniformField =
  | { readonly kind: "size"; readonly name: string } // u32
  | { readonly kind: "step" } // u32, from 1
  | { readonly kind: "micro" } // u32: the micro-batch within the step, from 0
  | { readonly kind: "seed" } // u32
  | { readonly kind: "iter" } // u32: the time of the innermost loop; only in programs with loops
  | { readonly kind: "scalar"; readonly name: string; readonly body: HostExpr; readonly integer?: true }; // f32, or i32 for whole numbers and truths; computed in f64 from the step

/** An expression evaluated on the CPU in f64; `op` is one of runtime/host-expr.ts's table. */
export type HostExpr =
  | { readonly kind: "const"; readonly value: number }
  | { readonly kind: "step" }
  | { readonly kind: "size"; readonly size: Size }
  | { readonly kind: "index"; readonly at: number }
  | { readonly kind: "apply"; readonly op: string; readonly args: readonly HostExpr[] };

/**
 * One GPU buffer whose content outlives a run. `gradients` and each of the optimizer's states have the layout of the trained
 * `parameters`, which come before the frozen ones, so that the update is one dispatch over each group's range, or a few over one that
 * is longer than a binding.
 */
export interface StateBuffer {
  readonly name: string;
  readonly kind: "parameter" | "gradient" | "optimizer" | "average" | "running" | "accumulator" | "report";
  /** In elements of four bytes. */
  readonly length: number;
  readonly tensors: readonly StateTensor[];
}

export interface StateTensor {
  readonly path: string;
  readonly shape: readonly number[];
  /** In elements of four bytes; a multiple of ALIGNMENT / 4. */
  readonly offset: number;
  readonly init: Init;
}

export type Init =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly std: number };

export type ElementType = "f32" | "i32" | "u32";

/**
 * A compute kernel, shared by all dispatches with the same text. Its grid is one-dimensional: the text derives the
 * linear workgroup number as `workgroup_id.y * num_workgroups.x + workgroup_id.x` and returns above the count it derives
 * itself, so the executor may fold counts above the limit of 65,535 into two dimensions.
 * Bindings: 0 is the uniform block, then one storage buffer (`read_write`) per entry of a dispatch's `bindings`.
 */
export interface Kernel {
  readonly name: string;
  readonly wgsl: string;
  readonly workgroupSize: number;
  /** WebGPU features it needs beyond the defaults, such as `subgroups`. */
  readonly features: readonly string[];
  /** Set where the text holds for subgroups of exactly this many lanes. */
  readonly subgroupSize?: number;
  /** A kernel for the same bindings and the defaults only, where this one needs features. */
  readonly fallback?: { readonly wgsl: string; readonly workgroupSize: number };
  readonly bindings: number;
}

export interface Entry {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly requires: readonly Requirement[];
  /** Values that live only during a run; `place` gives each an offset in the arena. */
  readonly temporaries: readonly Temporary[];
  readonly tables: readonly Table[];
  readonly indexLists: readonly IndexList[];
  readonly steps: readonly Dispatch[];
  /** In order; none overlaps another. */
  readonly loops?: readonly Loop[];
}

/** The steps `first` … `last` run `count` times one behind the other, while `iter` counts from 0, or in reverse down to it. */
export interface Loop {
  readonly first: number;
  readonly last: number;
  readonly count: Size;
  /** A size that grows with those of the batch and is never below `count`, where that may fall. */
  readonly most?: Size;
  readonly reverse?: boolean;
}

export interface Input {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Size[];
  /** Extents that grow with the sizes of the batch and are never below the shape's, where one of those may fall. */
  readonly room?: readonly Size[];
  /** Elements must be in [0, range): checked when fed. */
  readonly range?: Size;
}

export interface Output {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Size[];
  readonly at: BufferRef;
}

export interface Requirement {
  readonly text: string;
  readonly test:
    | { readonly kind: "nonnegative"; readonly size: Size }
    | { readonly kind: "divides"; readonly divisor: Size; readonly size: Size };
}

export interface Temporary {
  readonly name: string;
  readonly type: ElementType;
  /** For which there is room: as the value's own, or larger where that may fall as a size of the batch grows. */
  readonly shape: readonly Size[];
  /** First and last dispatch (index into `steps`) that touches it; outputs live to the end. */
  readonly first: number;
  readonly last: number;
}

/** Computed on the CPU in f64 for the session's largest sizes; element [i0, i1, …] is `body`. */
export interface Table {
  readonly name: string;
  /** As of a temporary. */
  readonly shape: readonly Size[];
  readonly body: HostExpr;
}

/**
 * The inverse of the index field `of` (as a flat vector of P elements in [0, rows)), made on the host with the batch:
 * `rows + 1` starts, then the P positions sorted by (id, position). Segment r is positions[starts[r] … starts[r+1]).
 * Stored as i32: starts at 0 … rows, positions from rows + 1.
 */
export interface IndexList {
  readonly of: string;
  readonly rows: Size;
}

export interface Dispatch {
  readonly kernel: number;
  /** Number of workgroups. */
  readonly groups: Size;
  /** The same, for the kernel's fallback. */
  readonly fallbackGroups?: Size;
  readonly bindings: readonly BufferRef[];
  /** The values it computes, for traces. */
  readonly label: string;
}

/** A range of a buffer; `offset` and `length` in elements. Without `length` the whole tensor. */
export type BufferRef =
  | { readonly kind: "temporary"; readonly at: number }
  | { readonly kind: "input"; readonly at: number }
  | { readonly kind: "table"; readonly at: number }
  | { readonly kind: "index-list"; readonly at: number }
  | { readonly kind: "state"; readonly state: number; readonly offset: number; readonly length: number };
