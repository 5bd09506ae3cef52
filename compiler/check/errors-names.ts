/** Messages about names, calls and arguments. */
import type { Callable, Decl, Field, Parameter } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { placeOf, spanText } from "../../grammar/source.ts";
import { FOREIGN_MEMBERS, FOREIGN_NAMES, FOREIGN_TYPES } from "./foreign-names.ts";
import { SETTINGS, type SettingName } from "./recipe/setting-names.ts";
import { article, beside, didYouMean, error, list, meant, plural, replace, wholeNumber } from "./message.ts";
import type { InstanceVal } from "./value.ts";

export function unknownName(span: Span, name: string, nearest: string | undefined): Diagnostic {
  return error("name-unknown", `nothing is called \`${name}\``, span, "not defined here", { fix: meant(span, nearest, FOREIGN_NAMES.get(name)) });
}

/** `what`: whose body gives it a value, in a place that was not passed through. */
export function notHereYet(span: Span, name: string, what: "function" | "layer"): Diagnostic {
  return error("name-unknown", `\`${name}\` has no value here`, span, "not defined on the way here", {
    notes: [what === "layer" ? "the layer has it with other hyperparameters only: it is in a branch that is not taken" : "the function sets it elsewhere: below, in a branch that is not taken, or in a loop, of which a `scan` shows only what has its index"],
  });
}

/** A field of the data, in a function of the recipe that does not ask for it. */
export function fieldNotTaken(span: Span, name: string, fn: string): Diagnostic {
  return error("name-unknown", `\`${name}\` is a field of the data, and \`${fn}\` does not take it`, span, "not defined here", { fix: `put it among the arguments: \`${fn}(…, ${name})\`` });
}

export function unknownAxis(span: Span, name: string): Diagnostic {
  return error("name-unknown", `nothing is called \`${name}\``, span, "not defined here", { fix: `a size that arguments bind is written in capitals: \`${name.toUpperCase()}\`` });
}

export function unboundSize(span: Span, name: string): Diagnostic {
  return error("size-unbound", `the size \`${name}\` is not bound`, span, "no argument says what it is", {
    notes: ["a size in capitals is bound by an argument that has it alone in a slot: `x: [B, T]`"],
  });
}

export function unknownMember(span: Span, name: string, of: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  const whole = of.startsWith("a ") ? of : `\`${of}\``;
  return error("member-unknown", `${whole} has nothing called \`${name}\``, span, "no such member", {
    ...(nearest ? { fix: meant(span, nearest) } : didYouMean(undefined, all)),
  });
}

export function noMembers(span: Span, name: string, kind: string): Diagnostic {
  return error("member-unknown", `${article(kind)} has no members`, span, `there is no \`.${name}\``, { fix: FOREIGN_MEMBERS.get(name) });
}

export function duplicate(span: Span, name: string, before: Span): Diagnostic {
  if (before.file === span.file && before.start === span.start) return error("duplicate-name", `\`${name}\` is defined in each round of a loop`, span, "one name is one layer, parameter or value", { fix: `several layers under one name are a stack: \`${name} = stack(n) …\`` });
  return error("duplicate-name", `\`${name}\` is defined twice`, span, "again here", { also: [beside(before, "first here")] });
}

export function hidesBuiltin(span: Span, name: string): Diagnostic {
  return error("hides-name", `\`${name}\` is a built-in name`, span, "it cannot be given another meaning", { fix: "choose another name" });
}

export function hidesDeclaration(span: Span, name: string, declared: Span): Diagnostic {
  return error("hides-name", `\`${name}\` is already a name of this file`, span, "this would hide it", {
    also: [beside(declared, "declared here")],
    fix: "choose another name",
  });
}

/** `B, T, d = x.shape` */
export function sizeAssigned(span: Span, name: string): Diagnostic {
  return error("name-in-capitals", `\`${name}\` is a size, which the types of the arguments bind`, span, "it is not set", {
    fix: "leave it out: the size is known by this name; a value of its own has a name in lower case",
  });
}

