/**
 * Merges equations into groups, each of which becomes one kernel. Every value that is not recomputed in place starts as a
 * group of its own; then groups merge wherever one loop structure serves both, the order stays acyclic and the storage
 * bindings of one kernel suffice. Decided by index maps alone.
 */
import { asNumber, type Dim, equal, key, multiply, ONE } from "../../dim.ts";
import type { FusedGraph, Group, GroupKind, Pack } from "../../ir/fused.ts";
import type { Equation, Graph, Value, ValueId } from "../../ir/graph.ts";
import { indicesIn } from "../../ir/expr.ts";
import { stateKey, valuesById } from "../../ir/walk.ts";
import { scatterMatch } from "../../kernels/nest.ts";
import { contraction } from "./contraction.ts";
import { DependencyOrder } from "./order.ts";
import { INNER, passedThrough, type Read, readsOf } from "./reads.ts";
import { type Recomputed, recomputed } from "./virtual.ts";

/** WebGPU's default for storage buffers in a shader stage. */
const MOST_BINDINGS = 8;
/** Rows whose results have more inner elements than this would not fit an invocation's registers. */
const MOST_INNER = 64;

interface Node {
  readonly number: number;
  kind: GroupKind;
  rows: readonly Dim[];
  readonly roots: Map<ValueId, readonly number[]>;
}

export function fuse(graph: Graph): FusedGraph {
  // What is recomputed in place brings its operands along: where they are too many for one kernel, some of it is stored after all.
  const stored = new Set<ValueId>();
  for (;;) {
    const plan = merged(graph, stored);
    const excess = plan.excess();
    if (excess.size === 0) return { graph, groups: plan.groups(), packs: plan.packs() };
    for (const id of excess) stored.add(id);
  }
}

interface Sets extends Recomputed {
  /** Recomputed, but not streamed. */
  readonly unstreamed: ReadonlySet<ValueId>;
}

/** `kept`: values that are not to be recomputed. */
function merged(graph: Graph, kept: ReadonlySet<ValueId>): Merging {
  const values = valuesById(graph);
  const { virtual, streamed } = recomputed(graph, kept);
  const sets: Sets = { virtual, streamed, unstreamed: new Set([...virtual].filter((id) => !streamed.has(id))) };
  const rooted = graph.values.filter((value): value is Equation => value.kind === "equation" && !virtual.has(value.id));
  const reads = new Map(rooted.map((value) => [value.id, readsOf(value, values, virtual)]));
  const plan = new Merging(graph, values, sets, reads);
  for (const value of rooted) plan.start(value, singleton(value, values, sets));
  for (const value of rooted) plan.joinProducers(value);
  for (const value of rooted) plan.joinSiblings(value);
  return plan;
}

function singleton(value: Equation, values: ReadonlyMap<ValueId, Value>, sets: Sets): Node {
  const all = value.shape.map((_, axis) => axis);
  const node = (kind: GroupKind, axes: readonly number[] = all): Node => ({ number: value.id, kind, rows: axes.map((axis) => value.shape[axis]!), roots: new Map([[value.id, axes]]) });
  if (!value.reduce) return node("map");
  const match = scatterMatch(value);
  if (match && values.get(match.input)!.kind === "input") return node("scatter");
  const axes = streamRows(value, values, sets);
  if (axes) return node("stream", axes);
  if (contraction(value)) return node("contract");
  return node(walksAlongRows(value, values, sets.virtual) ? "row" : value.shape.length > 0 ? "columns" : "naive");
}

/** The result's axes that are axes of the streamed value it reduces; the others are inner. */
function streamRows(value: Equation, values: ReadonlyMap<ValueId, Value>, { virtual, streamed, unstreamed }: Sets): number[] | undefined {
  const through = [...passedThrough(value, values, virtual)].filter((id) => streamed.has(id));
  if (through.length === 0) return undefined;
  const rows = new Set<number>();
  const found = readsOf(value, values, unstreamed);
  for (const { value: id, slots } of found) if (streamed.has(id)) for (const index of slots.flatMap(indicesIn)) if (index < value.shape.length) rows.add(index);
  const inner = value.shape.filter((_, axis) => !rows.has(axis));
  const size = asNumber(multiply(ONE, ...inner));
  return size !== undefined && size <= MOST_INNER ? value.shape.map((_, axis) => axis).filter((axis) => rows.has(axis)) : value.shape.map((_, axis) => axis);
}

