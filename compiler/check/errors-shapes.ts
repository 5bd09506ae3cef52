/** Messages about indices, shapes and bounds: the two sizes that disagree, and where each came from. */
import type { Access, Apply, Binary, Callable, Dim as Slot, Parameter } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import type { Interval } from "../ops/interval.ts";
import { article, beside, builtAt, error, list, origin, plural, replace, shape, sized, sizedFrom } from "./message.ts";
import type { Use } from "./range.ts";
import { spreadEquation } from "./spread.ts";
import type { IndexVar, InstanceVal, Size, SizeSource } from "./value.ts";

/** `swapped`: an access that makes them agree. `shorter`: the size that fits in the other. */
export function sizeMismatch(name: string, first: Use, other: Use, swapped: { readonly access: Access; readonly text: string } | undefined, shorter: Size | undefined): Diagnostic {
  return error("size-mismatch", `\`${name}\` has two sizes`, first.span, sizedFrom(first.size, first.span), {
    also: [{ span: other.span, text: sizedFrom(other.size, first.span), primary: true }],
    fix: swapped
      ? replace(swapped.access.span, swapped.text, `\`${spanText(swapped.access.base.span)}\` has its axes the other way round; write \`${swapped.text}\``)
      : shorter && `if the first ${shorter.text} are meant, say so where \`${name}\` is bound: \`${name} < ${shorter.text}\``,
  });
}

export function shapesDiffer(what: string, first: Span, a: readonly Size[], second: Span, b: readonly Size[], at: number | undefined): Diagnostic {
  const told = (sizes: readonly Size[]): string => `${shape(sizes)}: ${at === undefined ? plural(sizes.length, "axis", "axes") : `axis ${at + 1} is ${sizedFrom(sizes[at]!, second)}`}`;
  const equation = spreadEquation(what.slice(1, -1), { span: first, sizes: a }, { span: second, sizes: b });
  const only = "nothing is broadcast but numbers";
  return error("shape-mismatch", `${what} takes equal shapes, or a number`, second, told(b), {
    also: [{ span: first, text: told(a), primary: true }],
    ...(equation !== undefined ? { notes: [only], fix: `write an equation with indices: \`${equation}\`` } : at === undefined ? { notes: [`${only}: write an equation with indices, such as \`y[b,i] = x[b,i] + bias[i]\``] } : {}),
  });
}

export function rankMismatch(node: Access, sizes: readonly Size[], count: number): Diagnostic {
  const from = sizes.find((size) => size.from)?.from;
  return error("rank-mismatch", `\`${spanText(node.base.span)}\` has ${plural(sizes.length, "axis", "axes")}, ${plural(count, "index is", "indices are")} given`, node.slots.span, `its shape is ${shape(sizes)}${from ? `, ${origin(from, node.slots.span)}` : ""}`);
}

/** `inEquation`: there is a left side that it could stand on. */
export function unboundIndex(span: Span, name: string, inEquation: boolean): Diagnostic {
  if (!inEquation) {
    return error("unbound-index", `the index \`${name}\` is not bound`, span, "no equation stands here, and no binder", {
      fix: `a whole tensor stands without brackets: \`return y\`; its elements in an equation: \`z[${name}] = …\``,
    });
  }
  return error("unbound-index", `the index \`${name}\` is not bound`, span, "neither on the left nor in a binder", {
    notes: ["no sum is implied"],
    fix: `put \`${name}\` on the left, or sum over it: \`sum[${name}] …\``,
  });
}

/** The binder is told once for all that stands behind it: at its own place. */
export function binderEnded(span: Span, name: string, apply: Apply, operator: string): Diagnostic {
  const heads = { ...apply.span, end: innermost(apply).head.span.end };
  const binders = spanText(heads).replace(/\s+/g, " ");
  return error("unbound-index", `\`${binders}\` ends before \`${operator}\``, heads, "a binder is over the product that follows it", {
    also: [beside(span, `here \`${name}\` is not bound`)],
    fix: `put all that it is over in parentheses: \`${binders} (… ${operator} …)\``,
  });
}

