/** Says of a model that generates and looks ahead where it does: at the user's own equation, or where he built the layer of the library. */
import type { SourceFile, Span } from "../../grammar/source.ts";
import { lineText, spanText } from "../../grammar/source.ts";
import type { Origin, Value } from "../ir/graph.ts";
import * as errors from "./errors.ts";
import { looksAhead } from "./looks-ahead.ts";
import type { Instance, Model } from "./model.ts";
import type { FileScope } from "./scope.ts";
import type { World } from "./world.ts";

export function warnOfLookingAhead(model: Model, generate: Span, main: FileScope, world: World): void {
  const { recipe } = model;
  const entry = model.entries.find(({ name }) => name === recipe?.generate?.entry);
  const reaching = entry && recipe && looksAhead(entry, recipe.validationLoss);
  if (!reaching) return;
  const own = new Set([main.file.source, ...[...main.names.values()].map(({ home }) => home.file.source)]);
  const { span, label, fix } = equationOf(reaching, model.root, own) ?? layerOf(reaching, model.root, own) ?? { span: generate, label: "the model sees what it is asked for", fix: EQUATION };
  world.report(errors.looksAhead(model.name, span, label, generate, fix));
}

interface Culprit {
  readonly span: Span;
  readonly label: string;
  readonly fix: string;
}

const EQUATION = "leave the later places out, as `softmax[s where s <= t]` does";

/** The user's own equation, where it is in his own layer that earlier places are first reached. */
function equationOf([first, ...others]: readonly Value[], root: Instance, own: ReadonlySet<SourceFile>): Culprit | undefined {
  if (!first) return undefined;
  const layer = layersOf(first, root).at(-1);
  for (const value of [first, ...others]) {
    const file = [...own].find(({ path }) => path === value.origin?.path);
    if (file && layersOf(value, root).at(-1) === layer) return { span: lineOf(file, value.origin!), label: "reaches places after its own", fix: EQUATION };
  }
  return undefined;
}

function lineOf(file: SourceFile, { line }: Origin): Span {
  const text = lineText(file, line);
  const start = file.lineStarts[line - 1]! + text.length - text.trimStart().length;
  return { file, start, end: start + text.replace(/\s*(\/\/.*)?$/, "").trimStart().length };
}

/** The innermost layer that a file of the user's builds. */
function layerOf([first]: readonly Value[], root: Instance, own: ReadonlySet<SourceFile>): Culprit | undefined {
  const inwards = first ? layersOf(first, root).filter(({ span }) => own.has(span.file)) : [];
  const inner = inwards.at(-1);
  if (!inner) return undefined;
  const forgotten = forgotCausal(inwards);
  const fix = forgotten ? "give it `causal: true`" : "let it read from the first place to the last, and no later ones";
  return { span: (forgotten ?? inner).span, label: "what it gives for a place depends on those after it", fix };
}

/** Of layers that are built within each other the one at which `causal` is left out, or is said to be false. */
function forgotCausal(inwards: readonly Instance[]): Instance | undefined {
  const isLeft = ({ hyperparameters }: Instance): boolean => hyperparameters.some(([name, value]) => name === "causal" && value === "false");
  const passesOn = ({ span }: Instance): boolean => /\bcausal:(?! *false\b)/.test(spanText(span));
  const outwards = inwards.toReversed();
  const settled = outwards.findIndex((layer) => !passesOn(layer));
  const reached = outwards.slice(0, settled < 0 ? undefined : settled + 1);
  return reached.findLast(isLeft);
}

/** From the model inwards, those in which a value is computed. */
function layersOf(value: Value, root: Instance): readonly Instance[] {
  const within = root.children.find(({ path }) => value.name === path || value.name.startsWith(`${path}.`));
  return within ? [root, ...layersOf(value, within)] : [root];
}