/** Whether the widest operands that it reduces are contiguous along the last reduced index, not along the result's last axis. */
function walksAlongRows(value: Equation, values: ReadonlyMap<ValueId, Value>, virtual: ReadonlySet<ValueId>): boolean {
  const rank = value.shape.length;
  const reduced = readsOf(value, values, virtual).filter(({ slots }) => slots.flatMap(indicesIn).some((index) => index >= rank && index < INNER));
  const widest = Math.max(...reduced.map(({ slots }) => slots.length));
  const last = reduced.filter(({ slots }) => slots.length === widest).map(({ slots }) => indicesIn(slots.at(-1)!));
  return last.some((indices) => indices.includes(rank + value.reduce!.sizes.length - 1));
}

class Merging {
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly virtual: ReadonlySet<ValueId>;
  private readonly streamed: ReadonlySet<ValueId>;
  private readonly reads: ReadonlyMap<ValueId, readonly Read[]>;
  private readonly nodeOf = new Map<ValueId, Node>();
  private readonly outputs: ReadonlySet<ValueId>;
  /** The state that an output is the next content of, where the graph reads it too: one binding. */
  private readonly previous = new Map<ValueId, ValueId>();
  private readonly readers = new Map<ValueId, Set<ValueId>>();
  private readonly order: ReadonlyMap<ValueId, number>;
  /** How often what a group binds has changed. */
  private readonly changes = new Map<Node, number>();
  /** Groups that could not become one with another, with the changes of both until then: without further ones they still cannot. */
  private readonly refused = new Map<Node, Map<Node, number>>();
  private readonly touched = new Map<Node, ReadonlySet<string>>();
  /** Types and shapes as texts. */
  private readonly forms = new Map<ValueId, string>();
  /** The values with a group of their own, by the sizes that siblings have in common. */
  private readonly alike = new Map<string, ValueId[]>();
  /** The field whose inverse index list a scatter binds. */
  private readonly indexLists = new Map<ValueId, ValueId>();
  private readonly dependencyOrder = new DependencyOrder<Node>((node, visit) => this.someSource(node, visit), (node) => this.isReadByOthers(node));

  constructor(graph: Graph, values: ReadonlyMap<ValueId, Value>, { virtual, streamed }: Recomputed, reads: ReadonlyMap<ValueId, readonly Read[]>) {
    this.values = values;
    this.virtual = virtual;
    this.streamed = streamed;
    this.reads = reads;
    this.outputs = new Set(graph.outputs.map(({ value }) => value));
    const leaves = new Map(graph.values.flatMap((value) => (value.kind === "state" ? [[stateKey(value.state), value.id] as const] : [])));
    for (const { value, state } of graph.outputs) {
      const leaf = state && leaves.get(stateKey(state));
      if (leaf !== undefined) this.previous.set(value, leaf);
    }
    this.order = new Map(graph.values.map(({ id }, at) => [id, at]));
    for (const [reader, found] of reads)
      for (const { value } of found) {
        const readers = this.readers.get(value);
        if (readers) readers.add(reader);
        else this.readers.set(value, new Set([reader]));
      }
  }

  start(value: Equation, node: Node): void {
    this.nodeOf.set(value.id, node);
    this.dependencyOrder.append(node);
    this.forms.set(value.id, `${value.type} ${value.shape.map(key).join(",")}`);
    const sizes = sizesKey(value);
    const alike = this.alike.get(sizes);
    if (alike) alike.push(value.id);
    else this.alike.set(sizes, [value.id]);
    const match = node.kind === "scatter" ? scatterMatch(value) : undefined;
    if (match) this.indexLists.set(value.id, match.input);
  }

  /** Merges the value's group into one that it reads from, the latest first. */
  joinProducers(value: Equation): void {
    const producers = [...new Set(this.reads.get(value.id)!.map((read) => read.value))]
      .filter((id) => this.nodeOf.has(id))
      .sort((a, b) => this.order.get(b)! - this.order.get(a)!);
    for (const producer of producers) {
      const [into, node] = [this.nodeOf.get(producer)!, this.nodeOf.get(value.id)!];
      if (into !== node) this.tryMerge(into, node, value);
    }
  }

  /** Merges the value's group with another of the same form that reads something in common. */
  joinSiblings(value: Equation): void {
    const node = this.nodeOf.get(value.id)!;
    if (node.kind === "contract" || node.kind === "scatter") return;
    const axes = node.roots.get(value.id)!;
    for (const other of this.siblings(value, node.kind)) {
      const [into, own] = [this.nodeOf.get(other)!, this.nodeOf.get(value.id)!];
      if (into === own || into.kind !== own.kind || this.isRefused(own, into) || !sameAxes(into.roots.get(other)!, axes)) continue;
      if (!this.tryUnite(into, own)) this.refuse(own, into);
    }
  }

