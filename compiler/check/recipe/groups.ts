/** The settings that name parameters by patterns of their paths, `undecayed`, `frozen` and `rates`, and the groups that they make. */
import type { Expr as Node } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import * as errors from "../errors.ts";
import { evaluate } from "../evaluate.ts";
import type { Entry } from "../model.ts";
import { setSpan } from "../overrides.ts";
import { nearest } from "../../../grammar/suggest.ts";
import { asReal, asTensor } from "../tensor.ts";
import type { Tensor } from "../value.ts";
import { number } from "../value.ts";
import type { Context, World } from "../world.ts";

/** As the file has it, there perhaps in a recipe that this one is like, or as `--set recipe.NAME=…` does. */
export type PatternSetting = { readonly values: readonly Node[]; readonly inherited: boolean } | { readonly text: string } | undefined;

interface Pattern {
  readonly text: string;
  readonly span: Span;
}

/** `0.1 * "encoder.*"`: what the learning rate of these is multiplied with, a number or a function of the step. */
export interface Rate extends Pattern {
  readonly factor: (ctx: Context) => Tensor | undefined;
}

/** Parameters that have an update in common. */
export interface Group {
  readonly name: string;
  readonly paths: readonly string[];
  readonly decays: boolean;
  readonly factor?: Rate["factor"];
}

/** More of them would not fit the block of numbers that a step is given. */
const MOST_RATES = 16;

interface Trained {
  readonly groups: readonly Group[];
  /** Without what it leaves in frozen states. */
  readonly loss: Entry;
}

/** What a recipe trains of the parameters that its functions reach. */
export function trainedOf(loss: Entry, paths: readonly string[], setting: (name: string) => PatternSetting, world: World): Trained {
  const states = loss.graph.outputs.flatMap(({ state }) => (state?.kind === "running" ? [state.path] : []));
  const patterns = patternsOf("frozen", setting("frozen"), world);
  const frozen = matching("frozen", patterns, [...paths, ...states], errors.unmatchedPattern, world);
  const left = paths.filter((path) => !frozen.has(path));
  if (left.length === 0 && frozen.size > 0) world.report(errors.allFrozen(patterns[0]!.span));
  const rates = ratesOf(setting("rates"), world);
  for (const rate of rates) matching("rates", [rate], paths, errors.unmatchedPattern, world);
  const kept = setting("undecayed");
  const undecayed = patternsOf("undecayed", kept, world);
  if (kept && !("inherited" in kept && kept.inherited)) matching("undecayed", undecayed, paths, errors.unmatchedDecay, world);
  const outputs = loss.graph.outputs.filter(({ state }) => state?.kind !== "running" || !frozen.has(state.path));
  return { groups: groupsOf(left, undecayed, rates), loss: { ...loss, graph: { ...loss.graph, outputs } } };
}

/** `"*.bias", "*.gain"`; after `--set` without the quotes. `none` is no pattern. */
function patternsOf(name: string, setting: PatternSetting, world: World): readonly Pattern[] {
  if (setting === undefined) return [];
  if ("text" in setting) return setText(name, setting.text).map((text) => ({ text: unquoted(text), span: setSpan(`recipe.${name}`, setting.text) }));
  return values(setting).flatMap((node) => {
    if (node.kind === "string") return [{ text: node.value, span: node.span }];
    world.report(errors.wrongSetting(node.span, name, 'patterns of parameter paths, such as "*.bias"'));
    return [];
  });
}

/** `0.1 * "encoder.*", 0.5 * "pool.*"` */
function ratesOf(setting: PatternSetting, world: World): readonly Rate[] {
  if (setting === undefined) return [];
  const wanted = 'a list of factors with patterns of parameter paths, such as 0.1 * "encoder.*"';
  const found = "text" in setting ? setText("rates", setting.text).map((text) => rateOfText(text, setSpan("recipe.rates", setting.text))) : values(setting).map(rateOfNode);
  for (const rate of found) if ("wrong" in rate) world.report(errors.wrongSetting(rate.wrong, "rates", wanted));
  const rates = found.flatMap((rate) => ("wrong" in rate ? [] : [rate]));
  if (rates.length > MOST_RATES) world.report(errors.wrongSetting(rates[MOST_RATES]!.span, "rates", `a list of at most ${MOST_RATES} factors with patterns`));
  return rates.slice(0, MOST_RATES);
}

