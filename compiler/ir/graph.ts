/**
 * The graph: what one entry of a model computes, as a list of values in which each is defined by those before it.
 *
 * There is one generic operation, the *equation*, as in MLIR's linalg.generic: a result with named axes, each element
 * of which is a scalar expression over the elements of other values, perhaps reduced over further indices:
 *
 *     h[i0: B, i1: T, i2: 64] = sum[i3: 256] x[i0, i1, i3] * w[i3, i2]
 *
 * A recurrence is a cycle through a *carry*, which is one step older than what it carries (see `Carry`).
 *
 * Transpose, broadcast, slice, pad, concatenation, one-hot, gather, scatter, convolution and mask are not operations:
 * they are the expressions in the slots of an access. Everything else is a leaf.
 *
 * Guaranteed by construction and checked by `verify`:
 *  - a value's id is unique in its graph; an access names a value that stands earlier in `values`;
 *  - an access has one slot per axis of its value; slots are i32 and in bounds wherever the access is evaluated
 *    (the untaken branch of a `select` and the terms that `where` excludes are not evaluated);
 *  - index k < shape.length is the k-th axis of the result, index shape.length + k the k-th reduced index;
 *  - a body without `reduce` has the value's type; with it, the monoid's operand type.
 */
import type { Dim } from "../dim.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import type { MonoidName } from "../ops/monoid.ts";

export type ScalarType = "f32" | "i32" | "bool";
export type ValueId = number;

export interface Graph {
  /** The entry's name: `loss`, `forward`, `encode`, `update`. */
  readonly name: string;
  readonly values: readonly Value[];
  readonly outputs: readonly GraphOutput[];
}

export interface GraphOutput {
  readonly name: string;
  readonly value: ValueId;
  /** Set when the output is the next content of a state (an optimizer's moments, a gradient, running statistics). */
  readonly state?: StateRef;
}

export type StateKind = "parameter" | "gradient" | "optimizer" | "average" | "running" | "accumulator" | "report";

export interface StateRef {
  readonly kind: StateKind;
  readonly path: string;
}

export type Value = InputLeaf | StateLeaf | HostScalar | HostTable | Equation | Carry;

interface ValueBase {
  readonly id: ValueId;
  /** Dotted and stable: `encoder.0.attend.weight`. For people, never for lookups. */
  readonly name: string;
  readonly type: ScalarType;
  readonly shape: readonly Dim[];
  /** Where the source defines it. */
  readonly origin?: Origin;
}

export interface Origin {
  readonly path: string;
  readonly line: number;
}

/** A field of the batch, or an argument of an entry. */
export interface InputLeaf extends ValueBase {
  readonly kind: "input";
  readonly field: string;
  /** Elements are in [0, range): checked on the host when fed. */
  readonly range?: Dim;
}

/** A tensor that outlives the run: parameter, gradient, optimizer state, running statistic. */
export interface StateLeaf extends ValueBase {
  readonly kind: "state";
  readonly state: StateRef;
}

/** Computed on the CPU in f64, once per step, from the step number alone; rank 0. `body` reads `step` by a "step" expression. */
export interface HostScalar extends ValueBase {
  readonly kind: "host-scalar";
  readonly body: Expr;
}

/** Computed on the CPU in f64 from indices alone, once per session; only its first axis may have a fed size. */
export interface HostTable extends ValueBase {
  readonly kind: "host-table";
  readonly body: Expr;
}

export interface Equation extends ValueBase {
  readonly kind: "equation";
  readonly reduce?: Reduction;
  readonly body: Expr;
}

/**
 * What a run-time loop hands from one step to the next, at all times: shape [S + 1, …], where `init` is [ … ] and `next` [S, …].
 *
 *     h[0] = init, h[s + 1] = next[s]          in reverse: h[S] = init, h[s] = next[s]
 *
 * `next` stands later in `values` and depends on the carry; the equations between the two are evaluated step by step, each over
 * its first axis, the time, which has S elements. They read the carry at time s (in reverse s + 1), each other at time s, and
 * anything else anywhere. `init` and `next` are equations of this carry alone and no outputs.
 */
export interface Carry extends ValueBase {
  readonly kind: "carry";
  readonly extent: Dim;
  readonly init: ValueId;
  readonly next: ValueId;
  readonly reverse: boolean;
}

export interface Reduction {
  readonly monoid: MonoidName;
  /** Sizes of the reduced indices, which are numbered after the result's axes. */
  readonly sizes: readonly Dim[];
  /** Terms for which it is false are absent. */
  readonly where?: Expr;
}

export type Expr = ConstExpr | IndexExpr | SizeExpr | StepExpr | MicroExpr | AccessExpr | ApplyExpr | DrawExpr;

export interface ConstExpr {
  readonly kind: "const";
  readonly type: ScalarType;
  /** bool: 0 or 1. */
  readonly value: number;
}

/** i32: one of the equation's indices. */
export interface IndexExpr {
  readonly kind: "index";
  readonly at: number;
}

/** i32: a size. */
export interface SizeExpr {
  readonly kind: "size";
  readonly dim: Dim;
}

/** i32: the step, from 1. Only in host scalars. */
export interface StepExpr {
  readonly kind: "step";
}

/** i32: the micro-batch within the step, from 0. */
export interface MicroExpr {
  readonly kind: "micro";
}

export interface AccessExpr {
  readonly kind: "access";
  readonly value: ValueId;
  readonly slots: readonly Expr[];
}

export interface ApplyExpr {
  readonly kind: "apply";
  readonly op: ScalarOpName;
  readonly args: readonly Expr[];
}

/**
 * f32 in [0, 1): Philox4x32-10 keyed by the run's seed and the site, counted by step, micro-batch and the element's
 * logical index (row-major over `sizes`), so recomputing a draw repeats it and tiling or padding cannot change it.
 */
export interface DrawExpr {
  readonly kind: "draw";
  /** Hash of the site's name: instance path, number of the call, name of the draw. */
  readonly site: number;
  readonly coordinates: readonly Expr[];
  readonly sizes: readonly Dim[];
}
