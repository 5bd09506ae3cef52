/**
 * Makes graphs: fresh ids, values in order of definition, types inferred from bodies.
 *
 *     const b = new GraphBuilder("loss");
 *     const x = b.input("x", "f32", ["B", 8]);
 *     const w = b.parameter("w", [8, 4]);
 *     const y = b.sum("y", ["B", 4], [8], (n, j, i) => mul(access(x, n, i), access(w, i, j)));
 *     b.output("y", y);
 *     const graph = b.build();
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { MONOIDS, type MonoidName } from "../ops/monoid.ts";
import { index } from "./expr.ts";
import type { Carry, Equation, Expr, Graph, GraphOutput, HostScalar, HostTable, InputLeaf, Origin, ScalarType, StateLeaf, StateRef, Value, ValueId } from "./graph.ts";
import { typeOf } from "./typeof.ts";

/** A size as a number, a name or a polynomial. */
export type DimLike = number | string | Dim;
/** A body, or a function of the equation's indices: the result's axes, then the reduced ones. */
export type Body = Expr | ((...indices: Expr[]) => Expr);

export function toDim(dim: DimLike): Dim {
  return typeof dim === "number" ? dims.constant(dim) : typeof dim === "string" ? dims.named(dim) : dim;
}

export class GraphBuilder {
  readonly name: string;
  readonly values: Value[] = [];
  readonly outputs: GraphOutput[] = [];
  /** Attached to the values made from now on. */
  origin: Origin | undefined;
  #byId = new Map<ValueId, Value>();
  #next = 0;

  /** With `base`, its values and outputs come first. */
  constructor(name: string, base?: Pick<Graph, "values" | "outputs">) {
    this.name = name;
    for (const value of base?.values ?? []) this.push(value);
    this.outputs.push(...(base?.outputs ?? []));
  }

  /** An id that no value here has. */
  fresh(): ValueId {
    return this.#next++;
  }

  value(id: ValueId): Value {
    const found = this.#byId.get(id);
    if (!found) throw new Error(`internal: ${this.name} has no value %${id}`);
    return found;
  }

  typeOf(expr: Expr): ScalarType {
    return typeOf(expr, (id) => this.value(id).type);
  }

  /** Appends a finished value. */
  push<V extends Value>(value: V): V {
    if (this.#byId.has(value.id)) throw new Error(`internal: ${this.name} has two values %${value.id}`);
    this.values.push(value);
    this.#byId.set(value.id, value);
    this.#next = Math.max(this.#next, value.id + 1);
    return value;
  }

  input(field: string, type: ScalarType, shape: readonly DimLike[], range?: DimLike): InputLeaf {
    const limit = range === undefined ? {} : { range: toDim(range) };
    return this.push({ ...this.#base(field, type, shape), kind: "input", field, ...limit });
  }

  state(state: StateRef, shape: readonly DimLike[], type: ScalarType = "f32"): StateLeaf {
    return this.push({ ...this.#base(state.path, type, shape), kind: "state", state });
  }

  parameter(path: string, shape: readonly DimLike[]): StateLeaf {
    return this.state({ kind: "parameter", path }, shape);
  }

  hostScalar(name: string, body: Expr): HostScalar {
    return this.push({ ...this.#base(name, this.typeOf(body), []), kind: "host-scalar", body });
  }

  hostTable(name: string, shape: readonly DimLike[], body: Body): HostTable {
    const expr = applied(body, shape.length);
    return this.push({ ...this.#base(name, this.typeOf(expr), shape), kind: "host-table", body: expr });
  }

  /** One element per point of `shape`. */
  map(name: string, shape: readonly DimLike[], body: Body): Equation {
    const expr = applied(body, shape.length);
    return this.push({ ...this.#base(name, this.typeOf(expr), shape), kind: "equation", body: expr });
  }

  /** `body` and `where` see the result's axes, then the reduced indices. */
  reduce(monoid: MonoidName, name: string, shape: readonly DimLike[], sizes: readonly DimLike[], body: Body, where?: Body): Equation {
    const rank = shape.length + sizes.length;
    const expr = applied(body, rank);
    const condition = where === undefined ? {} : { where: applied(where, rank) };
    const type = MONOIDS[monoid].result(this.typeOf(expr));
    return this.push({
      ...this.#base(name, type, shape), kind: "equation", reduce: { monoid, sizes: sizes.map(toDim), ...condition }, body: expr,
    });
  }

  sum(name: string, shape: readonly DimLike[], sizes: readonly DimLike[], body: Body, where?: Body): Equation {
    return this.reduce("sum", name, shape, sizes, body, where);
  }

  /** A carry of S steps; what follows it is the equation that will have the id `next`. */
  carry(name: string, extent: DimLike, init: Equation, next: ValueId, reverse = false): Carry {
    const steps = toDim(extent);
    return this.push({ ...this.#base(name, init.type, [dims.add(steps, dims.ONE), ...init.shape]), kind: "carry", extent: steps, init: init.id, next, reverse });
  }

  output(name: string, value: { readonly id: ValueId }, state?: StateRef): void {
    this.outputs.push({ name, value: value.id, ...(state ? { state } : {}) });
  }

  build(): Graph {
    return { name: this.name, values: [...this.values], outputs: [...this.outputs] };
  }

  #base(name: string, type: ScalarType, shape: readonly DimLike[]) {
    return { id: this.fresh(), name, type, shape: shape.map(toDim), ...(this.origin ? { origin: this.origin } : {}) };
  }
}

function applied(body: Body, rank: number): Expr {
  return typeof body === "function" ? body(...Array.from({ length: rank }, (_, at) => index(at))) : body;
}
