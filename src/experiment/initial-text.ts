/** What is told of the weights that a run began with. */
import path from "node:path";
import type { Matching } from "../../runtime/index.ts";
import { classList } from "../data-sources/classes.ts";
import type { InitialRecord } from "./initial.ts";

/** Sentences for the terminal and the report; the run's record has all paths. */
export function initialText({ from, others = [], trained, names, partly = [], sought = [], otherTokens, otherClasses, unread, matched, missing, differing, unused }: InitialRecord): readonly string[] {
  const shaped = (all: Matching["missing"]): string => listed(all.map(({ path: name, shape }) => [name, `[${shape.join(", ")}]`]));
  const named = new Set(sought.map(({ path: name }) => name));
  const unnamed = missing.map(({ path: name }) => name).filter((name) => !named.has(name));
  const places = [from, ...others].map((place) => path.relative("", place) || place);
  const origin = `${others.length === 0 ? "" : "the average of "}${places.join(", ")}${trained === undefined ? "" : ` (${trained.recipe}, step ${trained.step})`}${names === undefined ? "" : `, by the names of \`${names}\``}`;
  return [
    `started from ${origin}: ${matched.length} of ${matched.length + missing.length + differing.length} parameters`,
    ...(unread === undefined ? [] : [unread]),
    ...(otherTokens === undefined ? [] : ["its tokenizer is another: what was learnt of its tokens means nothing here"]),
    ...(otherClasses === undefined ? [] : [`its classes were others (${classList(otherClasses)}): what was learnt of them means nothing here`]),
    ...(partly.length === 0 ? [] : [`${partly.length} read in part, as this model is smaller: ${listed(partly.map(({ path: name, shape, read }) => [name, `[${read.join(", ")}] of [${shape.join(", ")}]`]))}`]),
    ...(missing.length === 0 ? [] : [`${missing.length} not there, drawn anew: ${shaped(missing)}`]),
    ...(sought.length === 0 ? [] : [`sought for them: ${some(sought.map(({ tensor }) => tensor))}`]),
    ...(names === undefined || unnamed.length === 0 ? [] : [`\`${names}\` has no line for ${some(unnamed)}`]),
    ...(differing.length === 0 ? [] : [`${differing.length} of another shape, drawn anew: ${listed(differing.map(({ path: name, model, file }) => [name, `is [${file.join(", ")}] there and [${model.join(", ")}] here`]))}`]),
    ...(unused.length === 0 ? [] : [`${unused.length} there that this model does not have: ${shaped(unused)}`]),
  ];
}

/** More than this many of one layer are told as one. */
const SHOWN = 4;

/** `judge.bias [2], decoder.* (24)`. */
function listed(all: readonly (readonly [name: string, text: string])[]): string {
  const layers = new Map<string, (readonly [name: string, text: string])[]>();
  for (const one of all) {
    const layer = one[0].split(".")[0] as string;
    layers.set(layer, [...(layers.get(layer) ?? []), one]);
  }
  return [...layers].map(([layer, own]) => (own.length > SHOWN ? `${layer}.* (${own.length}, such as ${own[0]?.[0]})` : own.map(([name, text]) => `${name} ${text}`).join(", "))).join(", ");
}

/** The first of many. */
export function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
}
