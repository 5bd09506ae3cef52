/**
 * Which values never reach memory, because computing them again where they are read costs less than a round trip:
 * masks and index arithmetic; maps with a single reader that reads each element once; cheap maps of values that are stored
 * anyway; and *streamed* values, the products of queries and keys and all that is computed from them element by element,
 * which would grow with the square of a length.
 */
import { asNumber, type Dim, divide, equal, multiply } from "../../dim.ts";
import type { Equation, Expr, Graph, Value, ValueId } from "../../ir/graph.ts";
import { accessesIn, indicesIn, visitExpr } from "../../ir/expr.ts";
import { expressionsOf, indexSizes, isMap, readersOf, valuesById } from "../../ir/walk.ts";
import { contraction } from "./contraction.ts";

/** Longest inner product that is computed again for every use of its result. */
const LONGEST_INNER = 256;
/** Scalar operations that a value may cost and still be computed again by several readers. */
const CHEAP = 3;
/** What a random number costs in such operations. */
const DRAW = 40;

export interface Recomputed {
  readonly virtual: ReadonlySet<ValueId>;
  /** The streamed ones among them. */
  readonly streamed: ReadonlySet<ValueId>;
}

/** `kept`: values that are stored whatever they cost. */
export function recomputed(graph: Graph, kept: ReadonlySet<ValueId> = new Set()): Recomputed {
  const values = valuesById(graph);
  const readers = readersOf(graph);
  const outputs = new Set([...graph.outputs.map(({ value }) => value), ...kept]);
  const streamed = streamedValues(graph, values, readers, outputs);
  const virtual = new Set(streamed);
  for (const value of graph.values) {
    if (!isMap(value) || outputs.has(value.id) || virtual.has(value.id)) continue;
    if (isFree(value) || isReadOnce(value, readers, virtual) || isCheapOf(value, values, readers, virtual)) virtual.add(value.id);
  }
  return { virtual, streamed };
}

/** Masks, indices, constants: a few integer operations. Whole numbers found by way of others, or drawn, are not. */
function isFree(value: Equation): boolean {
  const isFound = value.type === "i32" && accessesIn(value.body).some(({ slots }) => slots.some((slot) => accessesIn(slot).length > 0));
  if (isFound || cost(value.body) >= DRAW) return false;
  return value.type !== "f32" || (accessesIn(value.body).length === 0 && cost(value.body) <= CHEAP);
}

/** A single reader that is itself a map of the same size, or a reduction that is no product and meets every element once. */
function isReadOnce(value: Equation, readers: ReadonlyMap<ValueId, readonly Value[]>, virtual: ReadonlySet<ValueId>): boolean {
  const only = readers.get(value.id) ?? [];
  const reader = only[0];
  if (only.length !== 1 || reader?.kind !== "equation") return false;
  if (readCount(reader, value.id) > 1 || virtual.has(value.id)) return false;
  if (contraction(reader)) return cost(value.body) <= CHEAP && accessesIn(value.body).length <= 1;
  const [own, its] = [volume(value.shape), volume([...reader.shape, ...(reader.reduce?.sizes ?? [])])];
  const ratio = divide(its, own);
  const grows = !(ratio && asNumber(ratio) === 1);
  return !grows || cost(value.body) <= CHEAP;
}

/** One full-sized operand, which is stored anyway: a leaf, or something that others read too. */
function isCheapOf(value: Equation, values: ReadonlyMap<ValueId, Value>, readers: ReadonlyMap<ValueId, readonly Value[]>, virtual: ReadonlySet<ValueId>): boolean {
  const read = accessesIn(value.body).map(({ value: id }) => values.get(id)!);
  const full = new Set(read.filter(({ shape }) => shape.length >= value.shape.length));
  const stored = [...full].every((operand) => operand.kind !== "equation" || readers.get(operand.id)!.length > 1);
  return cost(value.body) <= CHEAP && full.size <= 1 && stored && read.every(({ id }) => !virtual.has(id));
}

function readCount(reader: Equation, id: ValueId): number {
  return expressionsOf(reader).flatMap(accessesIn).filter(({ value }) => value === id).length;
}

/** Scalar operations, transcendental ones and draws counted as many. */
function cost(expr: Expr): number {
  let total = 0;
  visitExpr(expr, (node) => {
    if (node.kind === "draw") total += DRAW;
    else if (node.kind === "apply") total += ["exp", "log", "tanh", "erf", "sin", "cos", "pow"].includes(node.op) ? 8 : node.op === "div" || node.op === "sqrt" ? 2 : node.op === "stop" ? 0 : 1;
  });
  return total;
}

function volume(shape: readonly Dim[]): Dim {
  return multiply(...shape);
}

function streamedValues(graph: Graph, values: ReadonlyMap<ValueId, Value>, readers: ReadonlyMap<ValueId, readonly Value[]>, outputs: ReadonlySet<ValueId>): Set<ValueId> {
  const streamed = new Set<ValueId>();
  for (const value of graph.values) {
    if (value.kind !== "equation" || outputs.has(value.id)) continue;
    if (value.reduce ? isOuterProduct(value) : extendsStream(value, values, streamed)) streamed.add(value.id);
  }
  // What some reader needs whole is stored after all, and with it everything that is computed from it alone.
  for (let changed = true; changed; ) {
    changed = false;
    for (const id of streamed) {
      const value = values.get(id) as Equation;
      const fits = (readers.get(id) ?? []).every((reader) => streamed.has(reader.id) || reducesStream(reader, value));
      const fed = value.reduce !== undefined || accessesIn(value.body).some(({ value: source }) => streamed.has(source));
      if (fits && fed) continue;
      streamed.delete(id);
      changed = true;
    }
  }
  return streamed;
}

/** A batched product with a short inner index whose result is larger than its operands: [B, heads, T, S] from [B, T, heads, e]. */
function isOuterProduct(value: Equation): boolean {
  const found = contraction(value);
  if (!found || found.batch.length === 0 || found.end) return false;
  const depth = asNumber(volume(value.reduce!.sizes));
  if (depth === undefined || depth > LONGEST_INNER) return false;
  const [rows, columns] = [found.rows, found.columns].map((axes) => volume(axes.map((axis) => value.shape[axis]!)));
  const [m, n] = [asNumber(rows!), asNumber(columns!)];
  return m === undefined && n === undefined ? true : m !== undefined && n !== undefined && m * n > (m + n) * depth;
}

/** A map, over axes that include all those of a streamed value it reads. */
function extendsStream(value: Equation, values: ReadonlyMap<ValueId, Value>, streamed: ReadonlySet<ValueId>): boolean {
  return accessesIn(value.body).some(({ value: id, slots }) => {
    if (!streamed.has(id) || values.get(id)!.shape.length !== value.shape.length) return false;
    return new Set(slots.map((slot) => (slot.kind === "index" ? slot.at : -1))).size === slots.length && slots.every(({ kind }) => kind === "index");
  });
}

/** A reduction that meets every element of the streamed value once: the indices in the slots walk exactly its volume. */
function reducesStream(reader: Value, value: Equation): boolean {
  if (reader.kind !== "equation" || !reader.reduce) return false;
  const rank = reader.shape.length;
  const sizes = indexSizes(reader);
  return expressionsOf(reader)
    .flatMap(accessesIn)
    .filter(({ value: id }) => id === value.id)
    .every(({ slots }) => {
      const used = [...new Set(slots.flatMap((slot) => indicesIn(slot)))];
      return used.some((index) => index >= rank) && equal(volume(used.map((index) => sizes[index]!)), volume(value.shape));
    });
}