  /** Values of the same sizes that read something in common with it, in order; sums over leading axes need nothing in common. */
  private siblings(value: Equation, kind: GroupKind): readonly ValueId[] {
    const alike = this.alike.get(sizesKey(value))!;
    if (kind === "columns") return alike;
    const reading = new Set<ValueId>();
    for (const { value: source } of this.reads.get(value.id)!)
      if (this.values.get(source)!.shape.length > 1) for (const reader of this.readers.get(source)!) reading.add(reader);
    return alike.filter((id) => reading.has(id));
  }

  groups(): Group[] {
    const nodes = [...new Set(this.nodeOf.values())];
    const stored = new Map(nodes.map((node) => [node, this.storedOf(node)]));
    const done = new Set<Node>();
    const ordered: Group[] = [];
    const visit = (node: Node): void => {
      if (done.has(node)) return;
      done.add(node);
      for (const before of this.dependencies(node)) visit(before);
      ordered.push(this.groupOf(node, stored.get(node)!));
    };
    for (const node of nodes) visit(node);
    return ordered;
  }

  /** Values of one shape that one group stores, save those that have a place of their own as outputs. */
  packs(): Pack[] {
    const packs = new Map<string, ValueId[]>();
    for (const node of new Set(this.nodeOf.values()))
      for (const id of this.storedOf(node)) {
        const key = this.storageKey(id);
        if (!this.outputs.has(id)) packs.set(key, [...(packs.get(key) ?? []), id]);
      }
    return [...packs.values()].filter((members) => members.length > 1).map((members) => ({ members: members.sort((a, b) => a - b) }));
  }

  /**
   * The recomputed values to store, one for each group with too many bindings: that with the most operands, the latest of equals;
   * a streamed one only where nothing else is left.
   */
  excess(): ReadonlySet<ValueId> {
    const excess = new Set<ValueId>();
    for (const node of new Set(this.nodeOf.values())) {
      if (this.touchedBy(new Set(node.roots.keys())).size <= MOST_BINDINGS) continue;
      const passed = new Set([...node.roots.keys()].flatMap((id) => [...passedThrough(this.values.get(id) as Equation, this.values, this.virtual)]));
      const operands = (id: ValueId): number => new Set(readsOf(this.values.get(id) as Equation, this.values, this.virtual).map(({ value }) => value)).size;
      const [best] = [...passed]
        .map((id) => ({ id, streamed: Number(this.streamed.has(id)), operands: operands(id), order: this.order.get(id)! }))
        .filter((each) => each.operands > 1)
        .sort((a, b) => a.streamed - b.streamed || b.operands - a.operands || b.order - a.order);
      if (best) excess.add(best.id);
    }
    return excess;
  }