function innermost(apply: Apply): Apply {
  return apply.operand.kind === "apply" && !apply.operand.parenthesized ? innermost(apply.operand) : apply;
}

export function indexTwice(span: Span, name: string, before: Span | undefined): Diagnostic {
  return error("index-twice", `the index \`${name}\` is bound twice`, span, before ? "again here" : "it is an index of this equation already", {
    ...(before ? { also: [beside(before, "first here")] } : {}),
    fix: "give one of them another name",
  });
}

export function notAnIndex(span: Span): Diagnostic {
  const place = /^\d+$/.test(spanText(span)) ? `a single place is set by a condition: \`y[b,i] = if i == ${spanText(span)} then … else …\`` : undefined;
  return error("index-declared", "an index is wanted here", span, "a name, with its range where it needs one: `t < n`", { fix: place });
}

export function indexedIndex(span: Span, name: string): Diagnostic {
  return error("index-is-no-tensor", `\`${name}\` is an index of this equation`, span, "it has no elements");
}

export function notATensor(span: Span, kind: string): Diagnostic {
  return error("index-is-no-tensor", "this has no axes", span, `a ${kind}`);
}

/** `end`: how far an index may be meant to go. */
export function rangeNotInferable(span: Span, all: readonly { readonly name: string; readonly end: string | undefined }[]): Diagnostic {
  const [{ name, end } = { name: "", end: undefined }, ...others] = all;
  const unknown = all.some((one) => one.name === "n") ? "m" : "n";
  if (others.length > 0) {
    return error("range-not-inferable", `how far do ${list(all.map((one) => `\`${one.name}\``))} go?`, span, "they are alone in no slot on the right", {
      fix: `declare their ranges: \`${all.map((one) => `${one.name} < ${one.end ?? unknown}`).join(", ")}\`${all.every((one) => one.end !== undefined) ? "" : `, where \`${unknown}\` is a size`}`,
    });
  }
  return error("range-not-inferable", `how far does \`${name}\` go?`, span, "it is alone in no slot on the right", {
    fix: { text: end === undefined ? `declare its range: \`${name} < ${unknown}\`, where \`${unknown}\` is a size` : `declare its range: \`${name} < ${end}\`` },
  });
}

export function negativeSize(span: Span, size: Size): Diagnostic {
  const number = dims.asNumber(size.dim);
  if (number !== undefined) return error("size-negative", `\`${size.text}\` is negative`, span, sizedFrom(size, span));
  const room = needed(size.dim);
  return error("size-negative", `\`${size.text}\` may be negative`, span, `it is not known that ${room}`, { fix: `require it: \`require ${room}\`` });
}

export function declaredTooLong(span: Span, index: IndexVar, axis: Size): Diagnostic {
  return error("range-too-short", `\`${index.name}\` goes further than the axis`, span, `the axis is ${sizedFrom(axis, span)}`, {
    notes: [`\`${index.name}\` goes to ${sized(index.size)}, and it is not known that the axis is at least as long`],
    fix: `require it: \`require ${index.size.text} <= ${axis.text}\`, or guard it: \`if ${index.name} < ${axis.text} then … else …\``,
  });
}

/** The remedy for a position in an axis that may be empty. */
const requireTerms = (terms: string): string => `of nothing it is outside, so require it: \`require ${terms}\``;

