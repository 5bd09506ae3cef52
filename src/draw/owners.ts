/** Which layer, stack or scan of a figure a value belongs to, read off its dotted name. */
import type { Instance } from "../../compiler/check/model.ts";
import type { Graph, Value, ValueId } from "../../compiler/ir/graph.ts";
import { operandsOf } from "../../compiler/ir/walk.ts";
import type { Scan } from "./scans.ts";

export interface Layers {
  /** Layers that are drawn as one box, by path. */
  readonly boxes: ReadonlyMap<string, Instance>;
  /** Of the layers that are drawn by what is in them. */
  readonly frames: ReadonlySet<string>;
}

/** A layer is drawn by what is in it, and not as a box, if it is one of a stack or its layers have layers themselves. */
export function layersOf(root: Instance): Layers {
  const boxes = new Map<string, Instance>();
  const frames = new Set<string>();
  const visit = (instance: Instance): void => {
    for (const child of instance.children) {
      if (isElement(child) || child.children.some((inner) => isElement(inner) || inner.children.length > 0)) {
        frames.add(child.path);
        visit(child);
      } else boxes.set(child.path, child);
    }
  };
  visit(root);
  return { boxes, frames };
}

export const isElement = ({ path }: Instance): boolean => /\.\d+$/.test(path);
/** `x` of `x~2`, the second value of the name. */
export const plain = (name: string): string => name.replace(/~\d+$/, "");
/** In the first layer of every stack. */
export const first = (path: string): string => path.replace(/\.\d+(?=\.|$)/g, ".0");

export interface Owner {
  /** Where all stacks stand at their first layer. */
  readonly path: string;
  readonly box?: Instance;
  /** The path of the stack's first layer or of the scan, or empty. */
  readonly stack: string;
  /** The path of the layer of the stack, or empty. */
  readonly element: string;
}

export function ownerOf(value: Value, layers: Layers, scans: readonly Scan[]): Owner {
  if (value.kind === "input") return { path: value.name, stack: "", element: "" };
  const own = layerOf(value.name, layers);
  const scan = scans.find(({ within }) => within.has(value.id));
  if (scan === undefined || !isFrame(scan, layers)) return own;
  const stack = own.stack === "" ? frameOf(scan) : own.stack;
  if (value.kind === "carry") return { path: `${first(scan.path)} ${stateOf(scan)}`, stack, element: own.element };
  if (own.box !== undefined) return { ...own, stack };
  // A step of the scan by its own name, and not by that of the function that they all stand in.
  const inner = value.name.startsWith(`${scan.path}.`) ? value.name.slice(scan.path.length + 1).split(".")[0] : undefined;
  return { ...own, stack, path: inner === undefined ? own.path : first(`${scan.path}.${inner}`) };
}

/** A scan inside of a box is part of the box. */
export const isFrame = ({ carries }: Scan, layers: Layers): boolean => carries.every(({ name }) => layerOf(name, layers).box === undefined);
/** What a scan outside of stacks is called as a frame: two of one function differ in what they carry. */
export const frameOf = (scan: Scan): string => `${scan.path} ${stateOf(scan)}`;
/** "h, c". */
const stateOf = ({ carries }: Scan): string => carries.map(({ name }) => plain(name.slice(name.lastIndexOf(".") + 1))).join(", ");

function layerOf(name: string, { boxes, frames }: Layers): Owner {
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
  // Of a layer with several results each is `encoder.0`.
  if (outer > 0 && parts.length === outer) return { path: first(frame), stack, element };
  // `place.x` is a step of the function `place`; `encoder.0.x` stands for itself.
  return { path: parts.length - outer > 1 ? first(parts.slice(0, outer + 1).join(".")) : first(name), stack, element };
}

/**
 * The node of every value. In a stack or a scan a layer is called once; elsewhere values of one layer belong together only if they are
 * connected, so that an embedding used twice is drawn twice.
 */
export function keysOf(graph: Graph, owners: ReadonlyMap<ValueId, Owner>): ReadonlyMap<ValueId, string> {
  const parents = new Map<ValueId, ValueId>();
  const find = (id: ValueId): ValueId => {
    const parent = parents.get(id) ?? id;
    return parent === id ? id : find(parent);
  };
  for (const value of graph.values) {
    const own = owners.get(value.id);
    if (own === undefined || own.stack !== "" || value.kind === "input") continue;
    for (const id of operandsOf(value)) if (owners.get(id)?.path === own.path && owners.get(id)?.stack === "") parents.set(find(value.id), find(id));
  }
  return new Map([...owners].map(([id, { path, stack }]) => [id, stack === "" ? `${path} ${find(id)}` : `${stack} ${path}`]));
}
