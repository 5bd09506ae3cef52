/**
 * A model's graph as a diagram: layers are boxes, residual sums are plus signs, a stack is drawn once. What belongs to which layer is read
 * off the dotted names of values; what flows where, off the equations.
 */
import type { Entry, Instance, Model } from "../../compiler/check/model.ts";
import { print } from "../../compiler/dim.ts";
import { visitExpr } from "../../compiler/ir/expr.ts";
import type { Expr, Graph, Value, ValueId } from "../../compiler/ir/graph.ts";
import { operandsOf, valuesById } from "../../compiler/ir/walk.ts";
import { short } from "../report/text.ts";

export interface Node {
  readonly kind: "input" | "layer" | "add" | "step" | "output";
  /** "Attention", "place", the name of an input. */
  readonly title: string;
  /** "attend · 16.6 k". */
  readonly note: string;
  /** The path of the first layer of the stack that it is in; empty outside of stacks. */
  readonly stack: string;
}

/** Nodes by their place in the list, which is an order in which things are computed. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** "[B, T, 64]". */
  readonly shape: string;
}

export interface Diagram {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly stacks: readonly { readonly path: string; readonly name: string; readonly layer: string; readonly times: number }[];
}

export function diagramOf(model: Model, { graph, name }: Pick<Entry, "graph" | "name">): Diagram {
  const layers = layersOf(model.root);
  const values = valuesById(graph);
  const owners = new Map(graph.values.flatMap((value) => (isDrawn(value) ? [[value.id, ownerOf(value, layers)] as const] : [])));
  const keys = keysOf(graph, owners);
  const links = new Map<string, { from: string; to: string; shape: string }>();
  const link = (from: ValueId, to: string): void => {
    const key = keys.get(from) as string;
    if (key !== to && !links.has(`${key} ${to}`)) links.set(`${key} ${to}`, { from: key, to, shape: shapeOf(values.get(from) as Value) });
  };
  for (const value of graph.values) {
    const own = owners.get(value.id);
    if (own === undefined) continue;
    for (const id of operandsOf(value)) {
      const other = owners.get(id);
      // Of a stack, the way from one layer to the next is what "× n" says.
      if (other !== undefined && !(other.stack === own.stack && other.element !== own.element)) link(id, keys.get(value.id) as string);
    }
  }
  const nodes = new Map<string, Node>();
  const summing = new Set<string>();
  for (const value of graph.values) {
    const own = owners.get(value.id);
    const key = keys.get(value.id);
    if (own === undefined || key === undefined) continue;
    // The last value says which function of a layer was called.
    if (own.box !== undefined || !nodes.has(key)) nodes.set(key, nodeOf(value, own, model, values));
    if (own.box !== undefined && addsBefore(value, key, keys)) summing.add(key);
  }
  for (const [key, node] of nodes) if (summing.has(key)) nodes.set(key, { ...node, title: `Add & ${node.title}` });
  for (const output of graph.outputs) {
    const own = keys.get(output.value);
    if (output.state !== undefined || own === undefined) continue;
    const key = `output ${output.name}`;
    nodes.set(key, { kind: "output", title: output.name, note: "", stack: "" });
    link(output.value, key);
  }
  return { title: `${model.name}.${name}`, ...ordered(merged(nodes, [...links.values()])), stacks: stacksOf(model.root, new Set([...nodes.values()].map(({ stack }) => stack))) };
}

interface Layers {
  /** Layers that are drawn as one box, by path. */
  readonly boxes: ReadonlyMap<string, Instance>;
  /** Of the layers of stacks, and of those with stacks in them. */
  readonly frames: ReadonlySet<string>;
}

/** A layer is a frame and not a box if it is one of a stack or has a stack in it. */
function layersOf(root: Instance): Layers {
  const boxes = new Map<string, Instance>();
  const frames = new Set<string>();
  const visit = (instance: Instance): void => {
    for (const child of instance.children) {
      if (isElement(child) || hasStack(child)) {
        frames.add(child.path);
        visit(child);
      } else boxes.set(child.path, child);
    }
  };
  visit(root);
  return { boxes, frames };
}

const isElement = ({ path }: Instance): boolean => /\.\d+$/.test(path);
const hasStack = ({ children }: Instance): boolean => children.some((child) => isElement(child) || hasStack(child));

