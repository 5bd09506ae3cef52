/** A table that is looked up by a field that is computed from two of the batch, with its gradient. */
import type { Graph } from "../../compiler/ir/graph.ts";
import { bindingsFor } from "./graphs.ts";
import { withGradients } from "./with-gradients.ts";

const ROWS = 50;

export function lookupGraph(width = 32): Graph {
  return withGradients(`model Case(rows = ${ROWS}, d = ${width}) {
  param table: [rows, d] ~ normal(1)
  forward(ids: index(rows)[B, T], hidden: [B, T]) -> [B, T, d] {
    noisy[b,t] = if hidden[b,t] > 0.5 then rows - 1 else ids[b,t]
    y[b,t,i]   = table[noisy[b,t],i]
    return y
  }
}`);
}

/** Whether the nth element is replaced, and which row is looked up otherwise. */
type Looked = (nth: number) => readonly [hidden: boolean, row: number];

export const LOOKUPS: Readonly<Record<string, Looked>> = {
  "all one row": () => [true, 0],
  "each row in turn": (nth) => [false, nth % ROWS],
  "the first and the last row": (nth) => [nth % 3 === 0, 0],
  "some rows without any": (nth) => [nth % 7 === 1, (nth * nth) % 17],
};

export function lookupBindings(graph: Graph, sizes: { readonly B: number; readonly T: number }, looked: Looked): ReturnType<typeof bindingsFor> {
  const bindings = bindingsFor(graph, sizes);
  const all = Array.from({ length: sizes.B * sizes.T }, (_, nth) => looked(nth));
  return { ...bindings, inputs: { ...bindings.inputs, hidden: Float64Array.from(all, ([hidden]) => Number(hidden)), ids: Float64Array.from(all, ([, row]) => row) } };
}
