/**
 * `generate = sample(model)` asks what comes after a prefix, of which nothing more is there yet. A model that tells of a place by the places
 * after it was trained with the answer before its eyes: the loss falls, and what it generates is nonsense.
 *
 * So the last id of a short row is exchanged for another, and what is said of the places before it has to stay. Of a model that keeps to the
 * past it does, whatever keeps it there: a mask, a window, a loop, a prefix sum. Nothing is said of a model of which that cannot be found out.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import type { Graph, InputLeaf, StateLeaf, Value, ValueId } from "../ir/graph.ts";
import { type Element, NotSampled, type Point, Sample, type SampleOptions } from "../ir/sample.ts";
import { neededFor, operandsOf, valuesById } from "../ir/walk.ts";
import type { Entry, SizeRequirement } from "./model.ts";

/** Places of a row. Who looks ahead mostly looks at the next place, and so in a row of two. */
const LENGTHS = [2, 4, 3, 6, 8, 12, 16];
/** Terms that are evaluated at most; the largest of the examples takes a fiftieth. */
const WORK = 100_000;

/**
 * The values through which what stands at later places first reaches earlier ones, in order; undefined where the entry keeps to the past,
 * or may, and where the loss asks nothing of the places that it reaches.
 */
export function looksAhead(entry: Entry, loss: Entry): readonly Value[] | undefined {
  const rows = rowsOf(entry);
  if (!rows) return undefined;
  const [sizes, ...longer] = acceptedSizes(entry, rows.ids);
  if (!sizes || keepsToThePast(rows, sizes)) return undefined;
  const found = changed(rows, sizes, [1, 2, 3]);
  if (!found) return undefined;
  // Once more in another row and with other numbers, before a word is said.
  const isLearnt = (each: Sizes): boolean => {
    const again = changed(rows, each, [4, 5, 6]);
    return again !== undefined && isAskedFor(again, loss);
  };
  if (!(longer.length === 0 ? [sizes] : longer).some(isLearnt)) return undefined;
  return attempted(() => reaching(found, rows)) ?? [];
}

interface Rows {
  readonly graph: Graph;
  /** The ids that grow, [B, T]. */
  readonly ids: InputLeaf;
  /** `T` */
  readonly length: string;
  readonly logits: Value;
  /** What the logits are computed of, in order. */
  readonly needed: readonly Value[];
}

/** Of a function that generation can call. */
function rowsOf({ graph, inputs }: Entry): Rows | undefined {
  const ids = graph.values.find((value): value is InputLeaf => value.kind === "input" && value.field === inputs[0]?.name);
  const logits = graph.values.find(({ id }) => id === graph.outputs[0]?.value);
  if (!ids || !logits || !inputs.every(isIds) || logits.shape.length !== 3) return undefined;
  const length = nameOf(ids.shape[1]!);
  if (length === undefined || !ids.shape.every((dim, axis) => dims.equal(dim, logits.shape[axis]!))) return undefined;
  // A graph has what its outputs need, and mostly there is one.
  const needed = graph.outputs.length === 1 ? undefined : neededFor([logits.id], valuesById(graph));
  return { graph, ids, length, logits, needed: needed ? graph.values.filter(({ id }) => needed.has(id)) : graph.values };
}

function isIds({ type, shape, range }: Pick<InputLeaf, "type" | "shape" | "range">): boolean {
  return type === "i32" && shape.length === 2 && range !== undefined && (dims.asNumber(range) ?? 0) > 1;
}

/** Of a size that is one name. */
function nameOf([term, ...more]: Dim): string | undefined {
  const [factor, ...others] = term?.factors ?? [];
  return more.length === 0 && others.length === 0 && term?.coefficient === 1 && typeof factor === "string" ? factor : undefined;
}

type Sizes = Readonly<Record<string, number>>;

/** One row, of each length that it takes, and a few places of what is read beside. */
function acceptedSizes({ sizes, requires }: Entry, { shape }: InputLeaf): readonly Sizes[] {
  const [batch, name] = shape.map(nameOf);
  const made = LENGTHS.map((length): Sizes => Object.fromEntries(sizes.map((size) => [size, size === name ? length : size === batch ? 1 : 3])));
  return made.filter((each) => requires.every((requirement) => holds(requirement, each)));
}

function holds({ test }: SizeRequirement, sizes: Sizes): boolean {
  const size = dims.evaluate(test.size, sizes);
  return test.kind === "nonnegative" ? size >= 0 : size % dims.evaluate(test.divisor, sizes) === 0;
}

/** The quick way, enough for nearly all: nothing that is said of earlier places reads the last. */
function keepsToThePast(rows: Rows, sizes: Sizes): boolean {
  const { graph, ids, needed, logits } = rows;
  const last = lastOf(rows, sizes);
  return attempted(() => {
    const sample = new Sample(graph, { ...optionsOf(sizes, 1), marked: (leaf, at) => leaf === ids && at[1] === last });
    // In the order of the graph, so that what an element asks for is there, and no chain of them is long.
    for (const value of needed) {
      const along = placeAxes(value, ids);
      for (const at of sample.pointsOf(value)) if (along.every((axis) => at[axis] !== last)) sample.element(value.id, at);
    }
    return sample.pointsOf(logits).every((at) => at[1] === last || !sample.isMarked({ value: logits, at }));
  }) ?? false;
}

