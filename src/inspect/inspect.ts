/** Values of a model as they are for one batch, by their names. */
import { compile, metricEntry } from "../../compiler/compile.ts";
import type { Entry, Model } from "../../compiler/check/model.ts";
import { print, type Dim } from "../../compiler/dim.ts";
import { checkObserved, gradientOutput, observableEntries, observables } from "../../compiler/observe.ts";
import type { Observable } from "../../compiler/observe.ts";
import { createSession } from "../../runtime/index.ts";
import type { Elements, Feed } from "../../runtime/index.ts";
import { evaluateSize, sizeNames } from "../../runtime/size.ts";
import { ModelRefused, recipeOf } from "../experiment/check.ts";
import { profileOf, sessionDevice } from "../experiment/compiled.ts";
import type { Device } from "../experiment/compiled.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { batchFor } from "./batch.ts";
import type { BatchRequest, GivenBatch } from "./batch.ts";
import { labelsOf } from "./labels.ts";
import type { Labels } from "./labels.ts";
import type { Subject } from "./subject.ts";

export interface InspectRequest extends BatchRequest {
  /** Names of values: `decoder.1.cross.weight`, `encoder.0` for what that layer gave, a parameter's path. */
  readonly observe?: readonly string[] | undefined;
  /** Names of values with respect to which the recipe's loss is differentiated, as in a step of training. */
  readonly gradients?: readonly string[] | undefined;
  /** The function to look into, `loss` for the recipe's; by default the first that computes the value and can be fed. */
  readonly entry?: string | undefined;
}

export interface Observation {
  readonly name: string;
  /** Of the loss with respect to the value. */
  readonly gradient: boolean;
  /** The function that computed it; absent for a parameter. */
  readonly entry?: string;
  readonly axes: readonly Axis[];
  readonly shape: readonly number[];
  /** Row-major; bool as 0 and 1. */
  readonly data: Elements;
}

export interface Axis {
  /** As the model writes it: "T", "4". */
  readonly size: string;
  /** Whether it is the examples of the batch. */
  readonly batch: boolean;
  /** What stands at each place, for each example: the tokens. */
  readonly labels?: Labels;
}

export interface Inspection {
  readonly observations: readonly Observation[];
  /** What the model wrote to the input. */
  readonly answer?: string;
  /** Rows of the data that were left out; 0 where none were read. */
  readonly badRows: number;
}

/** Entries that can be looked into, the one that the recipe writes with first. `loss` is as in validation: nothing is dropped. */
export function entriesToInspect(model: Model): readonly Entry[] {
  const { recipe } = model;
  const first = recipe?.generate?.entry ?? "forward";
  const own = observableEntries(model, metricEntry).toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
  return [...own, ...(recipe === undefined ? [] : [{ ...recipe.validationLoss, name: metricEntry(recipe.validationLoss.name) }])];
}

/** Computes just what is asked for; `on` may be a function that opens the device once all else is found right. Rejects with ModelRefused for names that there are not, and with what readSubject rejects with. */
export async function inspect(subject: Subject, on: Device | (() => Promise<Device>), request: InspectRequest): Promise<Inspection> {
  let opened: Promise<Device> | undefined;
  const openDevice = (): Promise<Device> => (opened ??= typeof on === "function" ? on() : Promise.resolve(on));
  const { model } = subject;
  const { observe = [], gradients = [] } = request;
  const entries = chosenEntries(model, request.entry);
  const loss = model.recipe?.loss;
  if (gradients.length > 0) recipeOf(model);
  const wrong = checkObserved(entries, observe, gradients, loss);
  if (wrong.length > 0) throw new ModelRefused(wrong);

  const known = new Map(entries.map((entry) => [entry, observables(entry)]));
  const isParameter = (name: string): boolean => entries.some((entry) => known.get(entry)!.get(name)?.kind === "parameter");
  const computed = observe.filter((name) => !isParameter(name));
  const batch = computed.length + gradients.length > 0 ? await batchFor(subject, request, openDevice) : undefined;
  const runs = batch === undefined ? [] : runsFor(entries, computed, gradients, loss, batch, (entry, name) => known.get(entry)?.has(name) === true);
  const device = await openDevice();
  const used = runs.map(({ program }) => program);
  const { program } = compile(model, {
    profile: profileOf(device.adapter), training: false, observe: computed, entries: used.length > 0 ? used : entries.slice(0, 1).map(({ name }) => name),
    ...(gradients.length > 0 ? { gradients } : {}),
  });
  const bounds = Object.fromEntries(program.sizes.map((name) => [name, Math.max(1, ...runs.map(({ feed }) => feed.sizes[name] ?? 1))]));
  const session = await createSession(program, { bounds, ...sessionDevice(device), seed: subject.seed, ...(used.length > 0 ? { entries: used } : {}) });
  try {
    subject.load(session);
    const found: Observation[] = [];
    for (const { program: name, entry, feed, values } of runs) {
      session.run(name, feed);
      for (const value of values) {
        const { data, shape } = await session.read(session.output(name, value.gradient ? gradientOutput(value.name) : value.name));
        const { shape: dims } = observables(entry).get(value.name)!;
        found.push({ name: value.name, gradient: value.gradient, entry: entry.name, shape, data, axes: axesOf(dims, entry, feed, batch!, subject) });
      }
    }
    for (const name of observe.filter(isParameter)) found.push(await parameter(name));
    const order = (one: Observation): number => (one.gradient ? observe.length + gradients.indexOf(one.name) : observe.indexOf(one.name));
    return { observations: found.sort((a, b) => order(a) - order(b)), badRows: batch?.badRows ?? 0, ...(batch?.answer === undefined ? {} : { answer: batch.answer }) };
  } finally {
    session.dispose();
  }

  async function parameter(name: string): Promise<Observation> {
    const { shape } = [...known.values()].flatMap((map) => map.get(name) ?? [])[0]!;
    const kind = model.running.some(({ path }) => path === name) ? "running" : "parameter";
    const sizes = shape.map((dim) => evaluateSize(dim, {}));
    return { name, gradient: false, shape: sizes, data: await session.readState(name, kind), axes: shape.map((dim) => ({ size: print(dim), batch: false, ...tableLabels(evaluateSize(dim, {}), subject) })) };
  }
}

