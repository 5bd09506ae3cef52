import os from "node:os";
import type { Instance, Model } from "../../compiler/check/model.ts";
import type { Sizes } from "../../runtime/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { classList } from "../data-sources/index.ts";
import { adapterEnvironment } from "../gpu/environment.ts";
import { packageRoot } from "../package-root.ts";
import { diagramOf } from "../draw/diagram.ts";
import { diagramSvg } from "../draw/svg.ts";
import { bytesText } from "../report/text.ts";
import type { Fact, RunFacts } from "../report/data.ts";
import { versions } from "../versions.ts";
import { recipeOf } from "./check.ts";
import { decidingFigure } from "./evaluating.ts";
import { phaseEnd } from "./phases.ts";
import { countedOf } from "./counted.ts";
import type { DataRecord } from "./data.ts";
import { initialText } from "./initial-text.ts";
import type { InitialRecord } from "./initial.ts";
import type { Settings } from "./settings.ts";
import type { SavedSource } from "./source.ts";

export interface DescribedRun {
  readonly folder: string;
  readonly model: Model;
  readonly sources: readonly SavedSource[];
  readonly settings: Settings;
  readonly data: DataRecord;
  readonly tokenizer: Tokenizer | undefined;
  /** The largest size of each name. */
  readonly bounds: Sizes;
  readonly stepsPerEpoch?: number | undefined;
  /** Where its first weights were not drawn. */
  readonly initial?: InitialRecord | undefined;
  /** Absent where it is told of a run that is long over: then this machine is not said to be its own. */
  readonly machine?: { readonly adapter: { readonly name: string; readonly hardware: boolean }; readonly gpuBytes: number } | undefined;
}

/** What the report of a run says beside its log. */
export function factsOf({ folder, model, sources, settings, data, tokenizer, bounds, stepsPerEpoch, initial, machine }: DescribedRun): RunFacts {
  const recipe = recipeOf(model);
  const optional = (title: string, text: string | number | undefined): readonly Fact[] => (text === undefined || text === "" ? [] : [[title, count(text)]]);
  return {
    format: 1,
    title: folder,
    model: {
      name: model.name,
      sources,
      sizes: model.root.hyperparameters,
      parameters: model.parameters.map(({ path, shape }) => ({ path, shape })),
      layers: Object.fromEntries(layersOf(model.root)),
      ...diagramFigure(model),
    },
    steps: recipe.steps,
    recipe: [
      ["name", recipe.name],
      ["optimizer", recipe.optimizer.name],
      ...optional("frozen", frozenParameters(model).map(({ path }) => path).join(", ")),
      ["steps", count(recipe.steps)],
      ["batch", recipe.accumulate > 1 ? `${recipe.batch} in ${recipe.accumulate} parts` : String(recipe.batch)],
      ...optional("steps in an epoch", stepsPerEpoch),
      ...optional("gradient clipped at", recipe.clip),
      ...optional("weights averaged, keeping", recipe.average),
      ...optional("phases", (recipe.phases ?? []).map(({ until, ...changes }) => `up to ${count(phaseEnd(until, recipe.steps))}: ${Object.entries(changes).map(([name, value]) => `${name} ${value}`).join(", ")}`).join("; ")),
      ...optional("evaluated", recipe.evaluate === undefined ? undefined : `every ${count(recipe.evaluate)} steps, by ${decidingFigure(recipe).replaceAll("_", " ")}${recipe.patience === undefined ? "" : `; ends after ${recipe.patience} that are no better`}`),
      ["seed", String(recipe.seed)],
      ...optional("first weights", initial && initialText(initial).join("; ")),
      ...optional("metrics", [...recipe.reports, ...recipe.metrics.map(({ name }) => name)].join(", ").replaceAll("_", " ")),
      ...optional("decoding", recipe.generate?.method),
      ...optional("set beside the file", Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(" ")),
    ],
    counted: countedOf(data.unit),
    data: [
      ["file", data.path],
      ["SHA-256", data.sha256],
      [data.unit, `${count(data.examples)} to train on${data.validation === undefined ? "" : `, ${count(data.validation)} for validation`}`],
      ...optional("classes", data.classes && classList(data.classes)),
      ...optional("bad rows left out", data.badRows),
      ...optional("drawn from", data.cldr === undefined ? undefined : `CLDR ${data.cldr}`),
      ...(tokenizer === undefined ? [] : [["tokenizer", `${recipe.tokenizer?.kind ?? "saved"}, ${count(tokenizer.size)} tokens`] as const]),
      ["largest batch", Object.entries(bounds).map(([name, value]) => `${name} = ${value}`).join(", ")],
    ],
    machine: machine === undefined ? [] : [
      ["adapter", `${machine.adapter.name}, ${machine.adapter.hardware ? "a GPU" : "computes on the CPU"}`],
      ["GPU buffers", bytesText(machine.gpuBytes)],
      ["processor", `${os.cpus()[0]?.model.trim() ?? "unknown"}, ${os.cpus().length} threads`],
      ["memory", bytesText(os.totalmem())],
    ],
    versions: machine === undefined ? [] : Object.entries(versions(adapterEnvironment(packageRoot, process.env))),
    sittings: [],
    samples: [],
  };
}

/** Those that the recipe's optimizer leaves alone. */
export function frozenParameters(model: Model): Model["parameters"] {
  const trained = new Set(recipeOf(model).optimizer.groups.flatMap(({ paths }) => paths));
  return model.parameters.filter(({ path }) => !trained.has(path));
}

function layersOf({ path, layer, children }: Instance): readonly (readonly [string, string])[] {
  return [[path, layer], ...children.flatMap(layersOf)];
}

/** Of the function that generates, or else of the model's first. */
function diagramFigure(model: Model): { readonly figure?: string } {
  const name = model.recipe?.generate?.entry ?? "forward";
  const entry = model.entries.find((one) => one.name === name) ?? model.entries[0];
  const diagram = entry === undefined ? undefined : diagramOf(model, entry);
  return diagram === undefined || diagram.nodes.length === 0 ? {} : { figure: diagramSvg(diagram) };
}

const count = (value: string | number): string => (typeof value === "number" ? value.toLocaleString("en-US") : value);
