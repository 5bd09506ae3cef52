/**
 * What a model's layers cost, as polynomials in the sizes of a batch: arithmetic of its products and memory of its activations.
 *
 * FLOPs are those of products alone, two for each multiplication with its addition, masked terms counted: what papers mean by a
 * model's FLOPs. They are read off the graphs before any pass, so they say what the model asks for and not how kernels go about it.
 */
import type { Instance, Model } from "./check/model.ts";
import * as dims from "./dim.ts";
import type { Dim } from "./dim.ts";
import { indicesIn } from "./ir/expr.ts";
import type { Graph, Value, ValueId } from "./ir/graph.ts";
import { indexSizes, operandsOf, valuesById } from "./ir/walk.ts";
import { contraction } from "./passes/fuse/contraction.ts";
import { ungrouped } from "./passes/group.ts";
import { routedGradient, routedProducts } from "./passes/group/routed.ts";
import type { Entry } from "../runtime/program.ts";
import { elementCount } from "../runtime/size.ts";

/** A layer with everything in it; equal layers of a stack are one, and its figures are those of all together. */
export interface LayerCost {
  readonly path: string;
  readonly name: string;
  readonly layer: string;
  readonly times: number;
  /** Elements. */
  readonly parameters: number;
  readonly forward: Dim;
  /** Of a training step, forward included; equal to `forward` where nothing is trained. */
  readonly step: Dim;
  /** Bytes that the forward part of a training step writes for itself or the backward part to read. */
  readonly activations: Dim;
  readonly children: readonly LayerCost[];
}

export interface CostedGraphs {
  readonly forward: Graph;
  /** With gradients. */
  readonly step?: Graph | undefined;
  /** The planned `grad`, for what is kept in memory. */
  readonly plan?: Pick<Entry, "temporaries"> | undefined;
}

/** The whole model as a layer without a name. */
export function modelCost(model: Pick<Model, "root" | "parameters">, { forward, step, plan }: CostedGraphs): LayerCost {
  const paths = new Set<string>();
  const note = ({ path, children }: Instance): void => {
    paths.add(path);
    children.forEach(note);
  };
  note(model.root);
  const own = new Tally(paths, model.root.path);
  const forwardValues = valuesById(forward), stepValues = step === undefined ? forwardValues : valuesById(step);
  for (const value of forward.values) own.add("forward", value.name, productFlops(value, forwardValues));
  const forwards = new Set(forward.values.map(({ name }) => name));
  for (const value of step?.values ?? forward.values) {
    const flops = productFlops(value, stepValues);
    if (flops.length > 0) own.add("step", step === undefined || forwards.has(value.name) ? value.name : gradientOf(value, step, forwards), flops);
  }
  for (const { name, shape } of plan?.temporaries ?? []) if (forwards.has(ungrouped(name))) own.add("activations", name, dims.multiply(dims.constant(4), ...shape));
  for (const { path, shape } of model.parameters) own.add("parameters", path, dims.constant(elementCount(shape)));
  return costOf(model.root, own);
}

/**
 * The name by which a gradient's product is counted. The gradient of a product's factor has the name of what gave that factor, maybe
 * in another layer; whose product it is, the parameter in it tells, or else the gradient that it is made of.
 */
function gradientOf(value: Value, step: Graph, forwards: ReadonlySet<string>): string {
  if (step.outputs.some((output) => output.value === value.id)) return value.name;
  const values = operandsOf(value).map((id) => step.values.find((other) => other.id === id));
  const weight = values.find((other) => other?.kind === "state" && other.state.kind === "parameter");
  return (weight ?? values.find((other) => other?.kind === "equation" && !forwards.has(other.name)) ?? value).name;
}

/**
 * 2 · (every index of a sum of products), and 0 for whatever is none. Of matrices that each row chooses from, a row meets the one that
 * it chose: two of four experts cost what two cost.
 */