  // ── Merging ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private tryMerge(into: Node, node: Node, value: Equation): void {
    if (node.roots.size > 1) return this.tryMaps(into, node);
    const axes = this.alignment(into, value);
    if (axes) {
      if (!fitsKind(into, node, value, axes, this.values)) return;
      this.unite(into, node, into.rows, new Map([[value.id, axes]]), into.kind);
      return;
    }
    if (into.kind === "map" && node.kind === "row") this.tryRows(into, node, value);
  }

  /** Two groups of maps over the same axes, where the later one reads the earlier one element by element. */
  private tryMaps(into: Node, node: Node): void {
    if (into.kind !== "map" || node.kind !== "map" || !sameSizes(into.rows, node.rows)) return;
    const reads = [...node.roots.keys()].flatMap((id) => this.reads.get(id)!).filter(({ value }) => into.roots.has(value));
    if (reads.every(({ slots }) => slots.every((slot, at) => slot.kind === "index" && slot.at === at))) this.tryUnite(into, node);
  }

  /** For each row index of the group, the axis of `value` that reads all the group's roots there; undefined if it reads elsewhere. */
  private alignment(into: Node, value: Equation): number[] | undefined {
    const axes: (number | undefined)[] = into.rows.map(() => undefined);
    for (const { value: id, slots } of this.reads.get(value.id)!) {
      const rows = into.roots.get(id);
      if (!rows) continue;
      for (const [row, axis] of rows.entries()) {
        const slot = slots[axis]!;
        if (slot.kind !== "index" || slot.at >= value.shape.length || (axes[row] !== undefined && axes[row] !== slot.at)) return undefined;
        axes[row] = slot.at;
      }
    }
    const whole = axes.every((axis, row) => axis !== undefined && equal(value.shape[axis]!, into.rows[row]!));
    return whole && new Set(axes).size === axes.length ? (axes as number[]) : undefined;
  }

  /** A map that a row reduction reads joins its rows: [B, T, d] becomes rows [B, T] with the last axis inside. */
  private tryRows(into: Node, node: Node, value: Equation): void {
    const rank = value.shape.length;
    const root = [...into.roots.keys()][0]!;
    const read = this.reads.get(value.id)!.find((candidate) => candidate.value === root);
    const producer = this.values.get(root) as Equation;
    if (!read || !read.slots.every((slot) => slot.kind === "index")) return;
    const axes = node.rows.map((_, row) => read.slots.findIndex((slot) => slot.kind === "index" && slot.at === node.roots.get(value.id)![row]));
    if (axes.some((axis) => axis < 0) || axes.length !== producer.shape.length - 1) return;
    if (!read.slots.some((slot) => slot.kind === "index" && slot.at >= rank)) return;
    const same = [...into.roots.keys()].every((id) => sameSizes((this.values.get(id) as Equation).shape, producer.shape));
    const reread = this.reads.get(value.id)!.filter(({ value: id }) => into.roots.has(id)).every(({ slots }) => JSON.stringify(slots) === JSON.stringify(read.slots));
    if (!same || !reread) return;
    const roots = new Map([...into.roots.keys()].map((id) => [id, axes]));
    const before = new Map(into.roots);
    for (const [id, place] of roots) into.roots.set(id, place);
    if (!this.unite(into, node, node.rows, new Map(node.roots), "row")) for (const [id, place] of before) into.roots.set(id, place);
  }

  private tryUnite(into: Node, node: Node): boolean {
    return sameSizes(into.rows, node.rows) && this.unite(into, node, into.rows, new Map(node.roots), into.kind);
  }

  private unite(into: Node, node: Node, rows: readonly Dim[], roots: ReadonlyMap<ValueId, readonly number[]>, kind: GroupKind): boolean {
    if (this.bindingsOfBoth(into, node) > MOST_BINDINGS || this.dependencyOrder.apart(into, node)) return false;
    this.dependencyOrder.merge(into, node);
    this.forget(into);
    this.forget(node);
    for (const [id, axes] of roots) into.roots.set(id, axes);
    for (const id of node.roots.keys()) this.nodeOf.set(id, into);
    into.rows = rows;
    into.kind = kind;
    return true;
  }

  private someSource(node: Node, visit: (source: Node) => boolean): boolean {
    for (const id of node.roots.keys())
      for (const read of this.reads.get(id)!) {
        const source = this.nodeOf.get(read.value);
        if (source && source !== node && visit(source)) return true;
      }
    return false;
  }

  private isReadByOthers(node: Node): boolean {
    for (const id of node.roots.keys()) for (const reader of this.readers.get(id) ?? []) if (this.nodeOf.get(reader) !== node) return true;
    return false;
  }

  private dependencies(node: Node): Set<Node> {
    const found = new Set<Node>();
    for (const id of node.roots.keys())
      for (const read of this.reads.get(id)!) {
        const source = this.nodeOf.get(read.value);
        if (source && source !== node) found.add(source);
      }
    return found;
  }

  /** Where neither reads the other, the two bind together what each binds by itself, which is found once. */
  private bindingsOfBoth(a: Node, b: Node): number {
    const readsOther = (from: Node, to: Node): boolean => this.someSource(from, (source) => source === to);
    if (readsOther(a, b) || readsOther(b, a)) return this.touchedBy(new Set([...a.roots.keys(), ...b.roots.keys()])).size;
    const [own, others] = [this.touchedByNode(a), this.touchedByNode(b)];
    let count = own.size;
    for (const binding of others) if (!own.has(binding)) count++;
    return count;
  }

  private touchedByNode(node: Node): ReadonlySet<string> {
    let found = this.touched.get(node);
    if (!found) this.touched.set(node, (found = this.touchedBy(new Set(node.roots.keys()))));
    return found;
  }

  /** What a group and its readers bind changes with the group. */
  private forget(node: Node): void {
    const changed = new Set([node]);
    for (const id of node.roots.keys())
      for (const reader of this.readers.get(id) ?? []) {
        const by = this.nodeOf.get(reader);
        if (by) changed.add(by);
      }
    for (const each of changed) {
      this.touched.delete(each);
      this.changes.set(each, (this.changes.get(each) ?? 0) + 1);
    }
  }

  private refuse(a: Node, b: Node): void {
    const others = this.refused.get(a) ?? new Map<Node, number>();
    this.refused.set(a, others.set(b, this.changesOf(a, b)));
  }

  private isRefused(a: Node, b: Node): boolean {
    const then = this.refused.get(a)?.get(b) ?? this.refused.get(b)?.get(a);
    return then !== undefined && then === this.changesOf(a, b);
  }

  private changesOf(a: Node, b: Node): number {
    return (this.changes.get(a) ?? 0) + (this.changes.get(b) ?? 0);
  }

  /** The ranges that a kernel of these values binds, by their keys. */
  private touchedBy(roots: ReadonlySet<ValueId>): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const id of roots) {
      for (const { value } of this.reads.get(id)!) if (!roots.has(value) && this.values.get(value)!.kind !== "host-scalar") touched.add(this.storageKey(value));
      const list = this.indexLists.get(id);
      if (list !== undefined) touched.add(`l${list}`);
      if (this.isReadOutside(id, roots)) touched.add(this.storageKey(id, "own"));
    }
    return touched;
  }

  /** Equal for values that share a binding. `group`: what the group that stores them is called. */
  private storageKey(id: ValueId, group?: string): string {
    const previous = this.previous.get(id);
    if (previous !== undefined) return `v${previous}`;
    const node = this.nodeOf.get(id);
    const isStatistic = node?.roots.get(id)?.length === this.values.get(id)!.shape.length;
    if (!node || this.outputs.has(id) || !(node.kind === "stream" || (node.kind === "row" && isStatistic))) return `v${id}`;
    return `${group ?? `n${node.number}`} ${this.forms.get(id)!}`;
  }

  private isReadOutside(id: ValueId, roots: ReadonlySet<ValueId>): boolean {
    if (this.outputs.has(id)) return true;
    for (const reader of this.readers.get(id) ?? []) if (!roots.has(reader)) return true;
    return false;
  }

  private storedOf(node: Node): ValueId[] {
    const roots = new Set(node.roots.keys());
    return [...roots].filter((id) => this.isReadOutside(id, roots));
  }

  private groupOf(node: Node, stored: readonly ValueId[]): Group {
    const inOrder = (ids: Iterable<ValueId>): ValueId[] => [...ids].sort((a, b) => this.order.get(a)! - this.order.get(b)!);
    const roots = inOrder(node.roots.keys());
    const passed = roots.flatMap((id) => [...passedThrough(this.values.get(id) as Equation, this.values, this.virtual)]);
    // A map that nobody else reads is computed where its readers are.
    const kept = roots.filter((id) => stored.includes(id) || (this.values.get(id) as Equation).reduce);
    return {
      kind: node.kind,
      members: inOrder(new Set([...roots, ...passed])),
      stored: inOrder(stored),
      rows: node.rows,
      roots: new Map(kept.map((id) => [id, node.roots.get(id)!])),
    };
  }
}

