/**
 * The meaning of a graph: every equation as a loop nest in f64. Slow, obvious, and checked: an access outside of its value's bounds
 * is an internal error that names the equation. Gradients, passes and kernels are tested against it.
 */
import { MONOIDS, type Monoid } from "../ops/monoid.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import * as dims from "../dim.ts";
import type { Carry, Equation, Expr, Graph, HostScalar, HostTable, Value, ValueId } from "./graph.ts";
import { printValue } from "./print.ts";
import { partsOf, type Recurrence } from "./recurrence.ts";
import { typeOf } from "./typeof.ts";
import { indexSizes, stateKey } from "./walk.ts";
import { elementCount } from "../../runtime/size.ts";

/** Row-major; bool as 0 and 1. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface Bindings {
  readonly sizes: Readonly<Record<string, number>>;
  /** By field. */
  readonly inputs?: Readonly<Record<string, ArrayLike<number>>>;
  /** By `stateKey`: `parameter/encoder.0.attend.wq`. */
  readonly states?: Readonly<Record<string, ArrayLike<number>>>;
  /** From 1. */
  readonly step?: number;
  readonly micro?: number;
  /** The draw of the element with this row-major index; needed where the graph draws. */
  readonly uniform?: (site: number, step: number, micro: number, index: number) => number;
}

export interface Interpretation {
  /** By name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly values: ReadonlyMap<ValueId, Tensor>;
}

export function interpret(graph: Graph, bindings: Bindings): Interpretation {
  const values = new Map<ValueId, Tensor>();
  const types = new Map(graph.values.map((value) => [value.id, value.type]));
  const scope: Scope = { bindings, values, typeOfValue: (id) => types.get(id)! };
  for (const part of partsOf(graph)) {
    if ("members" in part) unroll(part, values, scope);
    else values.set(part.id, tensorOf(part, scope));
  }
  const outputs: Record<string, Tensor> = {};
  for (const output of graph.outputs) outputs[output.name] = values.get(output.value)!;
  return { outputs, values };
}

interface Scope {
  readonly bindings: Bindings;
  readonly values: ReadonlyMap<ValueId, Tensor>;
  readonly typeOfValue: (id: ValueId) => Value["type"];
}

function tensorOf(value: Exclude<Value, Carry>, scope: Scope): Tensor {
  const { shape, length } = extentOf(value, scope);
  switch (value.kind) {
    case "input":
      return given(value, shape, length, scope.bindings.inputs?.[value.field]);
    case "state":
      return given(value, shape, length, scope.bindings.states?.[stateKey(value.state)]);
    case "host-scalar":
    case "host-table":
    case "equation": {
      const data = new Float64Array(length);
      writer(value, shape, data, scope)(0, length);
      return { shape, data };
    }
    default:
      return value satisfies never;
  }
}

function extentOf(value: Value, scope: Scope): { readonly shape: readonly number[]; readonly length: number } {
  const shape = value.shape.map((dim) => dims.evaluate(dim, scope.bindings.sizes));
  return { shape, length: elementCount(shape) };
}

/** A loop: all its equations at one time, then what they hand to the next. */
function unroll({ carries, members, extent, reverse }: Recurrence, values: Map<ValueId, Tensor>, scope: Scope): void {
  const steps = dims.evaluate(extent, scope.bindings.sizes);
  for (const value of [...carries, ...members]) {
    const { shape, length } = extentOf(value, scope);
    values.set(value.id, { shape, data: new Float64Array(length) });
  }
  const width = (id: ValueId): number => elementCount(values.get(id)!.shape.slice(1));
  for (const { id, init } of carries) values.get(id)!.data.set(values.get(init)!.data, reverse ? steps * width(id) : 0);
  const writers = members.map((value) => {
    const { shape, data } = values.get(value.id)!;
    return { write: writer(value, shape, data, scope), width: width(value.id) };
  });
  for (let k = 0; k < steps; k++) {
    const s = reverse ? steps - 1 - k : k;
    for (const { write, width: elements } of writers) write(s * elements, (s + 1) * elements);
    for (const { id, next } of carries) {
      const elements = width(id);
      values.get(id)!.data.set(values.get(next)!.data.subarray(s * elements, (s + 1) * elements), (reverse ? s : s + 1) * elements);
    }
  }
}

function given(value: Value, shape: readonly number[], length: number, data: ArrayLike<number> | undefined): Tensor {
  if (!data) throw new Error(`internal: nothing is given for ${value.name}`);
  if (data.length !== length) throw new Error(`internal: ${data.length} elements are given for ${value.name}[${shape.join(", ")}]`);
  return { shape, data: Float64Array.from(data) };
}

/** Runs through the result's points from one position to another; the last axis varies fastest. */
function writer(value: Equation | HostScalar | HostTable, shape: readonly number[], data: Float64Array, scope: Scope): (from: number, to: number) => void {
  const sizes = indexSizes(value).map((dim) => dims.evaluate(dim, scope.bindings.sizes));
  const at = new Int32Array(sizes.length);
  const compile = new Compiler(value, sizes, at, scope);
  const reduce = value.kind === "equation" ? value.reduce : undefined;
  const element = reduce
    ? reduced(MONOIDS[reduce.monoid], typeOf(value.body, scope.typeOfValue), compile.expr(value.body), reduce.where && compile.expr(reduce.where), at, sizes, shape.length)
    : compile.expr(value.body);
  return (from, to) => {
    for (let axis = shape.length - 1, rest = from; axis >= 0; axis--) {
      at[axis] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    for (let flat = from; flat < to; flat++) {
      data[flat] = element();
      for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === sizes[axis]!; axis--) at[axis] = 0;
    }
  };
}

type Thunk = () => number;

/** The reduction at the current point of the result: runs through the indices from `first` on. */
function reduced(monoid: Monoid, operand: Value["type"], body: Thunk, where: Thunk | undefined, at: Int32Array, sizes: readonly number[], first: number): Thunk {
  const count = elementCount(sizes.slice(first));
  const identity = monoid.identity(operand);
  const { combine, positional } = monoid;
  const plainSum = monoid === MONOIDS.sum && !where;
  const next = (): void => {
    for (let axis = sizes.length - 1; axis >= first && ++at[axis]! === sizes[axis]!; axis--) at[axis] = 0;
  };
  return () => {
    let best = identity, position = 0;
    for (let k = 0; k < count; k++, next()) {
      if (plainSum) best += body();
      else if (!where || where()) {
        const term = body();
        const before = best;
        best = positional && k === 0 ? term : combine(best, term);
        if (positional && best !== before && k > 0) position = k;
      }
    }
    return positional ? position : best;
  };
}

/** Turns expressions into closures over the current indices. */
class Compiler {
  readonly #value: Value;
  readonly #sizes: readonly number[];
  readonly #at: Int32Array;
  readonly #scope: Scope;

