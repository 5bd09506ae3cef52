/** A contract group as a specification for the product's generators: operands to load, an epilogue to store. */
import { type Dim, multiply } from "../dim.ts";
import type { Group } from "../ir/fused.ts";
import { accessesIn, exprKey, indicesIn, isOp, someNode } from "../ir/expr.ts";
import type { Equation, Expr } from "../ir/graph.ts";
import { type Contraction, contraction } from "../passes/fuse/contraction.ts";
import type { ContractSpec, Operand as SideSpec } from "./contract/spec.ts";
import { quarterDim } from "./emit/affine.ts";
import { dimText } from "./emit/dim-text.ts";
import { type EmitContext, Emitter } from "./emit/emitter.ts";
import { Memory } from "./emit/memory.ts";
import type { Operand } from "./emit/operand.ts";

/** `memory` collects the bindings. */
export function contractSpec(group: Group, context: EmitContext, memory: Memory, declarations: string): ContractSpec {
  const core = coreOf(group, context);
  const parts = contraction(core)!;
  const sizes = [...core.shape, ...core.reduce!.sizes];
  const extent = (indices: readonly number[]): Dim => multiply(...indices.map((index) => sizes[index]!));
  const found = foundByBatch(core, parts, context, memory);
  return {
    batch: extent(parts.batch),
    rows: extent(parts.rows),
    columns: extent(parts.columns),
    depth: extent(parts.depth),
    left: side(core, parts, parts.left, parts.rows, context, memory, found),
    right: side(core, parts, parts.right, parts.columns, context, memory, found),
    epilogue: epilogue(group, core, parts, context, memory),
    ...(found.length > 0 && { found }),
    ...(parts.end && { end: `u32(max(${found.at(-1)!.name}, 0))` }),
    declarations,
    dimText: (dim) => `u32(${dimText(dim)})`,
  };
}

/** An i32 that depends on the batch alone, read before anything else; the last is where the depth ends. */
interface Found {
  readonly expr: Expr;
  readonly name: string;
  readonly text: string;
}

/** Slots' own reads that depend on the batch alone, such as which matrix a tile takes, and where the depth ends. */
function foundByBatch(core: Equation, parts: Contraction, context: EmitContext, memory: Memory): readonly Found[] {
  const slots = [...parts.left, ...parts.right].flatMap(accessesIn).flatMap(({ slots: own }) => own).filter((slot) => !divides(slot));
  const ofBatch = slots.flatMap(accessesIn).filter((read) => indicesIn(read).every((index) => parts.batch.includes(index)));
  const wanted = new Map(ofBatch.map((read): [string, Expr] => [exprKey(read), read]));
  const sizes = [...core.shape, ...core.reduce!.sizes];
  return [...wanted.values(), ...(parts.end ? [parts.end] : [])].map((expr, at) => {
    const emitter = new Emitter(context, memory, true);
    const indices = new Map<number, Operand>();
    place(emitter, indices, parts.batch, sizes, "z", "z", false);
    return { expr, name: `ct_found${at}`, text: emitter.expr(expr, sizes.map((_, index) => indices.get(index) ?? emitter.size([]))).text };
  });
}

/** The product that the group is made around: the other roots are maps of it. */
function coreOf(group: Group, context: EmitContext): Equation {
  const id = [...group.roots.keys()].find((root) => (context.values.get(root) as Equation).reduce);
  return context.values.get(id!) as Equation;
}

/** What stands in a slot is never negative; what is divided in one may be. */
function divides(expr: Expr): boolean {
  return someNode(expr, (node) => isOp(node, "idiv") || isOp(node, "imod"));
}

