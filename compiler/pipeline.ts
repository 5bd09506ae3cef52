/** The graph passes in order. A pass's name is its file, what `--print-after` takes, and its title in traces. */
import type { Pass } from "./passes/pass.ts";
import { canonical } from "./passes/canonical.ts";
import { exchange } from "./passes/exchange.ts";
import { fold } from "./passes/fold.ts";
import { group } from "./passes/group.ts";
import { narrow } from "./passes/narrow.ts";
import { prune } from "./passes/prune.ts";
import { share } from "./passes/share.ts";
import { simplify } from "./passes/simplify.ts";
import { sort } from "./passes/sort.ts";
import { split } from "./passes/split.ts";

export const GRAPH_PASSES: readonly Pass[] = [fold, simplify, canonical, fold, simplify, fold, share, exchange, group, sort, split, narrow, prune];