  constructor(value: Value, sizes: readonly number[], at: Int32Array, scope: Scope) {
    this.#value = value;
    this.#sizes = sizes;
    this.#at = at;
    this.#scope = scope;
  }

  expr(expr: Expr): Thunk {
    const at = this.#at;
    const { bindings } = this.#scope;
    switch (expr.kind) {
      case "const": {
        const { value } = expr;
        return () => value;
      }
      case "index": {
        const position = expr.at;
        return () => at[position]!;
      }
      case "size": {
        const value = dims.evaluate(expr.dim, bindings.sizes);
        return () => value;
      }
      case "step": {
        const { step } = bindings;
        if (step === undefined) throw new Error("internal: the step is not given");
        return () => step;
      }
      case "micro": {
        const { micro = 0 } = bindings;
        return () => micro;
      }
      case "access":
        return this.#access(expr.value, expr.slots);
      case "draw": {
        const { uniform, step = 1, micro = 0 } = bindings;
        if (!uniform) throw new Error(`internal: ${this.#value.name} draws, but no source of draws is given`);
        const shape = expr.sizes.map((dim) => dims.evaluate(dim, bindings.sizes));
        const flat = this.#flat(expr.coordinates, shape, () => `draw ${expr.site}`);
        return () => uniform(expr.site, step, micro, flat());
      }
      case "apply":
        return this.#apply(expr.op, expr.args);
      default:
        return expr satisfies never;
    }
  }

  #access(id: ValueId, slots: readonly Expr[]): Thunk {
    const tensor = this.#scope.values.get(id);
    if (!tensor) throw new Error(`internal: ${this.#value.name} reads %${id}, which is not computed yet`);
    const { data, shape } = tensor;
    if (shape.length === 0) return () => data[0]!;
    const flat = this.#flat(slots, shape, () => `%${id}`);
    return () => data[flat()]!;
  }

  /** Position in row-major order, every slot checked but those whose index cannot leave the axis. */
  #flat(slots: readonly Expr[], shape: readonly number[], what: () => string): Thunk {
    const at = this.#at;
    let stride = 1;
    const parts: { readonly slot: Thunk; readonly stride: number; readonly index: number }[] = [];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const slot = slots[axis]!, extent = shape[axis]!;
      const bare = slot.kind === "index" && this.#sizes[slot.at]! <= extent ? slot.at : -1;
      parts.unshift({ slot: bare >= 0 ? () => at[bare]! : this.#checked(this.expr(slot), extent, axis, what), stride, index: bare });
      stride *= extent;
    }
    const [a, b, c] = parts;
    if (parts.every((part) => part.index >= 0)) {
      // The common case, free of calls.
      if (a && !b) return () => at[a.index]!;
      if (a && b && !c) return () => at[a.index]! * a.stride + at[b.index]!;
      const indices = parts.map((part) => part.index), strides = parts.map((part) => part.stride);
      return () => {
        let flat = 0;
        for (let k = 0; k < indices.length; k++) flat += at[indices[k]!]! * strides[k]!;
        return flat;
      };
    }
    return () => {
      let flat = 0;
      for (const part of parts) flat += part.slot() * part.stride;
      return flat;
    };
  }

  #checked(slot: Thunk, extent: number, axis: number, what: () => string): Thunk {
    return () => {
      const position = slot();
      if (position >= 0 && position < extent) return position;
      throw new Error(
        `internal: ${this.#value.name} reads ${what()} at ${position} on axis ${axis}, of ${extent}; at i = [${[...this.#at].join(", ")}]\n  ${printValue(this.#value)}`,
      );
    };
  }

  #apply(op: keyof typeof SCALAR_OPS, args: readonly Expr[]): Thunk {
    const [a, b, c] = args.map((arg) => this.expr(arg)) as [Thunk, Thunk, Thunk];
    // Lazy ones first, then those worth a call less.
    switch (op) {
      case "select":
        return () => (a() ? b() : c());
      case "and":
        return () => (a() ? b() : 0);
      case "or":
        return () => (a() ? 1 : b());
      case "add":
        return () => a() + b();
      case "sub":
        return () => a() - b();
      case "mul":
        return () => a() * b();
      case "div":
        return () => a() / b();
      default: {
        const evaluate = SCALAR_OPS[op].evaluate as (...args: number[]) => number;
        if (args.length === 1) return () => evaluate(a());
        return () => evaluate(a(), b());
      }
    }
  }
}
