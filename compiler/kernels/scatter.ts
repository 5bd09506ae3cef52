/** Scatters: sums over the points where an index field names a row of the result, the gradient of a gather. */
import { type Dim, equal } from "../dim.ts";
import { apply, conjuncts, conjunction, index, size } from "../ir/expr.ts";
import type { Equation, Expr, ValueId } from "../ir/graph.ts";
import { reducedWhere } from "../ir/walk.ts";
import { dimText } from "./emit/dim-text.ts";
import type { Emitter } from "./emit/emitter.ts";
import type { Operand } from "./emit/operand.ts";

/** The field, its slots' reduced indices and the matched row of a scatter: a conjunct `field[reduced…] == row`. */
export function scatterMatch(equation: Equation): { input: ValueId; axis: number; match: Expr } | undefined {
  const rank = equation.shape.length;
  for (const match of conjuncts(equation.reduce?.where)) {
    if (match.kind !== "apply" || match.op !== "ieq") continue;
    for (const [access, row] of [match.args, [match.args[1]!, match.args[0]!]]) {
      if (access?.kind !== "access" || row?.kind !== "index" || row.at >= rank) continue;
      const bare = access.slots.every((slot, at) => slot.kind === "index" && slot.at === rank + at);
      if (bare && access.slots.length === equation.reduce!.sizes.length) return { input: access.value, axis: row.at, match };
    }
  }
  return undefined;
}

/** Whether the sum is over every point of the field: lists of points by row have them all. */
export function isOverAll({ reduce }: Equation, field: readonly Dim[]): boolean {
  return reduce!.sizes.every((extent, at) => equal(extent, field[at]!));
}

/** The same sum over every point of the field, those outside of its own ranges left out: `next[b, t]` for t < T - 1 is a part of `next`. */
export function overAll(equation: Equation, field: readonly Dim[]): Equation {
  if (isOverAll(equation, field)) return equation;
  const { shape, reduce } = equation;
  const within = reduce!.sizes.flatMap((extent, at) => (equal(extent, field[at]!) ? [] : [apply("ilt", index(shape.length + at), size(extent))]));
  return { ...equation, reduce: { ...reduce!, sizes: field, where: conjunction([...within, ...conjuncts(reduce!.where)]) } };
}

/** The same sum for a walk over the points of one row alone. */
export function withoutMatch(equation: Equation): Equation {
  const found = scatterMatch(equation);
  if (!found) return equation;
  const rest = conjuncts(equation.reduce!.where).filter((conjunct) => conjunct !== found.match);
  return { ...equation, reduce: reducedWhere(equation.reduce!, rest) };
}

/** The points whose index field names this row, from the sorted list that the host made with the batch. */
export function overSegment(emitter: Emitter, sizes: readonly Dim[], body: (indices: readonly Operand[]) => void, equation: Equation, rows: readonly Operand[]): void {
  const { input, axis } = scatterMatch(equation)!;
  const count = equation.shape[axis]!;
  const list = emitter.memory.indexList(input, count);
  const row = emitter.bound(rows[axis]!).text;
  const at = emitter.blocks.fresh("i");
  emitter.blocks.line(`let ${at}_end = ${list}[${row} + 1];`);
  emitter.blocks.open(`for (var ${at} = ${list}[${row}]; ${at} < ${at}_end; ${at}++)`);
  const point = emitter.blocks.bind(`${list}[${dimText(count)} + 1 + ${at}]`, emitter.blocks.depth);
  body(emitter.composite(emitter.blocks.fresh("p"), point, sizes));
  emitter.blocks.close();
}
