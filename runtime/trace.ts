/** What a session tells about itself: for people, tests and `tfmc profile`; nothing depends on it. */
import type { Purpose } from "./buffers.ts";
import type { Sizes } from "./size.ts";

export type Trace = (event: TraceEvent) => void;

export type TraceEvent =
  | { readonly kind: "pipelines"; readonly count: number; readonly fallbacks: readonly string[]; readonly milliseconds: number }
  | { readonly kind: "buffers"; readonly bytes: Readonly<Record<Purpose, number>> }
  | { readonly kind: "run"; readonly entries: readonly string[]; readonly sizes: Sizes; readonly step: number; readonly encodeMilliseconds: number };

/** Counts and bytes of a session, fixed when it is made. */
export interface SessionUsage {
  /** Per entry. */
  readonly dispatches: Readonly<Record<string, number>>;
  readonly pipelines: number;
  /** Names of the kernels whose fallback runs. */
  readonly fallbacks: readonly string[];
  readonly bytes: Readonly<Record<Purpose, number>>;
  /** The arena's bytes over the largest set of values alive at once: at best 1. */
  readonly arenaRatio: number;
}

/** Time of one dispatch on the GPU, measured in a pass of its own. */
export interface DispatchTime {
  readonly entry: string;
  readonly kernel: string;
  readonly label: string;
  readonly nanoseconds: number;
}
