/** The graph passes in order. A pass's name is its file, what `--print-after` takes, and its title in traces. */
import type { Pass } from "./passes/pass.ts";
import { prune } from "./passes/prune.ts";

export const GRAPH_PASSES: readonly Pass[] = [prune];
