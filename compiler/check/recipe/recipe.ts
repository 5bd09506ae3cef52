/** `train`: the model built, loss, metrics and update lowered, and what else the settings say. */
import type { Decl } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import { dataOf } from "../data.ts";
import * as errors from "../errors.ts";
import type { Entry, Instance, Recipe } from "../model.ts";
import type { FileScope } from "../scope.ts";
import { nearest } from "../../../grammar/suggest.ts";
import type { InstanceVal } from "../value.ts";
import type { World } from "../world.ts";
import { Functions } from "./functions.ts";
import { generateOf } from "./generate.ts";
import { trainedOf } from "./groups.ts";
import { optimizerOf } from "./optimizer.ts";
import { phasesOf } from "./phases.ts";
import { Settings, type RecipeOptions } from "./settings.ts";
import { requireWindowsFit } from "./windows.ts";
import { validationOf } from "./validation.ts";

export interface Built {
  readonly model: InstanceVal;
  readonly siblings: Instance[];
  readonly recipe: Recipe | undefined;
  /** Paths of the parameters and states that its functions use. */
  readonly reached: ReadonlySet<string>;
  /** Where it says how it generates. */
  readonly generateAt?: Span | undefined;
}

/** Reads, builds and lowers a recipe. The model is there even where the recipe has errors. */
export function elaborateRecipe(decl: Decl, home: FileScope, options: RecipeOptions, world: World): Built | undefined {
  const settings = new Settings(decl, home, options, world);
  if (!settings.read()) return undefined;
  const model = settings.value("model");
  if (model?.kind !== "instance") {
    if (!settings.written.has("model")) settings.missing("model");
    return undefined;
  }
  return { model, siblings: settings.siblings, generateAt: settings.written.get("generate")?.values[0]?.span, ...recipeOf(settings, model) };
}

function recipeOf(settings: Settings, model: InstanceVal): Pick<Built, "recipe" | "reached"> {
  const { world } = settings;
  const tokenizer = settings.value("tokenizer");
  const dataNode = settings.written.get("data")?.values[0];
  const data = dataNode && dataOf(dataNode, settings.context());
  if (!dataNode) settings.missing("data");

  const functions = new Functions(settings, data);
  const { loss, validationLoss } = functions.losses() ?? {};
  const metrics = functions.metrics();
  const paths = world.parameters.filter((param) => functions.reached.has(param.path) && param.state === "parameter").map((param) => param.path);
  const trained = loss && trainedOf(loss, paths, (name) => settings.patterns(name), world);
  const optimizerNode = settings.written.get("optimizer")?.values[0];
  const optimizer = trained && optimizerNode ? optimizerOf(optimizerNode, (run) => settings.context(run), trained.groups, world) : undefined;
  if (!optimizerNode) settings.missing("optimizer");

  const counts = countsOf(settings);
  const [clip, average] = [settings.real("clip"), settings.real("average", 1)];
  const generate = generateOf(settings, model);
  const reports = reportsOf(settings);
  const initFrom = initFromOf(settings);
  const phases = data ? phasesOf({ nodes: settings.written.get("phases")?.values ?? [], set: settings.options.set["recipe.phases"] }, data.spec, (node) => settings.evaluated(node), world) : [];
  // At other sizes than the file's a model may be looked at that its recipe was not written for.
  const asWritten = Object.keys(settings.options.set).every((name) => name.startsWith("recipe."));
  if (data && dataNode && loss && asWritten) requireWindowsFit({ data: data.spec, at: dataNode, phases, phasesAt: settings.span("phases") }, loss, world);
  const validation = validationOf({
    validation: settings.value("validation"), evaluate: settings.optionalCount("evaluate"), patience: settings.optionalCount("patience"), watch: settings.written.get("watch")?.values[0],
    watchSet: settings.options.set["recipe.watch"], span: (name) => settings.span(name), figures: [...reports, ...metrics.map(({ name }) => name), "loss"],
  }, world);

  const { reached } = functions;
  if (!data || !trained || !validationLoss || !optimizer || !counts) return { recipe: undefined, reached };
  return {
    reached,
    recipe: {
      name: settings.decl.name.text,
      ...(tokenizer?.kind === "tokenizer" ? { tokenizer: tokenizer.spec } : {}),
      data: data.spec,
      loss: named(trained.loss),
      metrics,
      validationLoss: named(validationLoss),
      ...validation,
      ...(phases.length === 0 ? {} : { phases }),
      optimizer,
      reports,
      ...counts,
      ...(clip === undefined ? {} : { clip }),
      ...(average === undefined ? {} : { average }),
      ...(generate ? { generate } : {}),
      ...(initFrom === undefined ? {} : { initFrom }),
    },
  };
}

const named = (loss: Entry): Entry => ({ ...loss, name: "loss" });

function countsOf(settings: Settings): Pick<Recipe, "batch" | "steps" | "seed" | "accumulate"> | undefined {
  const batch = settings.count("batch", 1);
  const steps = settings.count("steps", 0);
  const seed = settings.has("seed") ? settings.count("seed", 0) : 0;
  const accumulate = settings.has("accumulate") ? settings.count("accumulate", 1) : 1;
  return batch === undefined || steps === undefined || seed === undefined || accumulate === undefined ? undefined : { batch, steps, seed, accumulate };
}

/** The recipe whose weights this one starts from; `none` takes back what it is like. */
function initFromOf(settings: Settings): string | undefined {
  const value = settings.value("init_from");
  if (!value || value.kind === "none" || value.kind === "poison") return undefined;
  const others = settings.recipeNames().filter((name) => name !== settings.decl.name.text);
  if (value.kind === "text" && others.includes(value.value)) return value.value;
  const span = settings.span("init_from");
  if (value.kind === "text") settings.world.report(errors.unknownInitial(span, value.value, nearest(value.value, others), others));
  else settings.world.report(errors.wrongSetting(span, "init_from", "the name of another recipe as a text, or `none`"));
  return undefined;
}

/** The built-in metrics that `metrics` names. */
function reportsOf(settings: Settings): readonly string[] {
  const { written, world, options } = settings;
  const known = ["bleu", "exact_match", "perplexity"];
  const set = options.set["recipe.metrics"];
  if (set !== undefined) {
    const names = set === "none" ? [] : set.split(",").map((name) => name.trim());
    const wrong = names.find((name) => !known.includes(name));
    if (wrong !== undefined) world.report(errors.unknownMetric(settings.span("metrics"), nearest(wrong, known), known));
    return names.filter((name) => known.includes(name));
  }
  return (written.get("metrics")?.values ?? []).flatMap((node) => {
    if (node.kind === "name" && known.includes(node.text)) return [node.text];
    world.report(errors.unknownMetric(node.span, node.kind === "name" ? nearest(node.text, known) : undefined, known));
    return [];
  });
}