export function capitals(span: Span, name: string): Diagnostic {
  return error("name-in-capitals", `\`${name}\` looks like a size of the batch`, span, "names in capitals are sizes that arguments bind", {
    fix: replace(span, name.toLowerCase()),
  });
}

export function useNotFound(span: Span, path: string): Diagnostic {
  return error("use-failed", `cannot read \`${path}\``, span, "no such file within the project's folder", {
    notes: ["the path is relative to the file that uses it; the library needs no `use`"],
  });
}

export function useCycle(span: Span, path: string): Diagnostic {
  return error("use-failed", `\`${path}\` uses this file`, span, "files cannot use each other in a circle");
}

export function usedTwice(span: Span, name: string, first: Span, second: Span): Diagnostic {
  return error("duplicate-name", `two used files declare \`${name}\``, span, "", {
    notes: [`${placeOf(first)} and ${placeOf(second)}`],
    fix: "rename one of them",
  });
}

export function notCallable(span: Span, kind: string): Diagnostic {
  return error("not-callable", `a ${kind} cannot be called`, span, "only functions and layers can");
}

export function noForward(span: Span, title: string): Diagnostic {
  return error("not-callable", `\`${title}\` has no \`forward\``, span, "calling a layer calls its `forward`");
}

/** `through`: what is called on the way, where it is not called by itself. */
export function recursion(span: Span, name: string, declared: Span, through: readonly string[] = []): Diagnostic {
  return error("recursion", `\`${name}\` would contain itself`, span, "it is already being expanded here", {
    also: [beside(declared, "this one")],
    notes: [...(through.length === 0 ? [] : [`by way of ${list(through.map((one) => `\`${one}\``))}`]), "every call is expanded when compiling, so a function cannot call itself and a layer cannot build itself"],
  });
}

export function exhausted(span: Span, reason: "work" | "depth"): Diagnostic {
  return reason === "depth"
    ? error("too-much-work", "calls and expressions are nested too deep", span, "given up here")
    : error("too-much-work", "the file takes too much work to expand", span, "given up here", {
        notes: ["loops, stacks and calls are expanded when compiling: are their counts meant to be this large?"],
      });
}

export function unknownArgument(span: Span, name: string, what: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("argument-unknown", `${what} has no parameter \`${name}\``, span, "no such parameter", {
    ...(nearest ? { fix: meant(span, nearest) } : didYouMean(undefined, all)),
  });
}

export function tooManyArguments(span: Span, what: string, count: number): Diagnostic {
  return error("arguments-too-many", `${what} takes ${plural(count, "argument")}`, span, "one too many");
}

export function argumentTwice(span: Span, name: string, before: Span): Diagnostic {
  return error("argument-twice", `\`${name}\` is given twice`, span, "again here", { also: [beside(before, "first here")] });
}

export function missingArgument(span: Span, param: Parameter, what: string): Diagnostic {
  return error("argument-missing", `${what} needs \`${param.name.text}\``, span, "not given here", {
    also: [beside(param.span, "it has no default")],
  });
}

export function builtinArity(span: Span, name: string, [least, most]: readonly [number, number], count: number): Diagnostic {
  const wanted = least === most ? plural(least, "argument") : `${least} to ${most} arguments`;
  return error(count < least ? "argument-missing" : "arguments-too-many", `\`${name}\` takes ${wanted}`, span, `${plural(count, "is", "are")} given`);
}

/** `normal(0, 0.02)`, `zeros(B, d)` */
export function initialiserArguments(span: Span, name: string, params: readonly string[]): Diagnostic {
  const form = params.length === 0 ? name : `${name}(${params.join(", ")})`;
  const fix = name === "normal" ? "the mean is 0: write the standard deviation alone" : params.length === 0 ? `the axes are those of the \`param\` that begins so; as a value write an equation: \`z[b < B, i < d] = ${name === "ones" ? "1.0" : "0.0"}\`` : undefined;
  return error("arguments-too-many", `this initialiser is \`${form}\``, span, "one too many", { fix });
}

/** `u = uniform()` in a function */
export function initialiserAsValue(span: Span): Diagnostic {
  return error("wrong-kind", "an initialiser is no value", span, "it says how a parameter begins, or what is drawn", { fix: "to draw write `draw u: [B, d] ~ uniform`" });
}

export function initialiserArgument(span: Span, name: string, param: string): Diagnostic {
  return error("argument-missing", `\`${name}\` needs \`${param}\``, span, "not given here");
}

export function wrongArgument(span: Span, name: string, kind: string, wanted: string): Diagnostic {
  const whole = wanted === "size" ? wholeNumber(span) : undefined;
  const unquoted = ["fn", "layer", "init"].includes(wanted) ? /^"([A-Za-z_]\w*)"$/.exec(spanText(span))?.[1] : undefined;
  const fraction = wanted === "size" && whole === undefined && kind === "number";
  return error("argument-kind", `\`${name}\` is ${article(wanted)}, not ${article(kind)}`, span, article(kind), {
    ...(/^(real|int|bool|index)\b/.test(kind) && wanted !== "real" ? { notes: [`${article(wanted)} is known when compiling: a number as it is written, or a hyperparameter`] } : {}),
    ...(fraction ? { notes: [`for fractions declare it \`${name}: number\`, or with a default that is no whole number, such as \`0.0\``] } : {}),
    ...(whole !== undefined ? { fix: replace(span, whole) } : unquoted !== undefined ? { fix: replace(span, unquoted, `a name stands without quotes: \`${unquoted}\``) } : {}),
  });
}

/** `Linear(n, m, init: zeros)` */
export function initialiserAsFunction(span: Span, name: string): Diagnostic {
  const text = spanText(span);
  return error("argument-kind", `\`${name}\` is a function, not an initialiser`, span, "this is one already", {
    fix: `give a function that makes one of the fans: \`fn mine(inputs: size, outputs: size, gain = 1.0) -> init = ${/^(normal|uniform|constant)$/.test(text) ? `${text}(0.02)` : text}\``,
  });
}

export function runTimeHyperparameter({ span, name, type }: Parameter): Diagnostic {
  const kind = type?.dims ? undefined : { int: "size", real: "number", bool: "flag" }[type?.name?.text ?? ""];
  return error("argument-kind", `\`${name.text}\` must be known when compiling`, span, "real, int, bool, index and tensors are of the run", {
    notes: ["hyperparameters are of kind size, number, rate, flag, text, layer, fn or init"],
    ...(type && kind ? { fix: replace(type.span, kind) } : {}),
  });
}

/** An argument without a type and a default is a size. */
export function untypedArgument(span: Span, { name, span: declared }: Parameter, kind: string): Diagnostic {
  return error("argument-kind", `\`${name.text}\` is a size, as it is declared without a type`, span, `this is ${article(kind)}`, {
    also: [beside(declared, "declared here")],
    fix: `say its type where it is declared: \`${name.text}: [B, T, d]\`, or \`${name.text}: index(vocab)[B, T]\``,
  });
}

export function rateRange(span: Span, name: string, value: number): Diagnostic {
  return error("rate-range", `\`${name}\` is a rate: between 0 and 1`, span, `it is ${value}`);
}

export function unknownType(span: Span, name: string, nearest: string | undefined): Diagnostic {
  return error("type-unknown", `there is no type \`${name}\``, span, "not a type", {
    fix: meant(span, nearest, FOREIGN_TYPES.get(name)),
    notes: ["known when compiling: size number rate flag text layer fn init tokenizer; of the run: real int bool index(n), and tensors such as [B, T, d]"],
  });
}

export function axesOfKind(span: Span, kind: string): Diagnostic {
  return error("type-unknown", `a \`${kind}\` is known when compiling and has no axes`, span, "only real, int, bool and index(n) have", {
    fix: "a tensor's type is its axes: `[B, T, d]`; of conditions it is `bool[B, T]`, of ids `index(n)[B, T]`",
  });
}

export function indexWithoutRange(span: Span): Diagnostic {
  return error("type-unknown", "`index` needs its range", span, "below which number?", { fix: "write `index(n)`" });
}

/** `last`: what its last item sets. */
export function missingReturn(span: Span, name: string, last: string | undefined): Diagnostic {
  return error("missing-return", `\`${name}\` returns nothing`, span, "its body ends without `return`", last === undefined ? {} : { fix: `end it with \`return ${last}\`` });
}

export function resultCount(span: Span, fn: Callable, count: number): Diagnostic {
  return error("result-count", `\`${fn.name.text}\` returns ${plural(fn.results.length, "value")}`, span, `here ${plural(count, "is", "are")} returned`, {
    also: [beside(fn.results[0]!.span, `${plural(fn.results.length, "type")} declared`)],
  });
}

export function severalResults(span: Span, count: number): Diagnostic {
  return error("several-results", `this has ${count} results, one is wanted`, span, "", { fix: "take them apart first: `a, b = …`" });
}

export function targetCount(span: Span, targets: number, values: number): Diagnostic {
  return error("several-results", `${plural(values, "value")} for ${plural(targets, "name")}`, span, "each name takes one value");
}

export function targetShape(span: Span): Diagnostic {
  return error("target-form", "this cannot be assigned to", span, "a name, or a name with indices, can");
}

export function assignsParameter(span: Span, name: string): Diagnostic {
  return error("assigns-parameter", `\`${name}\` is a parameter`, span, "only training changes it", { fix: "use another name, or a `state`" });
}

export function misplaced(span: Span, what: string, place: string): Diagnostic {
  return error("misplaced-item", `${what} does not belong here`, span, `it belongs in ${place}`);
}

export function misplacedDeclaration({ category, name }: Decl): Diagnostic {
  return misplaced(name.span, `\`${category}\``, category === "weights" ? "a model" : "a file");
}

/** `norm: LayerNorm(d)` outside of a `data` declaration. */
export function misplacedField({ name, span }: Field): Diagnostic {
  const colon = span.start + span.file.text.slice(span.start, span.end).indexOf(":");
  return error("misplaced-item", "a field does not belong here", span, "it belongs in a `data` declaration", {
    fix: replace({ ...span, start: name.span.end, end: colon + 1 }, " =", `to set it write \`${name.text} = …\``),
  });
}

/** `stack(n, Block(d))` */
export function stackCalled(span: Span): Diagnostic {
  return error("stack-misused", "the layer stands behind `stack(n)`, not in it", span, "no layer follows", { fix: "write `stack(n) Block(d)`" });
}

export function notHere(span: Span, name: string): Diagnostic {
  return error("not-callable", `\`${name}\` cannot be called here`, span, "it has no meaning in this place");
}

export function unsupported(span: Span, what: string): Diagnostic {
  return error("unsupported", `${what} is not supported yet`, span, "the compiler cannot translate it");
}

export function unnamedLayer(span: Span, name: string): Diagnostic {
  return error("unnamed-layer", `the \`${name}\` built here needs a name`, span, "its parameters would have no path", { fix: `give it one first: \`inner = ${name}(…)\`` });
}

/** `of`: the layer in whose function this stands, where a hyperparameter of it may be what is called. */
export function builtInFunction(span: Span, name: string, of: InstanceVal | undefined): Diagnostic {
  const alias = /^(\w+)\(/.exec(spanText(span))?.[1];
  if (alias !== undefined && alias !== name) {
    const given = of && of.span !== of.decl.name.span && of.decl.params?.some((param) => param.name.text === alias) ? argumentIn(of.span, alias, name) : undefined;
    return error("unnamed-layer", `\`${alias}\` names \`${name}\`, of which no layer is built yet`, given ?? span, given ? "given here, where a layer is called for" : "called like this it would be built here", {
      also: given ? [beside(span, "called here")] : [],
      fix: given ? `build it: \`${alias}: ${name}(…)\`` : `build it where it gets its name: \`${alias} = ${name}(…)\` in a body, \`${alias}: ${name}(…)\` where it is an argument`,
    });
  }
  return error("unnamed-layer", `a function cannot build \`${name}\``, span, "layers are built once, in the body of the layer or model", {
    fix: `move it there and give it a name: \`inner = ${name}(…)\``,
  });
}

/** `rotate: Rotary` in the call that builds a layer; the whole call where it is given without a name. */
function argumentIn(call: Span, name: string, value: string): Span {
  const found = new RegExp(`\\b${name}\\s*:\\s*${value}\\b`).exec(spanText(call));
  return found === null ? call : { ...call, start: call.start + found.index, end: call.start + found.index + found[0].length };
}

export function notALayerClass(span: Span, name: string, category: string): Diagnostic {
  return error("not-callable", `\`${name}\` is a ${category}, which is not built like this`, span, "only layers and models are");
}

export function notALayer(span: Span, name: string, kind: string): Diagnostic {
  return error("computed-in-layer", `\`${name} = …\` builds a layer here, but this is a ${kind}`, span, "", {
    fix: SETTINGS.includes(name as SettingName) ? `\`${name}\` is a setting of a recipe: it stands in \`train\`` : `for a number known when compiling write \`let ${name} = …\``,
  });
}

export function computedInLayer(span: Span): Diagnostic {
  return error("computed-in-layer", "tensors are computed in functions", span, "a layer's body only declares and builds", { fix: "move it into a function, such as `forward`" });
}

export function unknownRecipe(span: Span, name: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", `there is no recipe \`${name}\``, span, "not a `train` of this file", didYouMean(nearest, all));
}

/** A value of a graph that is to be looked at; `where` is what has been searched. */
export function unknownValue(span: Span, name: string, like: readonly string[], where = "of this model"): Diagnostic {
  const [near] = like;
  return error("value-unknown", `there is no value \`${name}\``, span, `not the name of a value ${where}`, near === undefined ? {} : { fix: `did you mean ${like.map((one) => `\`${one}\``).join(" or ")}?` });
}

export function noGradient(span: Span, name: string, why: string): Diagnostic {
  return error("value-unknown", `\`${name}\` has no gradient`, span, why);
}

export function stackItem(span: Span, count: number): Diagnostic {
  return error("stack-misused", `the stack has ${plural(count, "layer")}`, span, `a number from 0 to ${count - 1} is wanted`);
}

export function stackIndexed(span: Span, name: string): Diagnostic {
  return error("stack-misused", "a layer of a stack is not called by its index", span, "an index before an operand", { fix: `write \`for layer in ${name} { x = layer(x) }\`, or \`${name}(x)\` for all of them; one of them is given a name first: \`first = ${name}[0]\`` });
}

export function stackCount(span: Span): Diagnostic {
  return error("stack-misused", "a stack needs the number of its layers", span, "write `stack(n) Layer(…)` or `stack(l < n) Layer(…)`");
}

export function stackArgument(span: Span): Diagnostic {
  return error("stack-misused", "a stack is called with the value that runs through it", span, "its first argument is missing");
}

export function stackResults(span: Span, title: string, count: number): Diagnostic {
  return error("stack-misused", `\`${title}\` returns ${count} values, so it cannot run through a stack`, span, "", {
    fix: "go through them one by one: `for block in blocks { x, y = block(x) }`",
  });
}

/** `sqrt(x) gain[i]`, `Linear(a, b)(x)` */
export function notApplied(span: Span, operand: Span): Diagnostic {
  const called = spanText(operand).startsWith("(");
  return error("stack-misused", "only `stack(n)` stands before a layer like this", span, "a call followed by an operand", {
    fix: called ? "what a call gives cannot be called at once: give it a name first; for a product write `*`" : "for a product write `*`",
  });
}

