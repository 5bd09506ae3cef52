/** Messages about recipes, their settings, data and optimizers. */
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { spanText } from "../../grammar/source.ts";
import type { Name } from "../../grammar/ast.ts";
import { type Dim, print } from "../dim.ts";
import { FOREIGN_SETTINGS } from "./foreign-names.ts";
import { beside, didYouMean, error, replace, wholeNumber } from "./message.ts";
import type { EntryOutput } from "./model.ts";

export function missingSetting(span: Span, name: string, recipe: string): Diagnostic {
  return error("missing-setting", `\`${recipe}\` lacks \`${name}\``, span, name === "loss" ? "a recipe has a function `loss(…)` of fields of its data" : `a recipe sets \`${name} = …\``);
}

/** What is written without its call, `characters`, or in quotes, `"adamw"`. */
function meantCall(span: Span, nearest: string | undefined, all: readonly string[], argument = ""): ReturnType<typeof didYouMean> {
  const word = spanText(span).replace(/^"|"$/g, "");
  const meant = all.find((name) => name === word) ?? all.find((name) => name.toLowerCase() === word.toLowerCase());
  return meant === undefined ? didYouMean(nearest, all) : { fix: `it is called: \`${meant}(${argument === "" ? "…" : argument})\`` };
}

/** What is written in quotes, or called. */
function meantName(span: Span, nearest: string | undefined, all: readonly string[]): { readonly fix?: Fix | string; readonly notes?: readonly string[] } {
  const word = /^"?(\w+)(?:"|\(\))$/.exec(spanText(span))?.[1];
  return word !== undefined && all.includes(word) ? { fix: replace(span, word, `it is named: \`${word}\``) } : didYouMean(nearest, all);
}

export function unknownSetting(span: Span, name: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  const foreign = FOREIGN_SETTINGS.get(name);
  return error("setting-unknown", `a recipe has no setting \`${name}\``, span, "not a setting", {
    ...(foreign !== undefined ? { fix: foreign } : nearest ? { fix: replace(span, span.file.path === "--set" ? `recipe.${nearest}` : nearest, `did you mean \`${nearest}\`?`) } : { ...didYouMean(undefined, all), ...(span.file.path === "--set" ? {} : { fix: `for a name of its own write \`let ${name} = …\`; a hyperparameter of the model is \`model.${name} = …\`` }) }),
  });
}

export function settingNotSet(span: Span, name: string): Diagnostic {
  return error("name-unknown", `the recipe does not set \`${name}\``, span, "it has no value", { fix: `set it: \`${name} = ${name === "tokenizer" ? "bpe(4000)" : "…"}\`` });
}

export function settingAsLet(span: Span, name: string): Diagnostic {
  return error("hides-name", `\`${name}\` is a setting of every recipe, not a name for \`let\``, span, "a setting stands without `let`", { fix: "leave out `let`, or take another name" });
}

export function unknownHyperparameter(span: Span, name: string, model: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  const foreign = nearest === undefined && span.file.path === "--set" ? FOREIGN_SETTINGS.get(name) : undefined;
  return error("setting-unknown", `\`${model}\` has no hyperparameter \`${name}\``, span, "not a hyperparameter", foreign === undefined ? didYouMean(nearest, all) : { fix: foreign });
}

export function settingWithoutRecipe(span: Span, file: string): Diagnostic {
  return error("setting-unknown", `${file} has no recipe`, span, "a setting of a recipe", { fix: "add one: `train NAME { data = …; model = …; loss(…) = …; optimizer = … }`" });
}

export function wrongSetting(span: Span, name: string, wanted: string): Diagnostic {
  const whole = wanted.startsWith("an integer") ? wholeNumber(span) : undefined;
  return error("setting-value", `\`${name}\` is ${wanted}`, span, "this is not", whole === undefined || whole === spanText(span) ? {} : { fix: replace(span, whole) });
}

export function noGenerator(span: Span, entry: string): Diagnostic {
  return error("setting-value", `\`${entry}\` cannot write text`, span, "asks it for the next token of each text", {
    notes: ["what writes takes ids that grow, `ids: index(vocab)[B, T]`, and at most ids to read beside, of a size of their own, `source: index(vocab)[B, S]`, and gives one result, `[B, T, vocab]`"],
    fix: "name a function of the model that does: `greedy(model.answer)`",
  });
}