function placeAxes({ shape }: Value, ids: InputLeaf): readonly number[] {
  return shape.flatMap((dim, axis) => (dims.equal(dim, ids.shape[1]!) ? [axis] : []));
}

function lastOf({ length }: Rows, sizes: Sizes): number {
  return sizes[length]! - 1;
}

interface Changed {
  readonly before: Sample;
  readonly after: Sample;
  readonly last: number;
  /** Of earlier places. */
  readonly logits: readonly Element[];
}

/** What another last id changes before it; undefined for nothing. Of several parameters, as what is largest may stay so. */
function changed(rows: Rows, sizes: Sizes, seeds: readonly number[]): Changed | undefined {
  for (const seed of seeds) {
    const found = changedWith(seed, rows, sizes);
    if (found) return found;
  }
  return undefined;
}

function changedWith(seed: number, rows: Rows, sizes: Sizes): Changed | undefined {
  const { graph, ids, needed, logits: value } = rows;
  const last = lastOf(rows, sizes);
  return attempted(() => {
    const options = optionsOf(sizes, seed);
    const before = new Sample(graph, options);
    const input = (leaf: InputLeaf, at: Point): number => idAt(leaf, leaf === ids && at[1] === last ? last + 1 : at[1]);
    const after = new Sample(graph, { ...options, input }, { sample: before, anew: dependentOn(rows) });
    for (const each of needed) for (const at of before.pointsOf(each)) for (const sample of [before, after]) sample.element(each.id, at);
    const all = before.pointsOf(value).map((at): Element => ({ value, at }));
    const scale = Math.max(...all.flatMap((element) => [Math.abs(before.known(element)!), Math.abs(after.known(element)!)]));
    if (!Number.isFinite(scale)) return undefined;
    const logits = all.filter((element) => element.at[1] !== last && differs({ before, after }, element, scale));
    return logits.length === 0 ? undefined : { before, after, last, logits };
  });
}

/** Whether the loss reads what is `next` at one of these places; that of a prefix, or of all places but the last, may not. */
function isAskedFor({ logits, last }: Changed, { graph, ...loss }: Entry): boolean {
  const wanted = graph.values.find((value): value is InputLeaf => value.kind === "input" && value.field === "next");
  const name = wanted?.shape[1] && nameOf(wanted.shape[1]);
  const sizes = name === undefined ? undefined : acceptedSizes({ graph, ...loss }, wanted!).find((each) => each[name] === last + 1);
  if (!sizes) return true;
  const places = new Set(logits.map(({ at }) => at[1]));
  return attempted(() => {
    const sample = new Sample(graph, { ...optionsOf(sizes, 1), marked: (leaf, at) => leaf === wanted && places.has(at[1]) });
    for (const value of graph.values) if (value.kind !== "state") for (const at of sample.pointsOf(value)) sample.element(value.id, at);
    const output = graph.values.find(({ id }) => id === graph.outputs[0]?.value);
    return output === undefined || sample.isMarked({ value: output, at: [] });
  }) ?? true;
}

/** Undefined for what would take too long, or too deep a stack. */
function attempted<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotSampled || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What depends on the ids that grow. */
function dependentOn({ ids, needed }: Rows): ReadonlySet<ValueId> {
  const found = new Set([ids.id]);
  // A carry stands before what it carries.
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const value of needed) if (operandsOf(value).some((id) => found.has(id))) found.add(value.id);
  }
  return found;
}

function optionsOf(sizes: Sizes, seed: number): SampleOptions {
  return { sizes, seed, work: WORK, state: madeUp, input: (leaf, at) => idAt(leaf, at[1]) };
}

/** Ordinary ids, as padding and the like come first in a vocabulary; neighbours differ. */
function idAt({ type, range }: InputLeaf, place = 0): number {
  if (type === "bool") return 1;
  const count = (range && dims.asNumber(range)) ?? 1;
  return count - 1 - (place % Math.min(count, Math.max(2, Math.ceil(count / 2))));
}

/** Small, so that no softmax is saturated; what layers keep may be a variance. */
function madeUp({ state }: StateLeaf, chance: number): number {
  return state.kind === "running" ? 1 + 0.1 * chance : 0.1 * chance;
}

/** By more than what rounding leaves of terms that cancel each other. */
function differs({ before, after }: Pick<Changed, "before" | "after">, element: Element, scale = 0): boolean {
  const [a, b] = [before.known(element), after.known(element)];
  return a !== undefined && b !== undefined && Math.abs(a - b) > 1e-7 * Math.max(Math.abs(a), Math.abs(b), scale);
}

/**
 * Back from the logits that changed, as far as elements of earlier places that read one of the last: the values of these elements. None
 * is found where an axis counts places otherwise, as that of two texts one behind the other does.
 */
function reaching(found: Changed, { ids, needed }: Rows): readonly Value[] {
  const isLast = ({ value, at }: Element): boolean => placeAxes(value, ids).some((axis) => at[axis] === found.last);
  const reached = new Set<Value>();
  const seen = new Set<string>();
  const left = [...found.logits];
  for (let element = left.pop(); element; element = left.pop()) {
    const key = `${element.value.id} ${element.at.join(" ")}`;
    if (seen.has(key) || !differs(found, element)) continue;
    seen.add(key);
    for (const read of found.after.readsOf(element)) {
      if (isLast(read) && !isLast(element) && differs(found, read)) reached.add(element.value);
      else left.push(read);
    }
  }
  return needed.filter((value) => reached.has(value));
}