/** Masks, tables and parameters are no flow. */
function isDrawn(value: Value): boolean {
  return (value.kind === "input" || value.kind === "equation") && value.type !== "bool";
}

interface Owner {
  /** Where all stacks stand at their first layer. */
  readonly path: string;
  readonly box?: Instance;
  /** The path of the stack's first layer, or empty. */
  readonly stack: string;
  /** The path of the layer of the stack, or empty. */
  readonly element: string;
}

function ownerOf({ name, kind }: Value, { boxes, frames }: Layers): Owner {
  if (kind === "input") return { path: name, stack: "", element: "" };
  const parts = name.split(".");
  // `blocks.0` is what a layer of a stack gives, `blocks.0.x` a step on the way.
  const outer = parts.findLastIndex((_, at) => frames.has(plain(parts.slice(0, at + 1).join(".")))) + 1;
  const frame = plain(parts.slice(0, outer).join("."));
  const element = /^.*\.\d+(?=\.|$)/.exec(frame)?.[0] ?? "";
  const stack = first(element);
  for (let length = 1; length < parts.length; length++) {
    const box = boxes.get(parts.slice(0, length).join("."));
    if (box !== undefined) return { path: first(box.path), box, stack, element };
  }
  // `place.x` is a step of the function `place`; `encoder.0.x` stands for itself.
  return { path: parts.length - outer > 1 ? first(parts.slice(0, outer + 1).join(".")) : first(name), stack, element };
}

/** `x` of `x~2`, the second value of the name. */
const plain = (name: string): string => name.replace(/~\d+$/, "");
/** In the first layer of every stack. */
const first = (path: string): string => path.replace(/\.\d+(?=\.|$)/g, ".0");

/**
 * The node of every value. In a stack a layer is called once; elsewhere values of one layer belong together only if they are connected, so
 * that an embedding used twice is drawn twice.
 */
function keysOf(graph: Graph, owners: ReadonlyMap<ValueId, Owner>): ReadonlyMap<ValueId, string> {
  const parents = new Map<ValueId, ValueId>();
  const find = (id: ValueId): ValueId => {
    const parent = parents.get(id) ?? id;
    return parent === id ? id : find(parent);
  };
  for (const value of graph.values) {
    const own = owners.get(value.id);
    if (own === undefined || own.stack !== "") continue;
    for (const id of operandsOf(value)) if (owners.get(id)?.path === own.path && value.kind === "equation") parents.set(find(value.id), find(id));
  }
  return new Map([...owners].map(([id, { path, stack }]) => [id, stack === "" ? `${path} ${find(id)}` : path]));
}

function nodeOf(value: Value, { box, path, stack }: Owner, model: Model, values: ReadonlyMap<ValueId, Value>): Node {
  if (value.kind === "input") return { kind: "input", title: value.field, note: "", stack: "" };
  if (box !== undefined) {
    const count = model.parameters.filter((parameter) => parameter.path.startsWith(`${box.path}.`)).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const heads = box.hyperparameters.find(([name]) => name === "heads")?.[1];
    const causal = box.hyperparameters.some(([name, text]) => name === "causal" && text === "true");
    const called = value.name.split(".").slice(value.name.split(".").indexOf(box.path.split(".").at(-1) as string) + 1, -1)[0];
    const method = called === undefined || box.children.some(({ path: child }) => child === `${box.path}.${called}`) ? "" : `.${called}`;
    const notes = [`${box.path.split(".").at(-1)}${method}`, ...(heads === undefined ? [] : [`${heads} heads`]), ...(causal ? ["causal"] : []), ...(count === 0 ? [] : [short(count)])];
    return { kind: "layer", title: box.layer, note: notes.join(" · "), stack };
  }
  return { kind: isSum(value, values) ? "add" : "step", title: plain(path.split(".").at(-1) ?? path), note: "", stack };
}

/** Whether a layer reads the sum of two values from elsewhere, as in `norm(x + attend(x))`, whose sum is no value of its own. */
function addsBefore(value: Value, key: string, keys: ReadonlyMap<ValueId, string>): boolean {
  let found = false;
  const outside = (expr: Expr): string | undefined => (expr.kind === "access" && keys.get(expr.value) !== key ? keys.get(expr.value) : undefined);
  if (value.kind !== "equation") return false;
  visitExpr(value.body, (node) => {
    if (node.kind !== "apply" || node.op !== "add") return;
    const [a, b] = node.args.map(outside);
    found ||= a !== undefined && b !== undefined && a !== b;
  });
  return found;
}

