/** The run-time loops of a graph, as a figure shows them: what is computed step by step, and what is carried from one step to the next. */
import type { Carry, Equation, Expr, Graph, Value, ValueId } from "../../compiler/ir/graph.ts";
import { accessesIn } from "../../compiler/ir/expr.ts";
import { partsOf } from "../../compiler/ir/recurrence.ts";
import { expressionsOf, operandsOf, readersOf, valuesById } from "../../compiler/ir/walk.ts";
import { print } from "../../compiler/dim.ts";

export interface Scan {
  /** Of the function that it stands in: `decode`. */
  readonly path: string;
  /** "over T". */
  readonly over: string;
  readonly carries: readonly Carry[];
  /** What is computed at each step, carries included. */
  readonly within: ReadonlySet<ValueId>;
}

export function scansOf(graph: Graph): readonly Scan[] {
  const readers = readersOf(graph);
  return partsOf(graph).flatMap((part): readonly Scan[] => {
    if (!("members" in part)) return [];
    const { carries, members, extent, reverse } = part;
    const within = new Set<ValueId>([...carries, ...members].map(({ id }) => id));
    // A step's work on what does not hang on the step before, and what it makes of the others without handing it on.
    const size = print(extent);
    const timed = graph.values.filter((value): value is Equation => value.kind === "equation" && value.shape[0] !== undefined && print(value.shape[0]) === size);
    for (const value of timed.toReversed()) if (isForStep(value, within, readers.get(value.id) ?? [])) within.add(value.id);
    for (const value of timed) if (followsStep(value, within)) within.add(value.id);
    return [{ path: parentOf(carries[0]?.name ?? ""), over: `over ${size}${reverse ? ", from its end" : ""}`, carries, within }];
  });
}

const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));

/** Whether steps alone read it, each its own moment. */
function isForStep({ id }: Equation, within: ReadonlySet<ValueId>, readers: readonly Value[]): boolean {
  return readers.length > 0 && readers.every((reader) => within.has(reader.id) && reader.kind === "equation" && ofMoment(reader, (value) => value === id));
}

/** Whether it reads steps, each its own moment of them. */
const followsStep = (value: Equation, within: ReadonlySet<ValueId>): boolean => ofMoment(value, (id) => within.has(id));

function ofMoment(reader: Equation, isRead: (id: ValueId) => boolean): boolean {
  const read = expressionsOf(reader).flatMap(accessesIn).filter(({ value }) => isRead(value));
  return read.length > 0 && read.every(({ slots: [time] }) => time?.kind === "index" && time.at === 0);
}

/** Values on a scan's way in, out and around that are others as they are, maybe with their axes in another order; by what they copy. */
export function copiesAround(graph: Graph, scans: readonly Scan[]): ReadonlyMap<ValueId, ValueId> {
  const values = valuesById(graph);
  const isWithin = (id: ValueId): boolean => scans.some(({ within }) => within.has(id));
  const taken = new Set(graph.values.filter(({ id }) => isWithin(id)).flatMap(operandsOf));
  return new Map(graph.values.flatMap((value) => {
    const from = copied(value);
    if (from === undefined || values.get(from)?.kind === "state" || !(isWithin(value.id) || isWithin(from) || taken.has(value.id))) return [];
    return [[value.id, from] as const];
  }));
}

function copied(value: Value): ValueId | undefined {
  const isIndex = ({ kind }: Expr): boolean => kind === "index";
  if (value.kind !== "equation" || value.reduce !== undefined || value.body.kind !== "access" || !value.body.slots.every(isIndex)) return undefined;
  return value.body.value;
}