export function unknownInitial(span: Span, name: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", `there is no other recipe \`${name}\` to start from`, span, "`init_from` names another `train` of this file", nearest === undefined ? { fix: `a run or a file is named on the command line: \`--init-from ${name}\`` } : didYouMean(nearest, all));
}

export function unmatchedPattern(span: Span, name: string, pattern: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("pattern-unmatched", `no parameter is named by "${pattern}" of \`${name}\``, span, "`*` stands for any characters of a parameter's path", didYouMean(nearest, all));
}

/** A warning: people name by habit what must not decay, whether their model has it or not. */
export function unmatchedDecay(...of: Parameters<typeof unmatchedPattern>): Diagnostic {
  return { ...unmatchedPattern(...of), severity: "warning" };
}

export function allFrozen(span: Span): Diagnostic {
  return error("pattern-unmatched", "all parameters are frozen, so there is nothing to train", span, "these patterns leave none", { fix: "freeze a part: `frozen = \"encoder.*\"`" });
}

export function noLearningRate(span: Span, optimizer: string): Diagnostic {
  return error("setting-value", `\`rates\` scales the hyperparameter \`lr\`, which \`${optimizer}\` has not`, span, "it declares no `lr: real`");
}

export function settingCycle(span: Span, name: string): Diagnostic {
  return error("recursion", `\`${name}\` depends on itself`, span, "its value is needed to find its value");
}

export function likeElsewhere(span: Span, category: string): Diagnostic {
  return error("misplaced-item", "only a `train` is `like` another", span, `a \`${category}\` takes over nothing`, { fix: "build the other in it, or copy what it should have" });
}

export function recipeParameter(span: Span): Diagnostic {
  return error("misplaced-item", "a recipe has no parameters", span, "it is not called", { fix: "for a name of its own write `let name = …` in it; what another recipe has is taken over by `train b like a`" });
}

export function likeItself(span: Span, name: string): Diagnostic {
  return error("recursion", `\`${name}\` would be like itself`, span, "leads back to it", { fix: "name a recipe that does not depend on it, or leave out `like`" });
}

export function notAModel(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "a model is wanted here", span, "such as `Transformer(vocab: tokenizer.size)`", meantCall(span, nearest, all));
}

export function unknownTokenizer(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "a tokenizer is wanted here", span, "such as `bpe(4000)`", meantCall(span, nearest, all));
}

export function tokenizerArgument(span: Span, name: string, kind: string, sized: boolean): Diagnostic {
  return error("argument-unknown", `\`${kind}\` has no parameter \`${name}\``, span, "no such parameter", { fix: sized ? `its size stands without a name: \`${kind}(4000)\`` : `write \`${kind}()\`` });
}

export function unknownData(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "a source of data is wanted here", span, "such as `pairs(\"train.tsv\", …)`", meantCall(span, nearest, all));
}

export function dataWithoutPath(name: Name): Diagnostic {
  return error("data-column", `\`${name.text}\` does not say which file it reads`, name.span, "a table, with a column for each field", { fix: `its first parameter is the file: \`data ${name.text}(path: text)\`, and \`data = ${name.text}("train.csv")\` in the recipe` });
}

export function dataWithoutFields(name: Name): Diagnostic {
  return error("data-column", `\`${name.text}\` has no fields`, name.span, "a table, with a column for each field", { fix: "name its columns and what they hold: `x: [B, 4]; label: index(3)[B]`" });
}

export function columnWithoutRows(span: Span, name: string): Diagnostic {
  return error("data-column", `\`${name}\` has no axis of rows`, span, "each row of the table has one of these", { fix: "its first axis is `B`, the rows of a batch" });
}

export function columnExtent(span: Span, name: string, extent: Dim): Diagnostic {
  return error("data-column", `the rows of \`${name}\` have \`${print(extent)}\` numbers along an axis`, span, "a row has as many as a number says, or as many as stand there", { fix: "write a number, such as 4, or a letter of its own, such as `T`" });
}

export function columnRagged(span: Span, name: string, free: readonly string[]): Diagnostic {
  return error("data-column", `the rows of \`${name}\` say neither \`${free[0]}\` nor \`${free[1]}\``, span, "a list has one length of its own", { fix: "write numbers for all of its axes but one" });
}

export function columnOfText(span: Span, name: string): Diagnostic {
  return error("data-column", `\`${name}\` is a text, which has as many tokens as it has`, span, "a row of ids for each text", { fix: `write \`${name}: index(tokenizer.size)[B, T]\`` });
}

