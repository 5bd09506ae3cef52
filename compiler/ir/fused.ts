/**
 * The fused graph: still a graph, whose equations have been merged into groups. Each group becomes one kernel.
 *
 * A group's members are equations in order; the values in `stored` are written to memory, the others live in registers
 * or are computed again where they are read. The kind says which loop structure computes it; it is found from the index
 * maps alone, never from names:
 *
 *  - map       equal result axes, no reductions: one invocation per element (or four of them)
 *  - row       reductions over the last axis and maps over the same rows: lanes share a row (norms, losses, softmax)
 *  - contract  a sum of products of two accesses with rows, columns and batch told apart, then maps of its result
 *  - stream    one invocation per row, which walks an index s and computes values over (row, s) anew where they are read,
 *              small contractions included: attention and its gradient, no buffer of [T, T]
 *  - columns   sums over leading axes, results contiguous: gradients of biases and gains
 *  - scatter   a sum over the points where an index field equals an axis of the result: the gradient of a gather
 *  - prefix    sums over all places before that of the result: one invocation walks the axis once
 *  - search    the number of places at which a prefix sum is still small enough: by halving
 *  - naive     one invocation per element with nested loops: whatever the others do not cover
 */
import type { Dim } from "../dim.ts";
import type { Carry, Equation, Graph, ValueId } from "./graph.ts";

export type GroupKind = "map" | "row" | "contract" | "stream" | "columns" | "scatter" | "prefix" | "search" | "naive";

export interface Group {
  readonly kind: GroupKind;
  /** In order; those that are neither stored nor `roots` are computed again wherever they are read. */
  readonly members: readonly ValueId[];
  /** Written to memory. */
  readonly stored: readonly ValueId[];
  /** The index space that invocations share out: for a row or stream the rows, otherwise the result's axes. */
  readonly rows: readonly Dim[];
  /** The values that the loops compute: for each row index, the axis of the value that it is. Other axes are inner. */
  readonly roots: ReadonlyMap<ValueId, readonly number[]>;
  /** Index into `loops`: it runs once for every time, over the equations as the loop has them. */
  readonly loop?: number;
}

/** Its groups stand together. */
export interface FusedLoop {
  readonly extent: Dim;
  readonly reverse: boolean;
  readonly carries: readonly Carry[];
  /** Its equations at one time: without their first axis. In memory all times stand one behind the other. */
  readonly values: ReadonlyMap<ValueId, Equation>;
}

/**
 * Values of equal type and shape that one group stores share a range of memory, one behind the other, and so take one
 * binding wherever they are read: row statistics, the gradients of keys and values.
 */
export interface Pack {
  readonly members: readonly ValueId[];
}

export interface FusedGraph {
  readonly graph: Graph;
  readonly packs: readonly Pack[];
  /** Every equation is a member of exactly one group; groups stand in an order in which each reads only what earlier ones stored. */
  readonly groups: readonly Group[];
  readonly loops?: readonly FusedLoop[];
}
