/** Single elements of a graph's values in f64, computed when they are asked for: the meaning of tensors that are too large to interpret. */
import * as dims from "../../compiler/dim.ts";
import type { Carry, Equation, Expr, Graph, HostScalar, HostTable, Value, ValueId } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { typeOf } from "../../compiler/ir/typeof.ts";
import { indexSizes, stateKey, valuesById } from "../../compiler/ir/walk.ts";
import { MONOIDS } from "../../compiler/ops/monoid.ts";
import { SCALAR_OPS } from "../../compiler/ops/scalar.ts";

export interface Elements {
  /** Of a value, by its position in row-major order. */
  at(value: ValueId, position: number): number;
  count(value: ValueId): number;
}

export function elementsOf(graph: Graph, bindings: Bindings): Elements {
  const values = valuesById(graph);
  const extents = new Map<ValueId, readonly number[]>();
  const known = new Map<ValueId, Map<number, number>>();
  const extent = (dim: dims.Dim): number => dims.evaluate(dim, bindings.sizes);
  const shapeOf = (id: ValueId): readonly number[] => {
    const shape = extents.get(id) ?? values.get(id)!.shape.map(extent);
    extents.set(id, shape);
    return shape;
  };

  function element(id: ValueId, at: readonly number[]): number {
    const value = values.get(id)!;
    const position = positionOf(at, shapeOf(id), value.name);
    if (value.kind === "input") return bindings.inputs![value.field]![position]!;
    if (value.kind === "state") return bindings.states![stateKey(value.state)]![position]!;
    const found = known.get(id) ?? new Map<number, number>();
    known.set(id, found);
    const made = found.get(position) ?? (value.kind === "carry" ? carried(value, at) : computed(value, at));
    found.set(position, made);
    return made;
  }

  /** What the time before left, or what the loop began with. */
  function carried({ init, next, reverse, shape: [times] }: Carry, [time = 0, ...rest]: readonly number[]): number {
    const begins = reverse ? time === extent(times!) - 1 : time === 0;
    return begins ? element(init, rest) : element(next, [reverse ? time : time - 1, ...rest]);
  }

  function computed(value: Equation | HostScalar | HostTable, at: readonly number[]): number {
    const reduce = value.kind === "equation" ? value.reduce : undefined;
    if (reduce === undefined) return evaluated(value.body, at);
    const { identity, combine, positional } = MONOIDS[reduce.monoid];
    const sizes = indexSizes(value).slice(at.length).map(extent);
    const count = sizes.reduce((product, size) => product * size, 1);
    let best = identity(typeOf(value.body, (id) => values.get(id)!.type)), place = 0;
    for (let k = 0; k < count; k++) {
      const whole = [...at, ...coordinatesOf(k, sizes)];
      if (reduce.where !== undefined && evaluated(reduce.where, whole) === 0) continue;
      const term = evaluated(value.body, whole);
      const better = positional && k === 0 ? term : combine(best, term);
      if (positional && k > 0 && better !== best) place = k;
      best = better;
    }
    return positional ? place : best;
  }

  function evaluated(expr: Expr, at: readonly number[]): number {
    switch (expr.kind) {
      case "const":
        return expr.value;
      case "index":
        return at[expr.at]!;
      case "size":
        return extent(expr.dim);
      case "step":
        return bindings.step!;
      case "micro":
        return bindings.micro ?? 0;
      case "access":
        return element(expr.value, expr.slots.map((slot) => evaluated(slot, at)));
      case "draw":
        return bindings.uniform!(expr.site, bindings.step ?? 1, bindings.micro ?? 0, positionOf(expr.coordinates.map((one) => evaluated(one, at)), expr.sizes.map(extent), "a draw"));
      case "apply": {
        const [a, b, c] = expr.args as readonly [Expr, Expr, Expr];
        // Of what is not chosen nothing is read: it may lie outside.
        if (expr.op === "select") return evaluated(evaluated(a, at) !== 0 ? b : c, at);
        if (expr.op === "and") return evaluated(a, at) !== 0 ? evaluated(b, at) : 0;
        if (expr.op === "or") return evaluated(a, at) !== 0 ? 1 : evaluated(b, at);
        const [x = 0, y = 0, z = 0] = expr.args.map((arg) => evaluated(arg, at));
        return SCALAR_OPS[expr.op].evaluate(x, y, z);
      }
      default:
        return expr satisfies never;
    }
  }

  return {
    at: (id, position) => element(id, coordinatesOf(position, shapeOf(id))),
    count: (id) => shapeOf(id).reduce((product, size) => product * size, 1),
  };
}

function coordinatesOf(position: number, shape: readonly number[]): readonly number[] {
  const at: number[] = [];
  for (let axis = shape.length - 1, rest = position; axis >= 0; axis--) {
    at[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}

function positionOf(at: readonly number[], shape: readonly number[], name: Value["name"]): number {
  return at.reduce((position, place, axis) => {
    if (!(place >= 0 && place < shape[axis]!)) throw new Error(`${name} is read at ${place} on axis ${axis}, of ${shape[axis]}`);
    return position * shape[axis]! + place;
  }, 0);
}
