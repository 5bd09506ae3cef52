/**
 * A model's graph as a diagram: layers are boxes, residual sums are plus signs, a stack is drawn once, and so is a step of a scan. What
 * belongs to which layer is read off the dotted names of values; what flows where, off the equations.
 */
import type { Entry, Instance, Model } from "../../compiler/check/model.ts";
import { print } from "../../compiler/dim.ts";
import { accessesIn } from "../../compiler/ir/expr.ts";
import type { Value, ValueId } from "../../compiler/ir/graph.ts";
import { operandsOf, valuesById } from "../../compiler/ir/walk.ts";
import { addsBefore, nodeOf } from "./nodes.ts";
import { merged, ordered } from "./order.ts";
import type { Link } from "./order.ts";
import { first, frameOf, isElement, isFrame, keysOf, layersOf, ownerOf } from "./owners.ts";
import { copiesAround, scansOf } from "./scans.ts";
import type { Scan } from "./scans.ts";

export interface Node {
  readonly kind: "input" | "layer" | "add" | "step" | "state" | "output";
  /** "Attention", "place", the name of an input, of a scan what it carries: "h, c". */
  readonly title: string;
  /** "attend · 16.6 k". */
  readonly note: string;
  /** The `path` of the stack or scan that it is in; empty outside of them. */
  readonly stack: string;
}

/** Nodes by their place in the list, which is an order in which things are computed. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** "[B, T, 64]"; within a scan that of one step. */
  readonly shape: string;
  /** From one step of a scan back to the next. */
  readonly loop: boolean;
}

/** What is drawn once and happens several times. */
export interface Stack {
  /** Of its first layer; of a scan a name of its own. */
  readonly path: string;
  /** Beside the frame: "encoder". */
  readonly name: string;
  /** In the frame: "EncoderLayer", "Recurrent over S", "scan over T". */
  readonly title: string;
  /** Layers; 1 for a scan. */
  readonly times: number;
  /** A scan that is not a layer of a stack. */
  readonly isScan: boolean;
}

export interface Diagram {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly stacks: readonly Stack[];
}

export function diagramOf(model: Model, { graph, name }: Pick<Entry, "graph" | "name">): Diagram {
  const layers = layersOf(model.root);
  const values = valuesById(graph);
  const scans = scansOf(graph);
  const drawn = graph.values.filter(isDrawn);
  const whole = new Map(drawn.map((value) => [value.id, ownerOf(value, layers, scans)]));
  const copies = new Map([...copiesAround(graph, scans)].filter(([id]) => whole.get(id)?.box === undefined));
  const owners = new Map([...whole].filter(([id]) => !copies.has(id)));
  const keys = keysOf(graph, owners);
  const isWithin = (id: ValueId, reader?: ValueId): boolean => scans.some(({ within }) => within.has(id) && (reader === undefined || within.has(reader)));

  /** From the value that is read to the one that is drawn in its place. */
  const chainOf = (id: ValueId, reader: ValueId | undefined): readonly ValueId[] => {
    const value = values.get(id);
    // Behind a scan, what it carries is what its last step has left.
    if (value?.kind === "carry" && owners.get(id)?.box === undefined && !(reader !== undefined && isWithin(id, reader))) return [...chainOf(value.next, reader)];
    const from = copies.get(id);
    return from === undefined ? [id] : [id, ...chainOf(from, isWithin(id) ? id : reader)];
  };
  const links = new Map<string, Link>();
  const link = (id: ValueId, to: string, reader?: ValueId, loop = false): void => {
    const chain = chainOf(id, reader);
    const own = owners.get(chain.at(-1) as ValueId);
    const from = keys.get(chain.at(-1) as ValueId);
    const other = reader === undefined ? undefined : owners.get(reader);
    if (own === undefined || from === undefined || from === to || links.has(`${from} ${to}`)) return;
    // Of a stack, the way from one layer to the next is what "× n" says.
    if (other !== undefined && other.stack === own.stack && other.element !== own.element) return;
    const outside = chain.filter((one) => !isWithin(one)).at(-1);
    const inStep = outside === undefined && reader !== undefined && isWithin(reader);
    const shown = values.get(outside ?? (inStep ? (chain.at(-1) as ValueId) : id)) as Value;
    const shape = shapeOf(shown, inStep || shown.kind === "carry" ? 1 : 0);
    links.set(`${from} ${to}`, { from, to, shape, loop });
  };
  for (const value of graph.values) {
    const key = keys.get(value.id);
    if (key === undefined) continue;
    const loops = value.kind === "carry" && owners.get(value.id)?.box === undefined;
    for (const id of flowsInto(value)) link(id, key, value.id, loops && id === value.next);
  }
  const nodes = new Map<string, Node>();
  const summing = new Set<string>();
  for (const value of graph.values) {
    const own = owners.get(value.id);
    const key = keys.get(value.id);
    if (own === undefined || key === undefined) continue;
    // The last value says which function of a layer was called.
    if (own.box !== undefined || !nodes.has(key)) nodes.set(key, nodeOf(value, own, model, values, scans));
    if (own.box !== undefined && addsBefore(value, key, keys)) summing.add(key);
  }
  for (const [key, node] of nodes) if (summing.has(key)) nodes.set(key, { ...node, title: `Add & ${node.title}` });
  for (const output of graph.outputs) {
    if (output.state !== undefined || !whole.has(output.value)) continue;
    const key = `output ${output.name}`;
    nodes.set(key, { kind: "output", title: output.name, note: "", stack: "" });
    link(output.value, key);
  }
  const framed = scans.filter((scan) => isFrame(scan, layers));
  const used = new Set([...nodes.values()].map(({ stack }) => stack));
  return { title: `${model.name}.${name}`, ...ordered(merged(nodes, [...links.values()])), stacks: [...stacksOf(model.root, framed), ...scanFrames(framed)].filter(({ path }) => used.has(path)) };
}

/** Masks, tables and parameters are no flow. */
function isDrawn(value: Value): boolean {
  return (value.kind === "input" || value.kind === "equation" || value.kind === "carry") && value.type !== "bool";
}

/** What it is made of, and not what says which terms there are. */
function flowsInto(value: Value): readonly ValueId[] {
  return value.kind === "equation" ? [...new Set(accessesIn(value.body).map((access) => access.value))] : operandsOf(value);
}

function stacksOf(root: Instance, scans: readonly Scan[]): readonly Stack[] {
  const all: Instance[] = [];
  const visit = (instance: Instance): void => {
    if (isElement(instance)) all.push(instance);
    instance.children.forEach(visit);
  };
  visit(root);
  return all.map(({ path, layer }) => {
    const scan = scans.find((one) => first(one.path) === path);
    return { path, name: path.split(".").at(-2) ?? "", title: scan === undefined ? layer : `${layer} ${scan.over}`, times: all.filter((other) => first(other.path) === path).length, isScan: false };
  });
}

/** Those of stacks' layers are in the frames of the stacks. */
function scanFrames(scans: readonly Scan[]): readonly Stack[] {
  return scans.map((scan) => ({ path: frameOf(scan), name: scan.path.slice(scan.path.lastIndexOf(".") + 1), title: `scan ${scan.over}`, times: 1, isScan: true }));
}

/** Without so many axes in front. */
function shapeOf({ shape }: Value, from = 0): string {
  if (shape.length === from) return "a number";
  return `[${shape.slice(from).map((size) => print(size).replaceAll("*", "·")).join(", ")}]`;
}
