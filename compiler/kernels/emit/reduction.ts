/** Reductions inside one invocation: loops over the reduced indices around an accumulator in registers. */
import { asNumber, constant, type Dim } from "../../dim.ts";
import type { Equation } from "../../ir/graph.ts";
import { MONOIDS } from "../../ops/monoid.ts";
import { fallsIntoFours, quarterDim } from "./affine.ts";
import { dimText } from "./dim-text.ts";
import type { Emitter } from "./emitter.ts";
import { type Operand, typeText, widened } from "./operand.ts";

/** Loops of at most this many rounds are written out: drivers take long to compile long bodies. */
const UNROLLED = 4;
/** And no more within each other: a window of 3 x 3 is written out whole, of one of 4 x 4 each row. */
const UNROLLED_WITHIN = 9;
/** More of them where lanes share their loads, which must stand outside of any loop that the sharing does not know. */
const UNROLLED_SHARED = 8;

export interface Accumulator {
  /** Takes in the term at these indices (result axes, then reduced). */
  add(indices: readonly Operand[]): void;
  /** To be called in the block that declared it, after the loops. */
  result(): Operand;
}

/** A reduction computed where it is read. */
export function emitReduction(emitter: Emitter, equation: Equation, coordinates: readonly Operand[]): Operand {
  const reduce = equation.reduce!;
  const four = coordinates.every(({ width }) => width === 1) && reducesByFour(equation);
  const total = accumulator(emitter, equation, coordinates.some(({ width }) => width === 4) || four, four);
  overIndices(emitter, reduce.sizes, four, (reduced) => total.add([...coordinates, ...reduced]));
  return total.result();
}

/** Whether the last reduced index can be taken four at a time. */
export function reducesByFour(equation: Equation): boolean {
  const { monoid, sizes } = equation.reduce!;
  return fallsIntoFours(sizes.at(-1)) && !MONOIDS[monoid].positional;
}

/** `wide`: the accumulator holds four values; `fold`: they are lanes of the reduced index, to be combined at the end. */
export function accumulator(emitter: Emitter, equation: Equation, wide: boolean, fold: boolean): Accumulator {
  const { monoid: name, where } = equation.reduce!;
  const monoid = MONOIDS[name];
  const { blocks } = emitter;
  const width = wide ? 4 : 1;
  const term = emitter.type(equation.body);
  const home = blocks.depth;
  const best = blocks.fresh("a");
  const identity = monoid.wgslIdentity(term);
  const splat = (text: string): string => (width === 4 ? `${typeText(term, 4)}(${text})` : text);
  blocks.line(`var ${best}: ${typeText(term, width)} = ${splat(identity)};`);
  const position = monoid.positional ? blocks.fresh("a") : undefined;
  if (position) blocks.line(`var ${position}: ${typeText("i32", width)} = ${width === 4 ? "vec4i(-1)" : "-1"};`);

  const guarded = (indices: readonly Operand[]): { text: string; keep: string | undefined } => {
    const body = emitter.expr(equation.body, indices);
    const text = width === 4 ? widened(body).text : body.text;
    if (!where) return { text, keep: undefined };
    return { text, keep: emitter.expr(where, indices).text };
  };

  return {
    add(indices) {
      const { text, keep } = guarded(indices);
      if (!position) {
        const taken = keep === undefined ? text : `select(${splat(identity)}, ${text}, ${keep})`;
        blocks.line(name === "sum" ? `${best} += ${taken};` : `${best} = ${monoid.wgsl(best, bindTerm(taken))};`);
        return;
      }
      const term = bindTerm(text);
      const first = width === 4 ? `(${position} < vec4i(0))` : `(${position} < 0)`;
      const better = `(${first} | (${term} ${name === "argmax" ? ">" : "<"} ${best}))`;
      // Not bound by its text: of an equal term it is another answer, as what it is compared with has changed.
      const taken = blocks.fresh("v");
      blocks.line(`let ${taken} = ${keep === undefined ? better : `(${better} & ${keep})`};`);
      const index = indices.at(-1)!;
      blocks.line(`${position} = select(${position}, ${width === 4 ? widened(index).text : index.text}, ${taken});`);
      blocks.line(`${best} = select(${best}, ${term}, ${taken});`);
    },
    result() {
      const held = position ? `max(${position}, ${width === 4 ? "vec4i(0)" : "0"})` : best;
      const text = fold ? folded(best, name, (a, b) => monoid.wgsl(a, b)) : held;
      const bound = blocks.fresh("r");
      blocks.line(`let ${bound} = ${text};`);
      return { text: bound, type: monoid.result(term), width: fold ? 1 : width, depth: home };
    },
  };

  function bindTerm(text: string): string {
    return blocks.bind(text, blocks.depth);
  }
}

/** Bounds of the first loop within its index's range, where a mask says that nothing lies outside of them. */
export interface RangeTexts {
  readonly from?: string;
  readonly to?: string;
}

/** Loops over reduced indices, the last four at a time if asked; short constant ones are written out. */
export function overIndices(emitter: Emitter, sizes: readonly Dim[], four: boolean, body: (indices: readonly Operand[]) => void, range: RangeTexts = {}): void {
  const roundsOf = (at: number): Dim => (four && at === sizes.length - 1 ? quarterDim(sizes[at]!)! : sizes[at]!);
  const unrolled = unrolledAxes(sizes.map((_, at) => asNumber(roundsOf(at))), emitter.shared ? UNROLLED_SHARED : UNROLLED);
  const visit = (at: number, done: readonly Operand[]): void => {
    if (at === sizes.length) return body(done);
    const byFour = four && at === sizes.length - 1;
    const rounds = roundsOf(at);
    const count = asNumber(rounds);
    const index = (counter: Operand): Operand => (byFour ? emitter.lanes(counter) : counter);
    if (count !== undefined && unrolled.has(at)) {
      for (let round = 0; round < count; round++) visit(at + 1, [...done, index(emitter.size(constant(round)))]);
      return;
    }
    const name = emitter.blocks.fresh("i");
    // `one` keeps the count from the driver, which would unroll the loop and then compile for seconds.
    const limit = count !== undefined ? `${count} * one` : dimText(rounds);
    const [from, to] = at === 0 ? [range.from ?? "0", range.to ? `min(${range.to}, ${limit})` : limit] : ["0", limit];
    emitter.blocks.open(`for (var ${name} = ${from}; ${name} < ${to}; ${name}++)`);
    visit(at + 1, [...done, index(emitter.index(name))]);
    emitter.blocks.close();
  };
  visit(0, []);
}

/** The short loops, from the innermost out, as long as they do not come to too much code. */
function unrolledAxes(counts: readonly (number | undefined)[], longest: number): ReadonlySet<number> {
  const axes = new Set<number>();
  let code = 1;
  for (const [at, count] of [...counts.entries()].reverse()) {
    if (count === undefined || count > longest || code * count > Math.max(longest, UNROLLED_WITHIN)) continue;
    code *= count;
    axes.add(at);
  }
  return axes;
}

function folded(name: string, monoid: string, combine: (a: string, b: string) => string): string {
  if (monoid === "any" || monoid === "all") return `${monoid}(${name})`;
  const pair = (a: string, b: string): string => (monoid === "sum" ? `(${combine(a, b)})` : combine(a, b));
  return pair(pair(`${name}.x`, `${name}.y`), pair(`${name}.z`, `${name}.w`));
}