/** `x + y` of two whole values. */
function isSum(value: Value, values: ReadonlyMap<ValueId, Value>): boolean {
  if (value.kind !== "equation" || value.reduce !== undefined || value.body.kind !== "apply" || value.body.op !== "add") return false;
  return value.body.args.every((arg) => arg.kind === "access" && arg.slots.length === value.shape.length && values.get(arg.value)?.kind === "equation");
}

interface Link {
  readonly from: string;
  readonly to: string;
  readonly shape: string;
}

interface Nodes {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly links: readonly Link[];
}

/** What lies between two parts of a layer, such as the rotation of its queries, is taken into the layer: no circles are left. */
function merged(nodes: ReadonlyMap<string, Node>, links: readonly Link[]): Nodes {
  const next = new Map<string, string[]>();
  for (const { from, to } of links) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [...(next.get(start) ?? [])];
    for (let at = open.pop(); at !== undefined; at = open.pop()) if (!seen.has(at)) open.push(...(next.get(at) ?? []), ...(seen.add(at), []));
    return seen;
  };
  const reached = new Map([...nodes.keys()].map((key) => [key, reach(key)]));
  const into = new Map<string, string>();
  for (const key of nodes.keys()) {
    if (reached.get(key)?.has(key) !== true) continue;
    const circle = [...nodes.keys()].filter((other) => reached.get(key)?.has(other) && reached.get(other)?.has(key));
    // The layer of the stack itself, not the helper that many share.
    into.set(key, circle.find((other) => nodes.get(other)?.kind === "layer" && nodes.get(other)?.stack !== "") ?? (circle[0] as string));
  }
  const to = (key: string): string => into.get(key) ?? key;
  const kept = new Map<string, Link>();
  for (const link of links) {
    const changed = { ...link, from: to(link.from), to: to(link.to) };
    if (changed.from !== changed.to && !kept.has(`${changed.from} ${changed.to}`)) kept.set(`${changed.from} ${changed.to}`, changed);
  }
  return { nodes: new Map([...nodes].filter(([key]) => to(key) === key)), links: [...kept.values()] };
}

/** In an order of computation that leaves a stack only when all of it is done; what leads nowhere is left out. */
function ordered({ nodes, links }: Nodes): Pick<Diagram, "nodes" | "edges"> {
  const useful = new Set([...nodes].filter(([, { kind }]) => kind === "output").map(([key]) => key));
  for (let grown = -1; grown !== useful.size; ) {
    grown = useful.size;
    for (const { from, to } of links) if (useful.has(to)) useful.add(from);
  }
  // A count that reads a mask alone.
  for (const [key, { kind }] of nodes) if (kind === "step" && !links.some(({ to }) => to === key)) useful.delete(key);
  const left = [...nodes.keys()].filter((key) => useful.has(key));
  const order: string[] = [];
  const placed = new Set<string>();
  while (left.length > 0) {
    const ready = left.filter((key) => links.every(({ from, to }) => to !== key || placed.has(from) || !useful.has(from)));
    const stack = nodes.get(order.at(-1) ?? "")?.stack ?? "";
    const chosen = ready.find((key) => stack !== "" && nodes.get(key)?.stack === stack) ?? ready[0];
    if (chosen === undefined) throw new Error("internal: a diagram goes in circles");
    order.push(chosen);
    placed.add(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  const at = new Map(order.map((key, place) => [key, place]));
  const edges = links.flatMap(({ from, to, shape }) => (at.has(from) && at.has(to) ? [{ from: at.get(from) as number, to: at.get(to) as number, shape }] : []));
  return { nodes: order.map((key) => nodes.get(key) as Node), edges };
}

function stacksOf(root: Instance, drawn: ReadonlySet<string>): Diagram["stacks"] {
  const all: Instance[] = [];
  const visit = (instance: Instance): void => {
    if (isElement(instance)) all.push(instance);
    instance.children.forEach(visit);
  };
  visit(root);
  return all.filter(({ path }) => drawn.has(path)).map(({ path, layer }) => ({ path, name: path.split(".").at(-2) ?? "", layer, times: all.filter((other) => first(other.path) === path).length }));
}

function shapeOf({ shape }: Value): string {
  if (shape.length === 0) return "a number";
  return `[${shape.map((size) => print(size).replaceAll("*", "·")).join(", ")}]`;
}
