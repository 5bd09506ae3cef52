/**
 * `scan s < S with h = start { … }`: the body once, its index a free index of every equation in it. What depends on the index becomes
 * an equation with the time as its first axis, what does not stands outside of the loop by itself; the carries tie the knot.
 */
import type { Scan, Slots, Target } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { targetsIn } from "../../grammar/targets.ts";
import { index, size as sizeExpr } from "../ir/expr.ts";
import type { Carry, Expr } from "../ir/graph.ts";
import * as errors from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { freeIndices, substitute } from "./expr.ts";
import { onTheHost } from "./hosted.ts";
import { execute, setVariable } from "./items.ts";
import { evaluateCount } from "./range.ts";
import { asReal, asTensor, materialise, tensorOf } from "./tensor.ts";
import type { IndexVar, Tensor, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import { type Context, type Frame, joinPath, originOf } from "./world.ts";

/** A scan whose body is being elaborated, as its own items see it. */
export interface OpenScan {
  readonly variable: IndexVar;
  /** Visible behind the loop: equations with the scan's index on the left. */
  readonly collected: Map<string, Val>;
}

interface OpenCarry {
  readonly name: string;
  readonly span: Span;
  readonly start: Tensor;
  readonly carry: Carry;
}

/** Defines the carries' last contents and what is collected; nothing else of the body is visible behind it. */
export function scan(item: Scan, ctx: Context): void {
  const { world, frame } = ctx;
  const poisoned = (): void => item.carries.forEach(({ name }) => frame.vars.set(name.text, POISON));
  const head = { ...item.span, end: item.index.span.start - 1 };
  if (ctx.live.length > 0) {
    world.report(errors.unsupported(head, ctx.time ? "`scan` within `scan`" : "`scan` within an equation"));
    return poisoned();
  }
  const set = new Set(targetsIn(item.body.items));
  for (const { name } of item.carries) if (!set.has(name.text)) world.report(errors.carryUnset(name.span, name.text));
  const size = evaluateCount(item.below, ctx);
  const starts = item.carries.map(({ initial }) => asTensor(evaluate(initial, ctx), initial.span, ctx));
  if (!size) return poisoned();

  const time = world.variable(item.index.text, size);
  const before = new Map(frame.vars);
  const open = item.carries.map(({ name, initial }, k): OpenCarry | undefined => {
    const start = starts[k];
    const made = start && { name: name.text, span: initial.span, start, carry: carryOf(name.text, start, time, initial.span, ctx) };
    setVariable(name.text, made ? stateAt(made, index(time.id), ctx) : POISON, name.span, ctx);
    return made;
  });
  frame.vars.set(time.name, { kind: "tensor", type: "i32", axes: [], body: index(time.id) });
  const collected = new Map<string, Val>();
  const inside: Frame = { ...frame, scan: { variable: time, collected } };
  const returned = execute(item.body.items, { ...ctx, frame: inside, live: [...ctx.live, time], time });
  if (returned && returned !== "poison") world.report(errors.misplaced(returned.span, "`return`", "the function, behind the loop"));

  const after = open.map((carry) => carry && tie(carry, frame.vars.get(carry.name)!, time, ctx));
  frame.vars.clear();
  for (const [name, value] of before) frame.vars.set(name, value);
  for (const [name, value] of collected) frame.vars.set(name, value);
  item.carries.forEach(({ name }, k) => frame.vars.set(name.text, after[k] ?? POISON));
}

/** The carry, from a first content of its own. */
function carryOf(name: string, start: Tensor, time: IndexVar, span: Span, ctx: Context): Carry {
  const { builder } = ctx.run;
  const path = joinPath(ctx.frame.path, name);
  const settled = materialise(start, `${path}.start`, span, ctx);
  const positions = new Map(settled.axes.map((axis, k) => [axis.id, index(k)]));
  builder.origin = originOf(span);
  const init = builder.map(`${path}.start`, settled.axes.map((axis) => axis.size.dim), substitute(onTheHost(settled.body, path, ctx), positions));
  return builder.carry(path, time.size.dim, init, builder.fresh());
}

function stateAt({ start, carry }: OpenCarry, at: Expr, ctx: Context): Tensor {
  return tensorOf(ctx, carry, start.axes.map((axis) => axis.size), [at]);
}

/** What the body leaves in a carry's name is its next content; gives the last one. */
function tie(open: OpenCarry, left: Val, time: IndexVar, ctx: Context): Val {
  const { name, span, start, carry } = open;
  const given = asTensor(left, span, ctx);
  if (!given) return POISON;
  const value = start.type === "f32" ? asReal(given) : given;
  const same = value.axes.length === start.axes.length && value.axes.every((axis, k) => ctx.run.facts.equal(axis.size.dim, start.axes[k]!.size.dim));
  if (!same || value.type !== start.type) {
    ctx.world.report(errors.carryDiffers(span, name, kindOf(start), kindOf(value)));
    return POISON;
  }
  const { builder } = ctx.run;
  const settled = onTheHost(value.body, carry.name, ctx);
  if (freeIndices(settled).some((id) => id !== time.id && value.axes.every((axis) => axis.id !== id))) throw new Error(`internal: ${carry.name} depends on an index from outside`);
  const positions = new Map([time, ...value.axes].map((axis, k) => [axis.id, index(k)]));
  builder.origin = originOf(span);
  builder.push({
    kind: "equation", id: carry.next, name: `${carry.name}.next`, type: start.type, origin: originOf(span),
    shape: [carry.extent, ...carry.shape.slice(1)], body: substitute(settled, positions),
  });
  return stateAt(open, sizeExpr(carry.extent), ctx);
}

/** The place of the scan's index on a left side; undefined where it does not stand there. */
export function timeSlot({ steps }: Target, { frame }: Context): number | undefined {
  const slots = steps[0]?.kind === "slots" ? steps[0] : undefined;
  const at = slots?.items.findIndex((slot) => slot.kind === "name" && slot.text === frame.scan?.variable.name) ?? -1;
  return frame.scan && at >= 0 ? at : undefined;
}

/** The left side without that slot. */
export function withoutSlot(slots: Slots, at: number): Slots {
  return { ...slots, items: slots.items.filter((_, k) => k !== at) };
}