function side(core: Equation, parts: Contraction, factors: readonly Expr[], outerAxes: readonly number[], context: EmitContext, memory: Memory, found: readonly Found[]): SideSpec {
  const sizes = [...core.shape, ...core.reduce!.sizes];
  const emit = (into: Memory, z: string, outer: string, k: string, wide: "outer" | "depth" | undefined): Operand => {
    const emitter = new Emitter(context, into, true);
    const indices = new Map<number, Operand>();
    place(emitter, indices, parts.batch, sizes, "z", z, false);
    place(emitter, indices, outerAxes, sizes, "o", outer, wide === "outer");
    place(emitter, indices, parts.depth, sizes, "k", k, wide === "depth");
    const at = sizes.map((_, index) => indices.get(index) ?? emitter.size([]));
    for (const { expr, name } of found) emitter.foundAs(expr, at, name);
    return factors.map((factor) => emitter.expr(factor, at)).reduce((a, b) => emitter.apply("mul", [a, b], "f32"));
  };
  const vectorises = (wide: "outer" | "depth", last: number | undefined): boolean => {
    if (last === undefined || !quarterDim(sizes[last]!)) return false;
    const probe = new Memory();
    return emit(probe, "z", "o", "k", wide).width === 4 && !probe.scattered;
  };
  const byDepth = (): boolean => parts.end === undefined && vectorises("depth", parts.depth.at(-1));
  const vectorAxis = vectorises("outer", outerAxes.at(-1)) ? "outer" : byDepth() ? "depth" : "none";
  return {
    vectorAxis,
    load: onceFor((z: string, outer: string, k: string, width: 1 | 4) => {
      const value = emit(memory, z, outer, k, width === 4 && vectorAxis !== "none" ? vectorAxis : undefined);
      return width === 4 && value.width === 1 ? `vec4f(${value.text})` : value.text;
    }),
  };
}

/** Generators ask for the same text for every row of a tile. */
function onceFor<Arguments extends readonly (string | number)[], Text>(make: (...given: Arguments) => Text): (...given: Arguments) => Text {
  const made = new Map<string, Text>();
  return (...given) => {
    const key = given.join();
    let text = made.get(key);
    if (text === undefined) made.set(key, (text = make(...given)));
    return text;
  };
}

/** Operands for the axes that a linear u32 index runs over; `wide`: it is a multiple of four and stands for four neighbours. */
function place(emitter: Emitter, into: Map<number, Operand>, axes: readonly number[], sizes: readonly Dim[], name: string, text: string, wide: boolean): void {
  if (axes.length === 0) return;
  const extents = axes.map((axis) => sizes[axis]!);
  const linear = wide ? `i32(${text} >> 2u)` : `i32(${text})`;
  const parts = emitter.composite(name, linear, wide ? [...extents.slice(0, -1), quarterDim(extents.at(-1)!)!] : extents);
  for (const [at, axis] of axes.entries()) into.set(axis, wide && at === axes.length - 1 ? emitter.lanes(parts[at]!) : parts[at]!);
}

/** The headers of the epilogue's blocks, at which its text is cut. */
const [ROW, SUM] = ["#row", "#sum"];

function epilogue(group: Group, core: Equation, parts: Contraction, context: EmitContext, memory: Memory): ContractSpec["epilogue"] {
  const last = parts.columns.at(-1)!;
  const wide = last === core.shape.length - 1 && quarterDim(core.shape[last]!) !== undefined;
  return {
    width: wide ? 4 : 1,
    store: onceFor((value: string, z: string, m: string, n: string) => {
      // What does not depend on the row, or not on the sum, moves out of the blocks opened here by construction.
      const emitter = new Emitter(context, memory);
      const indices = new Map<number, Operand>();
      place(emitter, indices, parts.batch, core.shape, "z", z, false);
      place(emitter, indices, parts.columns, core.shape, "n", n, wide);
      emitter.blocks.open(ROW);
      place(emitter, indices, parts.rows, core.shape, "m", m, false);
      emitter.blocks.open(SUM);
      const at = core.shape.map((_, axis) => indices.get(axis)!);
      const sum: Operand = { text: value, type: "f32", width: wide ? 4 : 1, depth: 2 };
      emitter.held.set(core.id, () => sum);
      for (const id of group.roots.keys()) {
        const root = context.values.get(id) as Equation;
        const content = id === core.id ? sum : emitter.bound(emitter.expr(root.body, at));
        if (group.stored.includes(id)) emitter.store(root, at, content);
        if (id !== core.id) emitter.held.set(id, () => content);
      }
      emitter.blocks.close();
      emitter.blocks.close();
      const [columns = "", row = "", store = ""] = emitter.blocks.text().split(new RegExp(`^ *(?:${ROW}|${SUM}) \\{$`, "m"));
      return { columns, row, store: store.replace(/\s*\}\s*\}\s*$/, "") };
    }),
  };
}
