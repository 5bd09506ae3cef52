import type { Graph } from "../ir/graph.ts";

/** A step of the compiler from graph to graph: pure, without options. Its name is the file's, and what `--print-after` takes. */
export interface Pass {
  readonly name: string;
  /** One sentence for people. */
  readonly doc: string;
  run(graph: Graph): Graph;
}
