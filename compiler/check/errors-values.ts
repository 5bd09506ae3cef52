/** Messages about kinds of values, and what must be known when. */
import type { Expr as Node } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { article, error, origin, sized } from "./message.ts";
import type { Size } from "./value.ts";

export function wrongKind(span: Span, kind: string, wanted: string): Diagnostic {
  const counted = wanted === "a number" && /^(bool|flag)/.test(kind);
  return error("wrong-kind", `${wanted} is wanted here`, span, kind === "none" ? "this is `none`" : `this is ${article(kind)}`, counted ? { fix: "write `if … then 1 else 0`" } : {});
}

/** `share`: the product with a size in which it stands. `unknown`: hyperparameters without a default stand for numbers that are not known. */
export function noSize(span: Span, kind: string, unknown: boolean, share?: Span): Diagnostic {
  const known = { notes: ["checked by itself, a layer has sizes that are sums and products of its hyperparameters alone"], fix: "give the hyperparameters in it a default, which makes them numbers" };
  return error("wrong-kind", "a size is wanted here", span, kind === "none" ? "this is `none`" : `this is ${article(kind)}`, share && kind === "number" ? { fix: `round it: \`floor(${spanText(share)})\`` } : unknown && /^(int|real)$/.test(kind) ? known : {});
}

export function wrongOperand(span: Span, kind: string, operator: string, wanted: string): Diagnostic {
  return error("wrong-kind", `\`${operator}\` takes ${wanted}`, span, `this is ${article(kind)}`);
}

/** Of two integers `/` gives a real where a value is wanted. */
export function remainderOfReal(side: Node): Diagnostic {
  const quotient = quotientIn(side);
  const fix = quotient && `\`/\` is real here; round it: \`floor(${spanText(quotient.span).replace(/^\((.*)\)$/s, "$1")})\``;
  return error("wrong-kind", "`%` takes integers", side.span, "this is a real", fix ? { fix } : {});
}

/** The first quotient that makes a sum or a product real. */
function quotientIn(node: Node): Node | undefined {
  if (node.kind === "unary") return quotientIn(node.operand);
  if (node.kind !== "binary") return undefined;
  return node.op === "/" ? node : (quotientIn(node.left) ?? quotientIn(node.right));
}

export function noInitialiser(span: Span, found: { readonly kind: string } | { readonly builtin: string }): Diagnostic {
  const title = "an initialiser is wanted here: zeros, ones, constant(c), uniform(low, high), normal(std)";
  const text = spanText(span);
  if ("kind" in found) {
    const fix = Number(text) === 0 ? "write `zeros`" : found.kind === "number" || found.kind === "size" ? `write \`constant(${text})\`, or \`normal(${text})\` for random ones` : found.kind === "function" ? `call it: \`${text}(…)\`` : undefined;
    return error("wrong-kind", title, span, `this is ${article(found.kind)}`, { fix });
  }
  const complete = found.builtin === "normal" ? "normal(1)" : found.builtin === "constant" ? "constant(0.5)" : undefined;
  return error("wrong-kind", title, span, complete ? `\`${found.builtin}\` alone is none` : `this is \`${found.builtin}\``, complete ? { fix: `say its number: \`${complete}\`` } : {});
}

export function branchesDiffer(then: Span, a: string, otherwise: Span, b: string): Diagnostic {
  return error("branches-differ", "the two branches have no common type", then, article(a), { also: [{ span: otherwise, text: article(b), primary: true }] });
}

export function notKnownWhenCompiling(span: Span, what: string): Diagnostic {
  return error("not-known-when-compiling", `${what} must be known when compiling`, span, "this depends on what is fed", {
    notes: ["for a choice between values write `if c then a else b` as an expression"],
  });
}

export function trainingInBody(span: Span): Diagnostic {
  return error("not-known-when-compiling", "a layer is built once, for training and for use", span, "whether it is training is known in functions only", {
    fix: "move the choice into a function: `if training { x = dropout(x, p) }`",
  });
}

export function forOverBatch(span: Span, name: string): Diagnostic {
  return error("not-known-when-compiling", "the count of a `for` must be known when compiling", span, "this depends on what is fed", {
    fix: `along an axis of what is fed go with a scan: \`scan ${name} < ${spanText(span)} with h = … { … }\``,
  });
}

/** A warning: it may be there to be looked at with `tfmc inspect`. */
export function unread(span: Span, name: string): Diagnostic {
  return { ...error("unread", `\`${name}\` is never read`, span, "nothing depends on it", { notes: ["it is computed only where somebody inspects it"] }), severity: "warning" };
}

/** A warning: it may be a comment after all. */
export function commentDivides(span: Span): Diagnostic {
  return {
    ...error("comment-divides", "`//` begins a comment, so nothing is divided here", span, "this is not read", {
      fix: "to divide write `/`, or `floor(a / b)` where it may not come out even; a comment has two blanks before it",
    }),
    severity: "warning",
  };
}

export function zeroDivisor(span: Span): Diagnostic {
  return error("zero-divisor", "this divides by zero", span, "it is 0");
}

export function requireFails(node: Node, sizes: readonly { readonly text: string; readonly size: Size }[]): Diagnostic {
  const values = sizes.map(({ text, size }) => `${text} = ${dims.print(size.dim)}`);
  const origins = sizes.flatMap(({ text, size }) => (size.from ? [`${text} = ${dims.print(size.dim)}, ${origin(size.from, node.span)}`] : []));
  return error("require-fails", "a requirement does not hold", node.span, values.length > 0 ? values.join(", ") : "false", {
    notes: origins,
  });
}

export function requireNotDecidable(span: Span, on: string): Diagnostic {
  return error("require-undecidable", "only comparisons of sizes can be required", span, `this depends on ${on}`, {
    notes: ["`require` compares sizes with < <= > >= == and `divides`, joined by `and`"],
  });
}

export function sizeTooLarge(span: Span): Diagnostic {
  return error("size-too-large", "this size is too large", span, "beyond what can be counted");
}

export function emptyParameter(span: Span, name: string, size: Size): Diagnostic {
  return error("empty-parameter", `\`${name}\` would have no elements`, span, `${sized(size)}`);
}

export function paramType(span: Span, name: string): Diagnostic {
  return error("parameter-type", `\`${name}\` must be real`, span, "parameters and states are tensors of reals");
}

export function drawIndex(span: Span): Diagnostic {
  return error("random-type", "integers are drawn uniformly", span, "write `~ uniform`");
}

export function drawType(span: Span): Diagnostic {
  return error("random-type", "only reals and `index(n)` can be drawn", span, "");
}

export function carryUnset(span: Span, name: string): Diagnostic {
  return error("carry-differs", `\`${name}\` is carried, and the loop never sets it`, span, "it would stay as it begins", { fix: `set it in the loop, \`${name} = …\`, or leave it out behind \`with\`` });
}

export function carryDiffers(span: Span, name: string, start: string, next: string): Diagnostic {
  return error("carry-differs", `the loop leaves ${next} in \`${name}\``, span, `it begins as ${start}, and a carry keeps its shape and type`);
}

export function stateShape(span: Span, name: string, kind: string, wanted: string): Diagnostic {
  return error("state-shape", `the state \`${name}\` is ${wanted}`, span, `this is ${kind}`);
}
