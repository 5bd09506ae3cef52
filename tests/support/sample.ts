import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { identityAccess, mul } from "../../compiler/ir/expr.ts";
import type { Equation, Graph, ValueId } from "../../compiler/ir/graph.ts";

/** A small graph of one way of computing, and sizes that it takes. */
export interface Sample {
  readonly name: string;
  readonly graph: Graph;
  /** What the loss weighs; absent where it is the loss itself. */
  readonly result?: ValueId;
  /** Sizes to try: 1, small, odd. */
  readonly sizes: readonly Readonly<Record<string, number>>[];
  /** The extremes that it is made for, where there are any. */
  readonly least?: Readonly<Record<string, number>>;
  readonly most?: Readonly<Record<string, number>>;
}

export const T_ALONE = [{ T: 1 }, { T: 3 }, { T: 5 }];
export const B_T = [{ B: 1, T: 1 }, { B: 2, T: 3 }, { B: 3, T: 5 }];

/** The loss is a sum weighted by a random `probe`, so that no gradient is symmetric by accident. */
export function sample(name: string, sizes: Sample["sizes"], build: (b: GraphBuilder) => Equation, limits: Pick<Sample, "least" | "most"> = {}): Sample {
  const b = new GraphBuilder(name);
  const y = build(b);
  if (y.shape.length === 0) b.output("loss", y);
  else {
    const probe = b.input("probe", "f32", y.shape);
    b.output("loss", b.sum("loss", [], y.shape, mul(identityAccess(y), identityAccess(probe))));
  }
  return { name, graph: b.build(), sizes, ...(y.shape.length > 0 && { result: y.id }), ...limits };
}
