/** Messages about `weights` blocks. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { error, list, plural } from "./message.ts";
import type { Size } from "./value.ts";

const LINE = "`embed.table = \"wte.weight\"` or `up.weight[i,o] = \"fc.weight\"[o,i]`";

export function weightsLine(span: Span): Diagnostic {
  return error("weights-form", "a `weights` block says of parameters how a file calls them", span, "a parameter, and a name in quotes", { fix: `write lines such as ${LINE}` });
}

export function weightsPath(span: Span, kind: string): Diagnostic {
  const within = kind === "layer" ? "it is a layer: name one of its parameters" : kind === "stack" ? "it is a stack: write `[l]` for all of its layers, `[0]` for the first" : `it is a ${kind}`;
  return error("weights-form", "this is no parameter", span, within);
}

export function namedTwice(span: Span, parameter: string): Diagnostic {
  return error("weights-form", `\`${parameter}\` has been named before`, span, "a parameter is read from one place");
}

export function weightsBraces(span: Span, name: string, known: readonly string[]): Diagnostic {
  const notes = known.length === 0 ? "the left side goes through no stack and has no indices" : `there is ${list(known.map((one) => `\`{${one}}\``))}`;
  return error("weights-form", `\`{${name}}\` is no number of a layer or of a place along an axis`, span, notes);
}

export function weightsIndex(span: Span, name: string, both: string): Diagnostic {
  return error("weights-form", `\`${name}\` stands for ${both}`, span, "it is the number of a layer already", { fix: "take another name here" });
}

export function weightsWhole(span: Span): Diagnostic {
  return error("weights-form", "a `weights` block leaves nothing out", span, "every place of the parameter is read: without `where` and `else`");
}

export function weightsAxes(span: Span, left: boolean): Diagnostic {
  return error("weights-form", "indices stand on both sides or on none", span, `the ${left ? "parameter" : "name"} has none`, { fix: `write ${LINE}` });
}

export function weightsRank(span: Span, parameter: string, shape: readonly Size[]): Diagnostic {
  return error("weights-form", `\`${parameter}\` has ${plural(shape.length, "axis", "axes")}`, span, `one index for each of [${shape.map(({ text }) => text).join(", ")}]`);
}

export function weightsSlot(span: Span): Diagnostic {
  return error("weights-form", "a term of a slot depends on several indices", span, "the place along an axis is a sum of terms with one index each", { fix: "write `h*64 + e`, or `(e / 2)*2` of one index" });
}

export function weightsSum(span: Span): Diagnostic {
  return error("weights-form", "this is no sum of tensors", span, "tensors are added, each times a number", { fix: "write a sum such as `\"a\"[i] + 0.5 * \"b\"[i]`, or `1 + \"a\"[i]`" });
}

export function weightsNumber(span: Span): Diagnostic {
  return error("weights-form", "this is neither a tensor of the file nor a number that the hyperparameters give", span, "a name in quotes is that of a tensor");
}

export function weightsBefore(span: Span, least: number): Diagnostic {
  return error("weights-form", `the slot reads place ${least}`, span, "places count from 0");
}