export function productFlops(value: Value, values: ReadonlyMap<ValueId, Value>): Dim {
  if (value.kind !== "equation" || value.reduce === undefined) return dims.ZERO;
  const points = dims.multiply(dims.constant(2), ...indexSizes(value));
  const chosen = routedGradient(value, values);
  if (chosen) return dims.divide(points, value.shape[chosen.axis]!) ?? points;
  // A sum over all axes of the matrix takes a product that is counted already, and what it meets, once more.
  const rank = value.shape.length;
  if (routedProducts(value, values).some(({ weight, columns }) => columns.every((at) => indicesIn(weight.slots[at]!).every((index) => index < rank)))) return points;
  const { where: _, ...reduce } = value.reduce;
  return contraction({ ...value, reduce }) === undefined ? dims.ZERO : points;
}

type Figure = "parameters" | "forward" | "step" | "activations";

/** Figures by the innermost layer whose path a name begins with. */
class Tally {
  readonly #paths: ReadonlySet<string>;
  readonly #root: string;
  readonly #found = new Map<string, Dim>();

  constructor(paths: ReadonlySet<string>, root: string) {
    this.#paths = paths;
    this.#root = root;
  }

  add(figure: Figure, name: string, amount: Dim): void {
    if (amount.length === 0) return;
    let path = name;
    while (path !== "" && !this.#paths.has(path)) path = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    const key = `${figure} ${path === "" ? this.#root : path}`;
    this.#found.set(key, dims.add(this.#found.get(key) ?? dims.ZERO, amount));
  }

  get(figure: Figure, path: string): Dim {
    return this.#found.get(`${figure} ${path}`) ?? dims.ZERO;
  }
}

function costOf(instance: Instance, own: Tally): LayerCost {
  const each = instance.children.map((child) => costOf(child, own));
  const total = (figure: "forward" | "step" | "activations"): Dim => dims.add(own.get(figure, instance.path), ...each.map((child) => child[figure]));
  return {
    path: instance.path,
    name: instance.path.split(".").at(-1) ?? "",
    layer: instance.layer,
    times: 1,
    parameters: (dims.asNumber(own.get("parameters", instance.path)) ?? 0) + each.reduce((sum, { parameters }) => sum + parameters, 0),
    forward: total("forward"),
    step: total("step"),
    activations: total("activations"),
    children: folded(each),
  };
}

/** Neighbours of one stack with the same layers in them are added up. */
function folded(children: readonly LayerCost[]): readonly LayerCost[] {
  const kept: LayerCost[] = [];
  for (const child of children) {
    const before = kept.at(-1);
    const stack = stackOf(child);
    if (before === undefined || stack === undefined || stack !== stackOf(before) || form(before) !== form(child)) kept.push(child);
    else kept[kept.length - 1] = summed(before, child);
  }
  return kept.map((child) => {
    const stack = stackOf(child);
    if (stack === undefined) return child;
    const name = stack.slice(stack.lastIndexOf(".") + 1);
    // Of layers that differ each says which it is, or the first of those alike.
    const isAll = kept.every((other) => other === child || stackOf(other) !== stack);
    return { ...child, name: isAll ? name : `${name}.${child.name}` };
  });
}

/** `encoder` of `encoder.3`. */
function stackOf({ path }: LayerCost): string | undefined {
  return /^(.+)\.\d+$/.exec(path)?.[1];
}

const form = ({ layer, children }: LayerCost): string => JSON.stringify([layer, ...children.map((child) => [child.name, child.times, form(child)])]);

function summed(a: LayerCost, b: LayerCost): LayerCost {
  return {
    ...a,
    times: a.times + b.times,
    parameters: a.parameters + b.parameters,
    forward: dims.add(a.forward, b.forward),
    step: dims.add(a.step, b.step),
    activations: dims.add(a.activations, b.activations),
    children: a.children.map((child, at) => ({ ...summed(child, b.children[at] ?? child), times: child.times })),
  };
}
