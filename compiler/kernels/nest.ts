/**
 * The kernel of any group but a contraction: one invocation per row of the group's index space (or
 * per four neighbours along its last axis), which walks the remaining indices in loops.
 */
import { constant, key, multiply, quotient } from "../dim.ts";
import type { Group, GroupKind } from "../ir/fused.ts";
import type { Equation, ValueId } from "../ir/graph.ts";
import { fallsIntoFours, quarterDim } from "./emit/affine.ts";
import { dimText } from "./emit/dim-text.ts";
import { type EmitContext, Emitter } from "./emit/emitter.ts";
import { Memory, type Widths } from "./emit/memory.ts";
import type { Operand } from "./emit/operand.ts";
import { LANES } from "./kernel.ts";
import { emitLoop, loopsOf, rootsOf } from "./loops.ts";
import type { KernelText } from "./module.ts";
import { emitPrefix } from "./prefix.ts";
import { emitSearch } from "./search.ts";
import { scatterMatch } from "./scatter.ts";

/** Small where a group has few rows: each workgroup is one unit of work for a CPU. */
const WORKGROUP_SIZES: Readonly<Record<GroupKind, number>> = { map: 64, row: 32, stream: 32, columns: 8, scatter: 32, prefix: 8, search: 32, naive: 32, contract: 32 };

/** `shared`: the row index that a subgroup's lanes differ in, while they walk the stream together and share what they load of it. */
export function nestKernel(group: Group, context: EmitContext, widths?: Widths, shared?: number): KernelText {
  if (shared !== undefined) return togetherKernel(group, context, widths, shared);
  const lanes = rowsByFour(group, context);
  const grid = lanes ? [...group.rows.slice(0, -1), quarterDim(group.rows.at(-1)!)!] : group.rows;
  const threads = multiply(...grid);
  const workgroupSize = WORKGROUP_SIZES[group.kind];
  const written = new Set<ValueId>();
  const emitter = emitterAround(written, context, widths);

  emitter.blocks.line(`let t = i32(group * ${workgroupSize}u + local);`);
  emitter.blocks.line(`if (t >= ${dimText(threads)}) { return; }`);
  const coordinates = emitter.composite("t", "t", grid);
  const rows = lanes ? [...coordinates.slice(0, -1), emitter.lanes(coordinates.at(-1)!)] : coordinates;

  // Points of a segment stand one by one in its list.
  const byFour = !lanes && group.kind !== "stream" && group.kind !== "scatter";
  if (group.kind === "prefix" || group.kind === "search") {
    const emitRoot = group.kind === "prefix" ? emitPrefix : emitSearch;
    for (const id of group.roots.keys()) emitRoot(emitter, context.values.get(id) as Equation, rows);
  } else for (const loop of loopsOf(rootsOf(group, context), byFour)) emitLoop(emitter, group, loop, rows, written);
  return {
    body: emitter.blocks.text(),
    memory: emitter.memory,
    workgroupSize,
    items: threads,
    schedule: `one invocation per ${lanes ? "four of " : ""}[${group.rows.map(key).join(", ")}]`,
  };
}

function togetherKernel(group: Group, context: EmitContext, widths: Widths | undefined, shared: number): KernelText {
  const written = new Set<ValueId>();
  const emitter = emitterAround(written, context, widths);
  const length = group.rows[shared]!;
  const grid = [...group.rows.filter((_, row) => row !== shared), quotient("ceil", length, constant(LANES))];
  const groups = multiply(...grid);
  emitter.blocks.line("let g = i32(group);");
  emitter.blocks.line("let lane = i32(local);");
  emitter.blocks.line(`if (g >= ${dimText(groups)}) { return; }`);
  const outer = emitter.composite("g", "g", grid);
  const first = emitter.apply("imul", [outer.at(-1)!, emitter.size(constant(LANES))], "i32");
  const row = emitter.apply("iadd", [first, emitter.index("lane")], "i32");
  emitter.guard = `${emitter.bound(row).text} < ${dimText(length)}`;
  const rowsAt = (own: Operand): Operand[] => group.rows.map((_, at) => (at === shared ? own : outer[at < shared ? at : at - 1]!));
  const last = emitter.apply("iadd", [first, emitter.size(constant(LANES - 1))], "i32");
  const ends = { first: rowsAt(first), last: rowsAt(last) };
  for (const loop of loopsOf(rootsOf(group, context), false)) emitLoop(emitter, group, loop, rowsAt(row), written, ends);
  return {
    body: emitter.blocks.text(),
    memory: emitter.memory,
    workgroupSize: LANES,
    features: ["subgroups"],
    items: multiply(groups, constant(LANES)),
    schedule: `a subgroup of ${LANES} along ${key(length)} in [${group.rows.map(key).join(", ")}], loads of the stream shared`,
  };
}

/** In which what the kernel has written itself is in memory too. */
function emitterAround(written: ReadonlySet<ValueId>, context: EmitContext, widths: Widths | undefined): Emitter {
  return new Emitter({ ...context, inMemory: (id) => context.inMemory(id) || written.has(id) }, new Memory(widths));
}

/** Whether invocations take four neighbours of the last row index: where that index is contiguous in what they read. */
function rowsByFour(group: Group, context: EmitContext): boolean {
  if (group.kind === "row" || group.kind === "stream" || group.kind === "prefix" || group.kind === "search") return false;
  if (!fallsIntoFours(group.rows.at(-1))) return false;
  return [...group.roots].every(([id, axes]) => {
    const equation = context.values.get(id) as Equation;
    // A row of a scatter has a segment of its own: four of them are not neighbours in the list.
    const segments = group.kind === "scatter" ? scatterMatch(equation)?.axis : undefined;
    return axes.at(-1) === equation.shape.length - 1 && segments !== equation.shape.length - 1;
  });
}
