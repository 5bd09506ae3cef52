import type { LogRow } from "../../runtime/index.ts";
import type { NamedShape } from "./parameters.ts";

/** A title and what is said under it. */
export type Fact = readonly [title: string, text: string];

/** All that `run.json` keeps of a run for its report; plain JSON. */
export interface RunFacts {
  readonly format: 1;
  readonly title: string;
  readonly model: {
    readonly name: string;
    /** The file first, then what it uses. */
    readonly sources: readonly { readonly path: string; readonly text: string }[];
    /** Hyperparameters as they were. */
    readonly sizes: readonly Fact[];
    readonly parameters: readonly NamedShape[];
    /** Drawn, as SVG; absent where there is nothing to draw. */
    readonly figure?: string;
    /** The layer at each path. */
    readonly layers: Readonly<Record<string, string>>;
  };
  /** Steps that the recipe asks for. */
  readonly steps: number;
  readonly recipe: readonly Fact[];
  readonly data: readonly Fact[];
  /** What the speed counts; tokens by default. */
  readonly counted?: string;
  readonly machine: readonly Fact[];
  readonly versions: readonly Fact[];
  /** Each time that the run was started or gone on with. */
  readonly sittings: readonly Sitting[];
  /** What the model wrote when it was last measured. */
  readonly samples: readonly Sample[];
}

export interface Sitting {
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly seconds: number;
  /** The steps before it. */
  readonly from: number;
  readonly to: number;
  readonly end: "done" | "enough" | "stopped" | "interrupted" | "failed";
  /** What a failed one said. */
  readonly trouble?: string;
}

export interface Sample {
  readonly source: string;
  readonly wanted: string;
  readonly given: string;
}

export interface ReportData {
  readonly facts: RunFacts;
  /** Of `log.jsonl`; a number that was not finite is null there. */
  readonly rows: readonly LogRow[];
}
