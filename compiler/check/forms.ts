/** What is the same of values as long as only their elements differ. */
import type { Facts } from "./facts.ts";
import type { Val } from "./value.ts";

/** Whether both are tensors of one type and shape. */
export function sameForm(a: Val, b: Val, facts: Facts): boolean {
  if (a.kind !== "tensor" || b.kind !== "tensor" || a.type !== b.type || a.axes.length !== b.axes.length) return false;
  return a.axes.every((axis, k) => facts.equal(axis.size.dim, b.axes[k]!.size.dim));
}

/** Whether there are the same variables, each of the same form or the same itself; integers may have gone on to others that fit nowhere. */
export function sameForms(a: ReadonlyMap<string, Val>, b: ReadonlyMap<string, Val>, facts: Facts): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== value && !(other && sameForm(value, other, facts) && value.kind === "tensor" && value.type === "f32")) return false;
  }
  return true;
}
