/**
 * Single elements of what a graph computes, without computing the rest. Sizes of the batch are given and small; of a wide axis, such as
 * a layer's features, only the first and the last element are looked at and summed over, and parameters are made up. So the numbers mean
 * nothing, but what depends on what, place by place, is as it is in the whole: every mask, index and condition is evaluated as it stands.
 */
import * as dims from "../dim.ts";
import { MONOIDS } from "../ops/monoid.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import { children, someNode } from "./expr.ts";
import { fnv1a } from "./fnv1a.ts";
import type { ApplyExpr, Carry, Equation, Expr, Graph, InputLeaf, Reduction, StateLeaf, Value, ValueId } from "./graph.ts";

export type Point = readonly number[];

/** An element of a value. */
export interface Element {
  readonly value: Value;
  readonly at: Point;
}

export interface SampleOptions {
  readonly sizes: Readonly<Record<string, number>>;
  readonly input: (leaf: InputLeaf, at: Point) => number;
  /** Given a number in [-1, 1] that is the same for the same element of the same state. */
  readonly state: (leaf: StateLeaf, chance: number) => number;
  readonly seed: number;
  /** Most terms that are evaluated. */
  readonly work: number;
  /** Elements of inputs of which it is to be known what depends on them. */
  readonly marked?: (leaf: InputLeaf, at: Point) => boolean;
}

/** What is asked for would take too long, or an index that is computed leaves its axis, as sums are not whole. */
export class NotSampled extends Error {}

/** Elements that are asked for by each other. */
const DEEPEST = 60;

export class Sample {
  readonly graph: Graph;
  readonly #options: SampleOptions;
  readonly #cells: readonly Cell[];
  /** By the shape of a value. */
  readonly #points = new Map<string, readonly Point[]>();
  #left: number;
  #depth = 0;
  /** Whether what was evaluated last depends on what is marked. */
  #isMarked = false;
  /** What an element reads, while it is asked for. */
  #reads: Element[] | undefined;