/** `isKnown`: whether such a size is known to be at least 0; `terms`: what is to be required where the position is of an axis that may be empty. */
export function outOfBounds(slot: Slot, base: string, axis: Size, { low, high }: Interval, node: Access, { isKnown, terms }: { readonly isKnown: (atLeastZero: dims.Dim) => boolean; readonly terms: string | undefined }): Diagnostic {
  const text = spanText(slot.span);
  const rooms = [low, high && dims.subtract(dims.subtract(axis.dim, high), dims.ONE)].flatMap((size) => (size && isRoom(size) && !isKnown(size) ? [needed(size)] : []));
  const last = low && high && dims.asNumber(low) === -1 && dims.equal(low, high);
  const known = low && high && dims.equal(low, high) ? `it is ${dims.print(low)}` : low && high ? `it is from ${dims.print(low)} to ${dims.print(high)}` : low ? `it is at least ${dims.print(low)}` : high ? `it is at most ${dims.print(high)}` : "nothing is known of it";
  const filled = spanText(node.slots.span).replace(/\]$/, " else 0]");
  return error("out-of-bounds", `\`${text}\` may lie outside of \`${base}\``, slot.span, `${known}; the axis is ${sizedFrom(axis, slot.span)}`, {
    ...(rooms.length > 0 ? { notes: [`it is not known that ${rooms.join(" and ")}`] } : {}),
    fix: last
      ? `positions count from 0 on; the last is \`${axis.text} - 1\``
      : terms !== undefined
      ? `${requireTerms(terms)}; or fill what is outside: \`${spanText(node.base.span)}${filled}\``
      : rooms.length > 0 && onlyRoomLacks(low, high, axis)
      ? `require it: \`require ${rooms.join(", ")}\`; or fill what is outside: \`${spanText(node.base.span)}${filled}\``
      : `fill what is outside: \`${spanText(node.base.span)}${filled}\`, or guard it with \`if\` or \`where\`, or \`require\` what makes it fit`,
  });
}

/** A size that is at least 0 for all sizes that are large enough, and not for all. */
function isRoom(size: dims.Dim): boolean {
  const [below, above] = [size.filter(({ coefficient }) => coefficient < 0), size.filter(({ coefficient }) => coefficient > 0)];
  return below.length > 0 && below.every(({ factors }) => factors.length === 0) && above.length > 0;
}

/** Nothing but room is missing: with it both ends are within the axis. */
function onlyRoomLacks(low: dims.Dim | undefined, high: dims.Dim | undefined, axis: Size): boolean {
  const isFine = (size: dims.Dim): boolean => size.every(({ coefficient }) => coefficient > 0) || isRoom(size);
  return low !== undefined && high !== undefined && isFine(low) && isFine(dims.subtract(dims.subtract(axis.dim, high), dims.ONE));
}

/** `3 <= T` for T - 3 */
function needed(size: dims.Dim): string {
  const side = (sign: 1 | -1): string => dims.print(dims.scale(size.filter(({ coefficient }) => coefficient * sign > 0), sign));
  return `${side(-1)} <= ${side(1)}`;
}

export function slotNotInteger(span: Span, kind: string): Diagnostic {
  return error("slot-not-integer", "a slot is an integer", span, `this is ${kind}`, { fix: "round it: `floor(…)`" });
}

/** `indices`: those of the left, where they are as many as the tensor has axes. */
export function wholeTensorInEquation(span: Span, sizes: readonly Size[], indices: readonly string[] = []): Diagnostic {
  const named = indices.length === sizes.length && /^\w+$/.test(spanText(span)) ? `: \`${spanText(span)}[${indices.join(",")}]\`` : "";
  return error("whole-tensor", "an equation is of elements", span, `this is a whole tensor ${shape(sizes)}`, { fix: `give its indices in brackets${named}` });
}

export function noPack(span: Span): Diagnostic {
  return error("pack-misused", "`...` stands for nothing here", span, "no parameter of this function has `...` in its type");
}

export function packTwice(span: Span): Diagnostic {
  return error("pack-misused", "`...` is bound twice", span, "it stands for the same indices throughout an equation");
}

export function packUnbound(span: Span): Diagnostic {
  return error("pack-misused", "`...` is not bound in this equation", span, "neither on the left nor in a binder", { fix: "put `...` on the left, or reduce over it: `sum[...] …`" });
}

export function whereInAccess(span: Span): Diagnostic {
  return error("where-misplaced", "`where` belongs to a binder", span, "an element has no terms to leave out", { fix: "write `if c then x[…] else 0`" });
}