/** A table with a row for each token. */
function tableLabels(size: number, { tokenizer }: Subject): { readonly labels?: Labels } {
  return tokenizer?.size === size ? { labels: [Array.from({ length: size }, (_, id) => tokenizer.token(id))] } : {};
}

function chosenEntries(model: Model, name: string | undefined): readonly Entry[] {
  const all = entriesToInspect(model);
  if (name === undefined) return all;
  const found = all.filter((entry) => entry.name === name || entry.name === metricEntry(name));
  if (found.length > 0) return found.slice(0, 1);
  throw new CommandFailure({ code: "unknown-entry", exit: exitCodes.usage, message: `there is no function \`${name}\` to look into`, remedy: `there are ${all.map((entry) => entry.name).join(", ")}` });
}

interface InspectRun {
  /** The entry's name in the program. */
  readonly program: string;
  readonly entry: Entry;
  readonly feed: Feed;
  readonly values: readonly { readonly name: string; readonly gradient: boolean }[];
}

/** Each value in the first entry that computes it and can be fed, but all in one where one will do. */
function runsFor(entries: readonly Entry[], names: readonly string[], gradients: readonly string[], loss: Entry | undefined, batch: GivenBatch, computes: (entry: Entry, name: string) => boolean): readonly InspectRun[] {
  const fed = new Map(entries.flatMap((entry) => { const feed = feedFor(entry, batch); return feed === undefined ? [] : [[entry, feed] as const]; }));
  const chosen = new Map<Entry, string[]>();
  for (const name of names) {
    const able = [...fed.keys()].filter((entry) => computes(entry, name));
    const entry = able.find((one) => chosen.has(one)) ?? able[0];
    if (entry === undefined) throw unfed(entries.filter((one) => computes(one, name)), name, batch);
    chosen.set(entry, [...(chosen.get(entry) ?? []), name]);
  }
  const runs = [...chosen].map(([entry, own]): InspectRun => ({ program: entry.name, entry, feed: fed.get(entry)!, values: own.map((name) => ({ name, gradient: false })) }));
  if (gradients.length === 0 || loss === undefined) return runs;
  const feed = feedFor(loss, batch);
  if (feed === undefined) throw unfed([loss], gradients[0]!, batch);
  return [...runs, { program: "grad", entry: loss, feed, values: gradients.map((name) => ({ name, gradient: true })) }];
}

/** The fields by their names, or by their roles in writing; undefined where one is missing. */
function feedFor({ inputs }: Entry, batch: GivenBatch): Feed | undefined {
  const roles = [batch.written?.grows, batch.written?.reads];
  const byRole = inputs.length <= 2 && inputs.every(({ name }) => batch.fields[name] === undefined);
  const fields: Record<string, Elements> = {};
  const sizes: Record<string, number> = {};
  const composite: (readonly [dim: Dim, extent: number])[] = [];
  for (const [at, { name, shape, type }] of inputs.entries()) {
    const field = byRole ? roles[at] : name;
    const data = field === undefined ? undefined : batch.fields[field];
    const extents = field === undefined ? undefined : batch.shapes.get(field);
    if (data === undefined || extents === undefined || extents.length !== shape.length || data instanceof Float32Array !== (type === "f32")) return undefined;
    fields[name] = data;
    for (const [axis, dim] of shape.entries()) {
      const [size] = sizeNames(dim);
      if (size !== undefined && print(dim) === size) {
        if ((sizes[size] ?? extents[axis]) !== extents[axis]) return undefined;
        sizes[size] = extents[axis]!;
      } else composite.push([dim, extents[axis]!]);
    }
  }
  // Another field may say what B is where this one has 4 B rows.
  if (composite.some(([dim, extent]) => sizeNames(dim).some((name) => sizes[name] === undefined) || evaluateSize(dim, sizes) !== extent)) return undefined;
  return { sizes, fields, step: 1 };
}

function unfed([entry]: readonly Entry[], name: string, { fields }: GivenBatch): CommandFailure {
  const missing = entry?.inputs.map((input) => input.name).filter((input) => fields[input] === undefined) ?? [];
  const message = entry === undefined ? `no function that can be looked into computes \`${name}\`` : `\`${name}\` is computed by \`${entry.name}\`, which needs ${missing.join(" and ") || "other shapes"} beside ${Object.keys(fields).join(", ")}`;
  return new CommandFailure({ code: "input-missing", exit: exitCodes.usage, message, remedy: "take an example of the data (--example N), or look into another function (--entry NAME)" });
}

function axesOf(dims: Observable["shape"], entry: Entry, { sizes, fields }: Feed, batch: GivenBatch, subject: Subject): readonly Axis[] {
  const rows = new Set(entry.inputs.filter(({ name }) => batch.shared?.includes(name) !== true).flatMap(({ shape }) => shape.slice(0, 1)).map(print));
  const labels = labelsOf(entry, { sizes, fields: fields as Readonly<Record<string, Elements>> }, dims.map(print), batch, subject.tokenizer);
  return dims.map((dim) => {
    const size = print(dim);
    const found = labels.get(size);
    return { size, batch: rows.has(size), ...(found === undefined ? {} : { labels: found }) };
  });
}
