/** New equations of a pass, each made once however often it is asked for. */
import * as dims from "../../dim.ts";
import type { Dim } from "../../dim.ts";
import { exprKey } from "../../ir/expr.ts";
import type { Equation, Expr, Graph, Reduction, ScalarType, ValueId } from "../../ir/graph.ts";
import { nextId } from "../../ir/walk.ts";

export class Made {
  readonly #known = new Map<string, Equation>();
  #fresh: Equation[] = [];
  #next: ValueId;

  constructor(graph: Graph) {
    this.#next = nextId(graph);
  }

  equation(name: string, type: ScalarType, shape: readonly Dim[], body: Expr, reduce?: Reduction): Equation {
    const key = keyOf(type, shape, body, reduce);
    const known = this.#known.get(key);
    if (known) return known;
    const equation: Equation = { kind: "equation", id: this.#next++, name, type, shape, body, ...(reduce && { reduce }) };
    this.#known.set(key, equation);
    this.#fresh.push(equation);
    return equation;
  }

  has(type: ScalarType, shape: readonly Dim[], body: Expr, reduce?: Reduction): boolean {
    return this.#known.has(keyOf(type, shape, body, reduce));
  }

  /** What was made since the last call, in order. */
  taken(): readonly Equation[] {
    const taken = this.#fresh;
    this.#fresh = [];
    return taken;
  }
}

function keyOf(type: ScalarType, shape: readonly Dim[], body: Expr, reduce?: Reduction): string {
  const sizes = (list: readonly Dim[]): string => list.map(dims.key).join(",");
  return [type, sizes(shape), exprKey(body), reduce?.monoid, sizes(reduce?.sizes ?? []), reduce?.where && exprKey(reduce.where)].join("|");
}
