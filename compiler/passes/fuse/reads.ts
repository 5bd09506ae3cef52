/** What a value reads once everything that is recomputed in its place has been expanded. */
import type { Equation, Expr, Value, ValueId } from "../../ir/graph.ts";
import { accessesIn, exprKey, index, substituteIndices } from "../../ir/expr.ts";
import { expressionsOf } from "../../ir/walk.ts";

/** An access to a value that is not virtual; slots are expressions over the reader's own indices (or of a recomputed reduction, from `INNER`). */
export interface Read {
  readonly value: ValueId;
  readonly slots: readonly Expr[];
}

/** Indices of reductions that are recomputed on the way are numbered from here. */
export const INNER = 1000;

export function readsOf(reader: Equation, values: ReadonlyMap<ValueId, Value>, virtual: ReadonlySet<ValueId>): Read[] {
  const found = new Map<string, Read>();
  const visit = (value: Equation, indexOf: ((at: number) => Expr) | undefined, inner: number): void => {
    for (const access of expressionsOf(value).flatMap(accessesIn)) {
      const slots = indexOf ? access.slots.map((slot) => substituteIndices(slot, indexOf)) : access.slots;
      const target = values.get(access.value)!;
      if (target.kind === "equation" && virtual.has(target.id)) {
        visit(target, (at) => slots[at] ?? index(inner + at), inner + 16);
      } else {
        const key = `${access.value}:${slots.map(exprKey).join()}`;
        if (!found.has(key)) found.set(key, { value: access.value, slots });
      }
    }
  };
  visit(reader, undefined, INNER);
  return [...found.values()];
}

/** The virtual values that are recomputed for it, in graph order. */
export function passedThrough(reader: Equation, values: ReadonlyMap<ValueId, Value>, virtual: ReadonlySet<ValueId>): Set<ValueId> {
  const passed = new Set<ValueId>();
  const visit = (value: Equation): void => {
    for (const { value: id } of expressionsOf(value).flatMap(accessesIn)) {
      const target = values.get(id)!;
      if (target.kind !== "equation" || !virtual.has(id) || passed.has(id)) continue;
      passed.add(id);
      visit(target);
    }
  };
  visit(reader);
  return passed;
}
