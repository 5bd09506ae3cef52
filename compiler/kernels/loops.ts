/**
 * The loops of one invocation. They stand in phases: a phase reads the reductions that earlier ones completed. Values that are
 * no roots are computed where they are read, so a product of queries and keys exists one element at a time.
 */
import { asNumber, constant, type Dim, key } from "../dim.ts";
import type { Group } from "../ir/fused.ts";
import { accessesIn, indicesIn } from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, ValueId } from "../ir/graph.ts";
import { fallsIntoFours } from "./emit/affine.ts";
import { dimText } from "./emit/dim-text.ts";
import type { EmitContext, Emitter } from "./emit/emitter.ts";
import type { Operand } from "./emit/operand.ts";
import { accumulator, type Accumulator, overIndices, type RangeTexts, reducesByFour } from "./emit/reduction.ts";
import { LANES } from "./kernel.ts";
import { overSegment, withoutMatch } from "./scatter.ts";
import { loopRange } from "./support.ts";

interface Root {
  readonly equation: Equation;
  /** The axis of each row index. */
  readonly axes: readonly number[];
  /** The other axes, walked in loops (a map) or held side by side in registers (a reduction). */
  readonly inner: readonly number[];
  readonly phase: number;
}

/** A loop nest shared by roots of one phase that walk indices of the same sizes. */
interface Loop {
  readonly sizes: readonly Dim[];
  readonly four: boolean;
  readonly roots: readonly Root[];
}

export function rootsOf(group: Group, context: EmitContext): Root[] {
  const phases = new Map<ValueId, number>();
  const phaseOf = (expr: Expr | undefined, seen: Set<ValueId>): number =>
    expr ? Math.max(0, ...accessesIn(expr).map((access) => valuePhase(access, seen))) : 0;
  const valuePhase = ({ value: id }: AccessExpr, seen: Set<ValueId>): number => {
    const known = phases.get(id);
    if (known !== undefined) return known;
    const value = context.values.get(id)!;
    if (!group.members.includes(id) || value.kind !== "equation" || seen.has(id)) return 0;
    seen.add(id);
    return equationPhase(value, seen);
  };
  const equationPhase = (equation: Equation, seen: Set<ValueId>): number =>
    Math.max(phaseOf(equation.body, seen), phaseOf(equation.reduce?.where, seen));

  return [...group.roots].map(([id, axes]) => {
    const equation = context.values.get(id) as Equation;
    const phase = equationPhase(equation, new Set()) + (equation.reduce ? 1 : 0);
    // A complete reduction is known after its phase; a map's readers compute it again or read what it stored.
    if (equation.reduce) phases.set(id, phase);
    const inner = equation.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    return { equation, axes, inner, phase: equation.reduce ? phase : phase + 1 };
  });
}

/** `byFour`: reductions take the last reduced index four at a time where they can. */
export function loopsOf(roots: readonly Root[], byFour: boolean): Loop[] {
  const loops = new Map<string, { sizes: readonly Dim[]; four: boolean; roots: Root[]; phase: number }>();
  for (const root of roots) {
    const { equation, inner, phase } = root;
    const sizes = equation.reduce ? equation.reduce.sizes : inner.map((axis) => equation.shape[axis]!);
    const four = equation.reduce ? byFour && inner.length === 0 && reducesByFour(equation) : fallsIntoFours(sizes.at(-1));
    const id = [phase, four, ...sizes.map(key)].join("|");
    const loop = loops.get(id) ?? { sizes, four, roots: [], phase };
    loop.roots.push(root);
    loops.set(id, loop);
  }
  return [...loops.values()].sort((a, b) => a.phase - b.phase);
}

/** The rows of a subgroup's first and last lane, between which all of them lie. */
interface Ends {
  readonly first: readonly Operand[];
  readonly last: readonly Operand[];
}

export function emitLoop(emitter: Emitter, group: Group, loop: Loop, rows: readonly Operand[], written: Set<ValueId>, ends: Ends = { first: rows, last: rows }): void {
  const reductions = loop.roots.filter(({ equation }) => equation.reduce).map((root) => startReduction(emitter, root, rows, loop.four, group));
  const maps = loop.roots.filter(({ equation }) => !equation.reduce);
  const body = (indices: readonly Operand[]): void => {
    for (const reduction of reductions) reduction.add(indices);
    for (const { equation, axes, inner } of maps) {
      const at = placed(equation, axes, rows, inner, indices);
      const content = emitter.bound(emitter.expr(equation.body, at));
      if (group.stored.includes(equation.id)) emitter.store(equation, at, content);
      if (inner.length === 0) emitter.held.set(equation.id, held(equation, at, content));
    }
  };
  if (group.kind === "scatter" && reductions.length > 0) overSegment(emitter, loop.sizes, body, loop.roots[0]!.equation, rows);
  else {
    const range = maps.length > 0 || loop.four ? {} : rangeOf(emitter, loop, ends);
    if (emitter.guard && loop.sizes.length > 0) together(emitter, loop.sizes, body, range);
    else overIndices(emitter, loop.sizes, loop.four, body, range);
  }
  for (const reduction of reductions) reduction.finish();
  for (const { equation } of maps) written.add(equation.id);
}