export function whereOnTheLeft(span: Span): Diagnostic {
  return error("where-misplaced", "`where` belongs to a binder", span, "every element of the left side is defined", { fix: "write `… = if c then … else …`" });
}

export function fillOnTheLeft(span: Span): Diagnostic {
  return error("where-misplaced", "`else` belongs to an access", span, "there is nothing outside of a left side");
}

export function fillInBinder(span: Span): Diagnostic {
  return error("where-misplaced", "`else` belongs to an access", span, "a binder leaves terms out with `where`");
}

export function binderWithoutTerms(span: Span, name: string): Diagnostic {
  return error("binder-misused", `\`${name}[…]\` lacks its terms`, span, "nothing follows it that it could apply to", {
    notes: [`a minus begins no operand: write \`${name}[i] (-x[i])\``],
  });
}

export function binderCalled(span: Span, name: string): Diagnostic {
  return error("binder-misused", `\`${name}\` takes an index`, span, "not arguments", { fix: `write \`${name}[i] x[i]\`` });
}

export function notABinder(span: Span): Diagnostic {
  return error("binder-misused", "this cannot stand before an index", span, "a reduction can, or a function of [..., N]", {
    notes: ["reductions: sum mean min max any all argmax argmin"],
  });
}

export function binderIndices(span: Span, name: string): Diagnostic {
  return error("binder-misused", `\`${name}\` takes one index`, span, "the last axis of what it is applied to");
}

/** `any[i] x[b,i] > 0`, of which the comparison is of what `any` gives. */
export function noCondition({ operand, span }: Apply, head: Access, kind: string): Diagnostic {
  const [, operator = ">"] = /^\s*([<>]=?|[=!]=)/.exec(span.file.text.slice(span.end)) ?? [];
  return error("wrong-kind", "a condition is wanted here", operand.span, `this is ${article(kind)}`, {
    fix: `a comparison stands in parentheses: \`${spanText(head.span)} (${spanText(operand.span)} ${operator} …)\``,
  });
}

export function packTwiceInType(span: Span): Diagnostic {
  return error("pack-misused", "`...` stands once in a type", span, "which axes are of this one and which of the other is not known", { fix: "name the axes of one of them: `[..., N, T]`" });
}

export function argmaxWhere(span: Span, name: string): Diagnostic {
  return error("binder-misused", `\`${name}\` takes no \`where\``, span, "of no terms there is no position");
}

export function argmaxIndices(span: Span, name: string): Diagnostic {
  return error("binder-misused", `\`${name}\` takes one index`, span, "a position is one number");
}

export function keptIndexMissing(span: Span, name: string, fn: string): Diagnostic {
  return error("kept-index-missing", `\`${fn}[${name}]\` gives a value for each \`${name}\``, span, `\`${name}\` must be an index of the equation already`, {
    fix: `put \`${name}\` on the left`,
  });
}

export function inexactSize(node: Binary, a: Size, b: Size): Diagnostic {
  const [x, y] = [dims.asNumber(a.dim), dims.asNumber(b.dim)];
  const parts = [spanText(node.left.span), spanText(node.right.span)] as const;
  return error("inexact-size", "a size must divide exactly", node.span, x !== undefined && y !== undefined ? `${x} / ${y}` : "it is not known to", {
    fix: x !== undefined && y !== undefined ? `round it: \`floor(${parts[0]} / ${parts[1]})\`` : `above it say that it does: \`require ${parts[1]} divides ${parts[0]}\`; or round it: \`floor(${parts[0]} / ${parts[1]})\``,
  });
}