/** Whether `value`, aligned with the group's rows, can be computed in the group's loops. */
function fitsKind(into: Node, node: Node, value: Equation, axes: readonly number[], values: ReadonlyMap<ValueId, Value>): boolean {
  const inner = value.shape.filter((_, axis) => !axes.includes(axis));
  const identical = inner.length === 0 && axes.every((axis, row) => axis === row);
  switch (into.kind) {
    case "contract":
    case "scatter":
    case "columns":
    case "naive":
      return node.kind === "map" && identical;
    case "map":
      return node.kind === "map" && identical;
    case "row":
      // Walking a whole vector in the few invocations of a short row space would be ruinous.
      if (node.kind === "map") return inner.length === 0 || (inner.length === 1 && isMany(into.rows));
      return node.kind === "row" && identical;
    case "stream":
      if (node.kind === "map") return inner.length === 0;
      return node.kind === "stream" && (asNumber(multiply(ONE, ...inner)) ?? MOST_INNER + 1) <= MOST_INNER && [...into.roots.keys()].every((id) => values.get(id)!.shape.length >= axes.length);
    default:
      return into.kind satisfies never;
  }
}

function sizesKey({ shape, reduce }: Equation): string {
  return `${shape.map(key).join()}|${reduce?.sizes.map(key).join() ?? ""}`;
}

function isMany(rows: readonly Dim[]): boolean {
  const count = asNumber(multiply(ONE, ...rows));
  return count === undefined || count >= 64;
}

function sameSizes(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, at) => equal(size, b[at]!));
}

function sameAxes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, at) => axis === b[at]);
}