/** The paths that a pattern names. One that names none is told. */
function matching(name: string, patterns: readonly Pattern[], paths: readonly string[], unmatched: typeof errors.unmatchedPattern, world: World): ReadonlySet<string> {
  const matched = new Set<string>();
  for (const { text, span } of patterns) {
    const found = paths.filter((path) => globMatches(text, path));
    for (const path of found) matched.add(path);
    if (found.length === 0) world.report(unmatched(span, name, text, nearest(text, [...paths, ...ends(paths)]), tops(paths)));
  }
  return matched;
}

/** By rate, and within by whether they decay: those of no rate first. A parameter has the first rate that names it. */
function groupsOf(paths: readonly string[], undecayed: readonly Pattern[], rates: readonly Rate[]): readonly Group[] {
  const rateOf = (path: string): number => rates.findIndex(({ text }) => globMatches(text, path));
  const decays = (path: string): boolean => !undecayed.some(({ text }) => globMatches(text, path));
  return [-1, ...rates.keys()].flatMap((at): readonly Group[] => {
    const own = paths.filter((path) => rateOf(path) === at);
    const named = at < 0 ? {} : { factor: rates[at]!.factor };
    const suffix = at < 0 ? "" : `.${at + 1}`;
    const both = [true, false].map((kind) => ({ name: unlike(`${kind ? "decayed" : "undecayed"}${suffix}`, paths), paths: own.filter((path) => decays(path) === kind), decays: kind, ...named }));
    return both.filter((group) => at < 0 || group.paths.length > 0);
  });
}

/** A state's path may name a group or a parameter. */
function unlike(name: string, paths: readonly string[]): string {
  return paths.includes(name) ? unlike(`${name}_`, paths) : name;
}

/** `*.bias*` against a dotted path: `*` stands for any characters. */
function globMatches(pattern: string, path: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === path;
  let at = parts[0]!.length;
  if (!path.startsWith(parts[0]!)) return false;
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = parts.at(-1)!;
  return path.length - last.length >= at && path.endsWith(last);
}

const values = ({ values: nodes }: { readonly values: readonly Node[] }): readonly Node[] => (nodes.length === 1 && nodes[0]!.kind === "name" && nodes[0]!.text === "none" ? [] : nodes);

function setText(name: string, text: string): readonly string[] {
  return text.trim() === "none" ? [] : text.split(",").map((part) => part.trim());
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, "$1");

type Found = Rate | { readonly wrong: Span };

function rateOfNode(node: Node): Found {
  if (node.kind !== "binary" || node.op !== "*" || node.right.kind !== "string") return { wrong: node.span };
  const { left, right } = node;
  const factor = (ctx: Context): Tensor | undefined => {
    const tensor = asTensor(evaluate(left, ctx), left.span, ctx);
    if (tensor && (tensor.axes.length > 0 || tensor.type === "bool")) ctx.world.report(errors.wrongSetting(left.span, "rates", "a list of factors, each a number or a function of the step, with patterns"));
    return tensor && tensor.axes.length === 0 && tensor.type !== "bool" ? asReal(tensor) : undefined;
  };
  return { text: right.value, span: node.span, factor };
}

function rateOfText(text: string, span: Span): Found {
  const [, factor, pattern] = /^([\d.eE+-]+)\s*\*\s*(.+)$/.exec(text) ?? [];
  if (factor === undefined || pattern === undefined || !Number.isFinite(Number(factor))) return { wrong: span };
  return { text: unquoted(pattern), span, factor: (ctx) => asTensor(number(Number(factor)), span, ctx) };
}

/** `*.gain` for all that end so. */
function ends(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.map((path) => `*.${path.split(".").at(-1)}`))];
}

/** `encoder.*` for all that begins so. */
function tops(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.map((path) => (path.includes(".") ? `${path.split(".")[0]}.*` : path)))];
}
