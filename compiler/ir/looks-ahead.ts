/**
 * Does what a function says of a place depend on the places after it? A model that writes is asked for the next token of what is there,
 * so in training it must not see that token either; one that does learns to copy it, and writes nonsense.
 *
 * Found is only what is certain: a reduction over all places of the input without a condition that compares them with the place of the
 * result, as attention is that was not made causal, or a read of a later place. Whatever is not understood (places that are computed, loops)
 * counts as right.
 */
import * as dims from "../dim.ts";
import { affineOf } from "../ops/affine.ts";
import { accessesIn } from "./expr.ts";
import type { AccessExpr, Equation, Expr, Graph, Value, ValueId } from "./graph.ts";
import { expressionsOf, indexSizes } from "./walk.ts";

/** What is known of a value. */
interface Known {
  /** By axis: its element i is made of the input's places up to i plus this number; `by` made it more than 0. */
  readonly places: ReadonlyMap<number, Reach>;
  /** Takes all places into each of its elements. */
  readonly all?: Equation;
  /** Pairs of axes that a condition compares, as `s <= t` does. */
  readonly compared: readonly Pair[];
}

interface Reach {
  readonly ahead: number;
  readonly by?: Equation;
}

type Pair = readonly [number, number];

const NOTHING: Known = { places: new Map(), compared: [] };

/** The equation by which the first result [B, T, V] depends on later places of that argument [B, T]; undefined where none is known to. */
export function lookingAhead(graph: Graph, argument: string): Equation | undefined {
  const grows = graph.values.find((value) => value.kind === "input" && value.field === argument);
  const [output] = graph.outputs;
  if (grows?.shape.length !== 2 || output === undefined) return undefined;
  const known = new Map<ValueId, Known>([[grows.id, { places: new Map([[1, { ahead: 0 }]]), compared: [] }]]);
  for (const value of graph.values) if (!known.has(value.id)) known.set(value.id, knownOf(value, known));
  const { all, places } = known.get(output.value) ?? NOTHING;
  const result = graph.values.find(({ id }) => id === output.value);
  if (result?.shape.length !== 3 || !dims.equal(result.shape[1]!, grows.shape[1]!)) return undefined;
  const { ahead = 0, by } = places.get(1) ?? {};
  return all ?? (ahead > 0 ? by : undefined);
}

function knownOf(value: Value, known: ReadonlyMap<ValueId, Known>): Known {
  const expressions = expressionsOf(value);
  const pairs = [...expressions.flatMap(comparisonsIn), ...expressions.flatMap(accessesIn).flatMap((access) => comparedBy(access, known.get(access.value) ?? NOTHING))];
  const isAxis = (at: number): boolean => at < value.shape.length;
  const compared = unique(pairs.filter(([a, b]) => isAxis(a) && isAxis(b)));
  if (value.kind !== "equation") return { ...NOTHING, compared };

  const bounded = new Set(pairs.flatMap(([a, b]) => (isAxis(a) !== isAxis(b) ? [Math.max(a, b)] : [])));
  const places = new Map<number, Reach>();
  let all: Equation | undefined;
  for (const access of numbersIn(value.body)) {
    const read = known.get(access.value) ?? NOTHING;
    all ??= read.all;
    for (const [axis, reach] of read.places) {
      const found = placeOf(access.slots[axis]!, value);
      if (found === undefined) continue;
      const ahead = reach.ahead + found.ahead;
      if (isAxis(found.index)) widen(places, found.index, ahead > 0 ? { ahead, by: reach.by ?? value } : { ahead });
      else if (!bounded.has(found.index)) all ??= value;
    }
  }
  return { places, compared, ...(all && { all }) };
}

function widen(places: Map<number, Reach>, index: number, reach: Reach): void {
  const before = places.get(index);
  if (before === undefined || before.ahead < reach.ahead) places.set(index, reach);
}

/** The accesses whose elements go into the result as numbers: not those that only decide, by a comparison, what goes in. */
function numbersIn(expr: Expr): readonly AccessExpr[] {
  switch (expr.kind) {
    case "access":
      return [expr, ...expr.slots.flatMap(numbersIn)];
    case "apply":
      return isComparison(expr) ? [] : expr.args.flatMap(numbersIn);
    default:
      return [];
  }
}

function isComparison({ op }: { readonly op: string }): boolean {
  return ["lt", "le", "eq", "ne", "ilt", "ile", "ieq", "ine", "finite"].includes(op);
}

/** Where a slot reads along its axis: at one index, at most so much further on. Undefined for any other place. */
function placeOf(slot: Expr, equation: Equation): { readonly index: number; readonly ahead: number } | undefined {
  if (slot.kind === "index") return { index: slot.at, ahead: 0 };
  const { terms, constant } = affineOf(slot);
  const sizes = indexSizes(equation);
  let index: number | undefined, ahead = dims.asNumber(constant);
  for (const { atom, coefficient } of terms) {
    const [factor, size] = [dims.asNumber(coefficient), atom.kind === "index" ? dims.asNumber(sizes[atom.at]!) : undefined];
    if (atom.kind !== "index" || factor === undefined || ahead === undefined) return undefined;
    if (size !== undefined && atom.at >= equation.shape.length) ahead += Math.max(0, factor * (size - 1));
    else if (factor === 1 && index === undefined) index = atom.at;
    else return undefined;
  }
  return index === undefined || index >= equation.shape.length || ahead === undefined ? undefined : { index, ahead };
}

/** The indices that stand side by side in a comparison, apart from those that only say what is read. */
function comparisonsIn(expr: Expr): readonly Pair[] {
  if (expr.kind === "access") return expr.slots.flatMap(comparisonsIn);
  if (expr.kind !== "apply") return [];
  return isComparison(expr) ? pairsOf([...new Set(expr.args.flatMap(bareIndices))]) : expr.args.flatMap(comparisonsIn);
}

function bareIndices(expr: Expr): readonly number[] {
  return expr.kind === "index" ? [expr.at] : expr.kind === "apply" ? expr.args.flatMap(bareIndices) : [];
}

/** The indices at which an access reads axes that are compared there. */
function comparedBy({ slots }: AccessExpr, { compared }: Known): readonly Pair[] {
  return compared.flatMap(([a, b]) => bareIndices(slots[a]!).flatMap((one) => bareIndices(slots[b]!).map((other): Pair => [one, other])));
}

function pairsOf(indices: readonly number[]): readonly Pair[] {
  return indices.flatMap((a, at) => indices.slice(at + 1).map((b): Pair => [a, b]));
}

function unique(pairs: readonly Pair[]): readonly Pair[] {
  return [...new Map(pairs.map((pair) => [[...pair].sort((a, b) => a - b).join(" "), pair])).values()];
}