export function columnRange(span: Span, name: string, range: Dim): Diagnostic {
  return error("data-column", `a row of \`${name}\` cannot know \`${print(range)}\``, span, "indices below a number, or below a size of the same row", { fix: "write a number, such as `index(10)`" });
}

/** `isDefault`: the length is what the data have where nothing is said. */
export function windowTooLong(span: Span, length: number, { most, text }: { readonly most: number; readonly text: string }, isDefault: boolean): Diagnostic {
  return error("require-fails", `the data give windows of ${length} tokens, and the model takes ${most}`, span, isDefault ? `\`length\` is ${length} where nothing is said` : `${length} at a time`, {
    notes: [`the model requires \`${text}\``],
    fix: most < 1 ? "let the model take more" : `${isDefault ? "add" : "write"} \`length: ${most}\`, or let the model take more`,
  });
}

export function unknownOptimizer(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "an optimizer is wanted here", span, "such as `Adam(lr: 1e-3)`", meantCall(span, nearest, all));
}

export function unknownGenerator(span: Span, all: readonly string[]): Diagnostic {
  return error("value-unknown", "a way to generate is wanted here", span, "such as `greedy(model)`", meantCall(span, undefined, all, "model"));
}

export function generatorModel(span: Span, method: string): Diagnostic {
  return error("argument-missing", `\`${method}\` needs the model, or a function of it`, span, "not given first", { fix: `write \`${method}(model, …)\`` });
}

/** A warning: the model may be fed otherwise than it is generated with. */
export function looksAhead(model: string, place: Span, what: string, generate: Span, fix: string): Diagnostic {
  const made = error("looks-ahead", `\`${model}\` generates place by place, but what it says of a place depends on those after it`, place, what, {
    also: place === generate ? [] : [beside(generate, "asks for what comes next, of which nothing is there yet")],
    notes: ["in training it reads the answer: the loss falls, and what it generates is nonsense"],
    fix,
  });
  return { ...made, severity: "warning" };
}

export function unknownMetric(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "a built-in metric is wanted here", span, "your own are functions of the recipe", meantName(span, nearest, all));
}

export function unknownFigure(span: Span, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", "`watch` names what is measured", span, "the loss, one of `metrics`, or a function of the recipe", meantName(span, nearest, all));
}

export function unknownField(span: Span, name: string, source: string, nearest: string | undefined, all: readonly string[]): Diagnostic {
  return error("value-unknown", `\`${source}\` has no field \`${name}\``, span, "the arguments of a recipe's functions are fields of its data", didYouMean(nearest, all));
}

export function metricSeveral(span: Span, name: string, count: number): Diagnostic {
  return error("several-results", `\`${name}\` is a metric and has ${count} results`, span, "one is wanted", { fix: "write a function for each" });
}

export function lossNotScalar(span: Span, outputs: readonly EntryOutput[]): Diagnostic {
  const [first] = outputs;
  const found = outputs.length > 1 ? `${outputs.length} values` : first && first.shape.length > 0 ? `[${first.shape.map(print).join(", ")}]` : (first?.type ?? "nothing");
  return error("loss-not-scalar", "the loss is one real number", span, `this is ${found === "i32" ? "an int" : found}`, { fix: "take its mean: `mean[…] …`" });
}

export function lossNotLearned(span: Span, readsParameters: boolean): Diagnostic {
  return readsParameters
    ? error("loss-not-learned", "no gradient of the loss reaches a parameter", span, "so nothing would be trained", { notes: ["comparisons, `argmax`, `floor`, `sign` and `stop` let none through"], fix: "train on what is smooth: `cross_entropy(…)` in the place of an accuracy" })
    : error("loss-not-learned", "the loss depends on no parameter", span, "so nothing would be trained", { fix: "make it of what the model gives, as `cross_entropy(model(ids), next)` does" });
}

export function optimizerUpdate(span: Span, name: string): Diagnostic {
  return error("optimizer-form", `\`${name}\` needs \`update(w: [...], dw: [...], step: int, decays: flag) -> [...]\``, span, "it takes the parameter, its gradient, the step and whether it decays");
}

export function optimizerResult(span: Span, kind: string): Diagnostic {
  return error("optimizer-form", "`update` returns the new parameter", span, `this is ${kind}, not of the parameter's shape`);
}

export function optimizerState(span: Span, name: string): Diagnostic {
  return error("optimizer-form", `the state \`${name}\` has the parameter's shape`, span, "write `[...]`");
}