export function argumentRank(span: Span, param: Parameter, sizes: readonly Size[], from: SizeSource, of: InstanceVal | undefined): Diagnostic {
  const dots = param.type?.dims?.some((slot) => slot.kind === "ellipsis");
  const wanted = (param.type?.dims?.length ?? 0) - (dots ? 1 : 0);
  return error("argument-rank", `\`${param.name.text}\` has ${dots ? "at least " : ""}${plural(wanted, "axis", "axes")}`, span, `this has ${sizes.length}: ${shape(sizes)}`, {
    also: [beside(from.span, `wanted by \`${from.text}\``)],
    notes: builtAt(of),
  });
}

export function argumentSize(span: Span, param: Parameter, at: number, own: Size, wanted: Size, from: SizeSource, sizes: readonly Size[], of: InstanceVal | undefined): Diagnostic {
  return error("argument-size", `axis ${at + 1} of \`${param.name.text}\` has two sizes`, span, `${sizes.length > 1 ? `${shape(sizes)}: ` : ""}${sizedFrom(own, span)}`, {
    also: [beside(from.span, `${sized(wanted)} is wanted`)],
    notes: builtAt(of),
  });
}

export function argumentType(span: Span, param: Parameter, kind: string): Diagnostic {
  const wanted = param.type?.name ? param.type.name.text : "real";
  return error("argument-type", `\`${param.name.text}\` is ${wanted}`, span, `this is ${kind}`, {
    also: [beside(param.type?.span ?? param.span, "declared here")],
    ...(kind === "real" && (wanted === "int" || wanted === "index") ? { fix: `round it: \`floor(${spanText(span)})\`` } : {}),
  });
}

/** `of`: whose function is called; `ids`: whether the argument is the ids of the recipe's tokenizer; `terms`: as above. */
export function indexRange(span: Span, param: Parameter, range: Size, high: dims.Dim | undefined, from: SizeSource, { of, ids, terms }: { readonly of: InstanceVal | undefined; readonly ids: boolean; readonly terms: string | undefined }): Diagnostic {
  const built = builtAt(of);
  const name = built.length > 0 && of?.hyperparameters.some(([own]) => own === range.text) ? of.decl.name.text : undefined;
  const larger = terms !== undefined ? requireTerms(terms) : name && high && (ids ? `these are the tokenizer's ids: build \`${name}\` with \`${range.text}: tokenizer.size\`` : `build \`${name}\` with a \`${range.text}\` of at least ${dims.print(dims.add(high, dims.ONE))}`);
  return error("index-range", `\`${param.name.text}\` must be below ${sized(range)}`, span, high ? `this may be ${dims.print(high)}` : "nothing is known of how large this may be", {
    also: [beside(from.span, `declared here`)],
    notes: built,
    ...(high ? (larger ? { fix: larger } : {}) : { fix: `of an argument say it where it is declared, \`index(${range.text})[…]\`; elsewhere keep it there, \`clamp(…, 0, ${range.text} - 1)\`` }),
  });
}

export function resultRank(span: Span, fn: Callable, sizes: readonly Size[], from: SizeSource): Diagnostic {
  return error("result-size", `\`${fn.name.text}\` returns another number of axes than it says`, span, shape(sizes), { also: [beside(from.span, "declared here")] });
}

export function resultSize(span: Span, fn: Callable, at: number, own: Size, wanted: Size, from: SizeSource): Diagnostic {
  return error("result-size", `axis ${at + 1} of what \`${fn.name.text}\` returns has two sizes`, span, sizedFrom(own, span), {
    also: [beside(from.span, `${sized(wanted)} is declared`)],
  });
}

export function resultType(span: Span, fn: Callable, kind: string, declared: Span): Diagnostic {
  return error("result-type-differs", `\`${fn.name.text}\` returns another type than it says`, span, `this is ${kind}`, { also: [beside(declared, "declared here")] });
}

export function resultRange(span: Span, fn: Callable, range: Size, declared: Span, terms: string | undefined): Diagnostic {
  return error("index-range", `what \`${fn.name.text}\` returns must be below ${sized(range)}`, span, "it is not known to be", { also: [beside(declared, "declared here")], ...(terms === undefined ? {} : { fix: requireTerms(terms) }) });
}