/** The first index in rounds of a subgroup's size: whatever a round's lanes all want of it is loaded before the round, one of each by a lane. */
function together(emitter: Emitter, sizes: readonly Dim[], body: (indices: readonly Operand[]) => void, range: RangeTexts): void {
  const { blocks } = emitter;
  const [start, round] = [blocks.fresh("s"), blocks.fresh("j")];
  const end = blocks.bind(range.to ? `min(${range.to}, ${dimText(sizes[0]!)})` : dimText(sizes[0]!), blocks.depth);
  blocks.open(`for (var ${start} = ${range.from ?? "0"}; ${start} < ${end}; ${start} += ${LANES})`);
  const from = emitter.index(start);
  const depth = blocks.depth;
  const rounds = blocks.bind(`min(${LANES}, ${end} - ${start})`, depth);
  blocks.open(`for (var ${round} = 0; ${round} < ${rounds}; ${round}++)`);
  emitter.shared = { round, lane: "lane", depth };
  const index = emitter.apply("iadd", [from, emitter.index(round)], "i32");
  overIndices(emitter, sizes.slice(1), false, (rest) => body([index, ...rest]));
  emitter.shared = undefined;
  blocks.close();
  blocks.close();
}

/** The range that the masks of all reductions of a loop leave to its index, for every row between the ends. */
function rangeOf(emitter: Emitter, loop: Loop, ends: Ends): RangeTexts {
  const inPlace = (id: ValueId): Equation | undefined => {
    const value = emitter.context.values.get(id)!;
    return value.kind === "equation" && !emitter.context.inMemory(id) && !emitter.held.has(id) ? value : undefined;
  };
  const texts = loop.roots.map(({ equation, axes }) => {
    const range = loopRange(equation, inPlace);
    const text = (bound: Expr | undefined, rows: readonly Operand[]): string | undefined => {
      const at = equation.shape.map((_, axis) => rows[axes.indexOf(axis)]);
      if (!bound || !(ends.first === ends.last || risesWithRows(bound)) || indicesIn(bound).some((index) => at[index] === undefined || at[index].width === 4)) return undefined;
      return emitter.bound(emitter.expr(bound, at as Operand[])).text;
    };
    return { from: text(range.from, ends.first), to: text(range.to, ends.last) };
  });
  const shared = (all: readonly (string | undefined)[]): string | undefined => (new Set(all).size === 1 ? all[0] : undefined);
  const [from, to] = [shared(texts.map((text) => text.from)), shared(texts.map((text) => text.to))];
  return { ...(from !== undefined && { from: `max(${from}, 0)` }), ...(to !== undefined && { to }) };
}

/** Sums of indices and sizes: at the first row it is least, at the last most. */
function risesWithRows(bound: Expr): boolean {
  if (bound.kind === "apply") return (bound.op === "iadd" || (bound.op === "isub" && indicesIn(bound.args[1]!).length === 0)) && bound.args.every(risesWithRows);
  return bound.kind === "index" || bound.kind === "size" || bound.kind === "const";
}

/** The coordinates of a value from those of the row and of its inner axes. */
function placed(equation: Equation, axes: readonly number[], rows: readonly Operand[], inner: readonly number[], indices: readonly Operand[]): Operand[] {
  return equation.shape.map((_, axis) => {
    const row = axes.indexOf(axis);
    return row >= 0 ? rows[row]! : indices[inner.indexOf(axis)]!;
  });
}

interface RunningReduction {
  add(reduced: readonly Operand[]): void;
  finish(): void;
}

/** A reduction of the row, or several side by side when it has inner axes. */
function startReduction(emitter: Emitter, root: Root, rows: readonly Operand[], four: boolean, group: Group): RunningReduction {
  const { axes, inner } = root;
  const equation = group.kind === "scatter" ? withoutMatch(root.equation) : root.equation;
  const parts: { coordinates: Operand[]; total: Accumulator }[] = [];
  const sizes = inner.map((axis) => equation.shape[axis]!);
  overAll(emitter, sizes, fallsIntoFours(sizes.at(-1)), (indices) => {
    const coordinates = placed(equation, axes, rows, inner, indices);
    const wide = four || coordinates.some(({ width }) => width === 4);
    parts.push({ coordinates, total: accumulator(emitter, equation, wide, four) });
  });
  return {
    add(reduced) {
      for (const { coordinates, total } of parts) total.add([...coordinates, ...reduced]);
    },
    finish() {
      const results = new Map<string, Operand>();
      for (const { coordinates, total } of parts) {
        const result = total.result();
        results.set(placeText(coordinates), result);
        if (group.stored.includes(equation.id)) emitter.store(equation, coordinates, result);
      }
      emitter.held.set(equation.id, (coordinates) => found(equation, results, coordinates));
    },
  };
}

function held(equation: Equation, at: readonly Operand[], content: Operand): (coordinates: readonly Operand[]) => Operand {
  const results = new Map([[placeText(at), content]]);
  return (coordinates) => found(equation, results, coordinates);
}

function found(equation: Equation, results: ReadonlyMap<string, Operand>, coordinates: readonly Operand[]): Operand {
  const result = results.get(placeText(coordinates));
  if (!result) throw new Error(`internal: ${equation.name} is read outside of its row`);
  return result;
}

function placeText(coordinates: readonly Operand[]): string {
  return coordinates.map(({ text }) => text).join(", ");
}

/** Every combination of constant indices, written out. */
function overAll(emitter: Emitter, sizes: readonly Dim[], four: boolean, body: (indices: readonly Operand[]) => void): void {
  const visit = (at: number, done: readonly Operand[]): void => {
    if (at === sizes.length) return body(done);
    const wide = four && at === sizes.length - 1;
    const count = asNumber(sizes[at]!)! / (wide ? 4 : 1);
    for (let index = 0; index < count; index++) {
      const counter = emitter.size(constant(index));
      visit(at + 1, [...done, wide ? emitter.lanes(counter) : counter]);
    }
  };
  visit(0, []);
}