  /** The values of the graph have the numbers from 0 on. With `like`, what is not among `anew` is as it is there. */
  constructor(graph: Graph, options: SampleOptions, like?: { readonly sample: Sample; readonly anew: ReadonlySet<ValueId> }) {
    this.graph = graph;
    this.#options = options;
    this.#left = options.work;
    this.#cells = graph.values.map((value) => {
      const known = like !== undefined && !like.anew.has(value.id) ? like.sample.#cells[value.id]! : undefined;
      const shape = value.shape.map((dim) => dims.evaluate(dim, options.sizes));
      return { value, shape, hash: value.kind === "state" ? hashOf(fnv1a(value.name), options.seed) : 0, elements: known?.elements ?? new Map<number, number>(), marked: new Set<number>(), compute: undefined };
    });
  }

  /** The elements that stand for all of a value. */
  pointsOf(value: Value): readonly Point[] {
    const order = value.kind !== "carry" ? "" : value.reverse ? "backwards" : "forwards";
    const key = `${order} ${value.shape.map(dims.key).join(",")}`;
    let points = this.#points.get(key);
    if (!points) this.#points.set(key, (points = this.#pointsOf(value)));
    return points;
  }

  /** Of what a loop hands on each time, in the loop's order. */
  #pointsOf(value: Value): readonly Point[] {
    const isTime = (axis: number): boolean => value.kind === "carry" && axis === 0;
    const positions = this.#cells[value.id]!.shape.map((size, axis) => sampled(size, isTime(axis) || dims.asNumber(value.shape[axis]!) === undefined, this.#left));
    if (value.kind === "carry" && value.reverse) positions[0] = positions[0]!.toReversed();
    return pointsOf(positions, this.#left);
  }

  element(id: ValueId, at: Point): number {
    const cell = this.#cells[id]!;
    const flat = flatten(at, cell.shape);
    if (cell.value.kind === "state") return this.#options.state(cell.value, chance(cell.hash, flat));
    this.#reads?.push({ value: cell.value, at });
    const known = cell.elements.get(flat);
    if (known !== undefined) {
      if (cell.marked.size > 0 && cell.marked.has(flat)) this.#isMarked = true;
      return known;
    }
    if (--this.#left < 0 || ++this.#depth > DEEPEST) throw new NotSampled();
    cell.compute ??= this.#computing(cell);
    const [reads, isMarked] = [this.#reads, this.#isMarked];
    this.#reads = undefined;
    this.#isMarked = false;
    const made = cell.compute(at);
    this.#reads = reads;
    this.#depth--;
    cell.elements.set(flat, made);
    if (this.#isMarked) cell.marked.add(flat);
    this.#isMarked ||= isMarked;
    return made;
  }

  /** The element if it was ever asked for. */
  known({ value, at }: Element): number | undefined {
    const { elements, shape } = this.#cells[value.id]!;
    return elements.get(flatten(at, shape));
  }

  /** Whether an element that was asked for depends on what is marked, or may: terms that cancel each other are not noticed. */
  isMarked({ value, at }: Element): boolean {
    const { marked, shape } = this.#cells[value.id]!;
    return marked.has(flatten(at, shape));
  }

  /** What an element is computed of, directly. */
  readsOf({ value, at }: Element): readonly Element[] {
    const cell = this.#cells[value.id]!;
    const before = this.#reads;
    this.#reads = [];
    (cell.compute ??= this.#computing(cell))(at);
    const found = this.#reads;
    this.#reads = before;
    return found;
  }

  #computing(cell: Cell): Computed {
    const { value } = cell;
    switch (value.kind) {
      case "input":
        return (at) => {
          this.#isMarked = this.#options.marked?.(value, at) ?? false;
          return this.#options.input(value, at);
        };
      case "state":
        throw new Error("internal: a state is not computed");
      case "carry":
        return (at) => this.#carried(value, at);
      case "host-scalar":
      case "host-table":
        return (at) => this.#value(value.body, at);
      case "equation":
        return value.reduce ? this.#reduced(value, value.reduce) : (at) => this.#value(value.body, at);
      default:
        return value satisfies never;
    }
  }

  #carried({ init, next, extent, reverse }: Carry, [time, ...rest]: Point): number {
    const first = reverse ? dims.evaluate(extent, this.#options.sizes) : 0;
    return time === first ? this.element(init, rest) : this.element(next, [reverse ? time! : time! - 1, ...rest]);
  }

  #reduced(value: Equation, { monoid, where, sizes }: Reduction): Computed {
    const first = value.shape.length;
    const points = pointsOf(sizes.map((dim, k) => sampled(dims.evaluate(dim, this.#options.sizes), !mayBeSampled(value, first + k), this.#left)), this.#left);
    const { positional, combine, identity } = MONOIDS[monoid];
    return (outer) => {
      let best = identity(value.type), position = 0;
      if ((this.#left -= points.length) < 0) throw new NotSampled();
      for (const [k, inner] of points.entries()) {
        const at = [...outer, ...inner];
        if (where && !this.#value(where, at)) continue;
        const term = this.#value(value.body, at);
        const before = best;
        best = positional && k === 0 ? term : combine(best, term);
        if (positional && best !== before && k > 0) position = k;
      }
      return positional ? position : best;
    };
  }

  #value(expr: Expr, at: Point): number {
    switch (expr.kind) {
      case "const":
        return expr.value;
      case "index":
        return at[expr.at]!;
      case "size":
        return dims.evaluate(expr.dim, this.#options.sizes);
      case "step":
        return 1;
      case "micro":
        return 0;
      case "access":
        return this.element(expr.value, this.#point(expr.slots, at));
      case "draw": {
        const shape = expr.sizes.map((dim) => dims.evaluate(dim, this.#options.sizes));
        return 0.5 + 0.5 * chance(expr.site, flatten(this.#point(expr.coordinates, at), shape));
      }
      case "apply":
        return this.#applied(expr, at);
      default:
        return expr satisfies never;
    }
  }

  #point(slots: readonly Expr[], at: Point): Point {
    const point: number[] = [];
    for (const slot of slots) point.push(slot.kind === "index" ? at[slot.at]! : this.#value(slot, at));
    return point;
  }

  #applied({ op, args }: ApplyExpr, at: Point): number {
    const [a, b, c] = args as readonly [Expr, Expr, Expr];
    switch (op) {
      case "select":
        return this.#value(this.#value(a, at) ? b : c, at);
      case "and":
      case "mul":
        return this.#settled(0, op, a, b, at);
      case "or":
        return this.#settled(1, op, a, b, at);
      default:
        return SCALAR_OPS[op].evaluate(this.#value(a, at), args.length > 1 ? this.#value(b, at) : 0, 0);
    }
  }

  /** Where one argument settles the result, such as a weight of 0, the other counts for nothing. */
  #settled(by: number, op: ApplyExpr["op"], a: Expr, b: Expr, at: Point): number {
    const before = this.#isMarked;
    const first = this.#value(a, at);
    if (first === by) return first;
    const marked = this.#isMarked;
    this.#isMarked = before;
    const second = this.#value(b, at);
    if (second === by) return second;
    this.#isMarked ||= marked;
    return SCALAR_OPS[op].evaluate(first, second, 0);
  }
}

type Computed = (at: Point) => number;

interface Cell {
  readonly value: Value;
  readonly shape: readonly number[];
  readonly hash: number;
  readonly elements: Map<number, number>;
  readonly marked: Set<number>;
  compute: Computed | undefined;
}

/** Nothing but which elements are read depends on that index: a sum of features, no mask, no count and no position. */
function mayBeSampled({ reduce, ...value }: Equation, at: number): boolean {
  const { monoid, sizes, where } = reduce!;
  const isWide = dims.asNumber(sizes[at - value.shape.length]!) !== undefined && value.type === "f32" && !MONOIDS[monoid].positional;
  return isWide && onlyInSlots(value.body, at) && !(where && someNode(where, (node) => node.kind === "index" && node.at === at));
}

function onlyInSlots(expr: Expr, at: number): boolean {
  if (expr.kind === "index") return expr.at !== at;
  if (expr.kind === "access") return expr.slots.every((slot) => slot.kind === "index" || onlyInSlots(slot, at));
  return children(expr).every((child) => onlyInSlots(child, at));
}

/** All positions of an axis, or its first and last. */
function sampled(size: number, whole: boolean, most: number): number[] {
  if (!whole && size > 2) return [0, size - 1];
  if (size > most) throw new NotSampled();
  return Array.from({ length: size }, (_, at) => at);
}

/** Row by row. */
function pointsOf(positions: readonly (readonly number[])[], most: number): readonly Point[] {
  if (positions.reduce((product, each) => product * each.length, 1) > most) throw new NotSampled();
  return positions.reduce<readonly Point[]>((points, axis) => points.flatMap((point) => axis.map((at) => [...point, at])), [[]]);
}

function flatten(at: Point, shape: readonly number[]): number {
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const position = at[axis]!;
    if (!(position >= 0 && position < shape[axis]!)) throw new NotSampled();
    flat = flat * shape[axis]! + position;
  }
  return flat;
}

/** In [-1, 1]. */
function chance(hash: number, at: number): number {
  return hashOf(hash, at) / 0x80000000;
}

function hashOf(seed: number, at: number): number {
  let mixed = Math.imul(seed ^ at ^ (at / 0x100000000), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
