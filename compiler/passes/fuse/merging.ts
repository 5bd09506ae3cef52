/** The merging of groups: every value starts with one of its own, and joins others where one loop structure serves both. */
import { type Dim, equal } from "../../dim.ts";
import type { Group, GroupKind, Pack } from "../../ir/fused.ts";
import { indicesIn } from "../../ir/expr.ts";
import type { Equation, Graph, Value, ValueId } from "../../ir/graph.ts";
import { Bindings, MOST_BINDINGS } from "./bindings.ts";
import { fitsKind, type Node, sameAxes, sameSizes, sizesKey } from "./node.ts";
import { DependencyOrder } from "./order.ts";
import { INNER, passedThrough, type Read, readsOf } from "./reads.ts";
import type { Recomputed } from "./virtual.ts";

/** So many bindings above the limit are got rid of one value at a time. */
const A_FEW = 2;

export class Merging {
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly virtual: ReadonlySet<ValueId>;
  private readonly streamed: ReadonlySet<ValueId>;
  private readonly reads: ReadonlyMap<ValueId, readonly Read[]>;
  private readonly nodeOf = new Map<ValueId, Node>();
  private readonly bindings: Bindings;
  private readonly order: ReadonlyMap<ValueId, number>;
  /** Groups that could not become one with another, with the changes of both until then: without further ones they still cannot. */
  private readonly refused = new Map<Node, Map<Node, number>>();
  /** The values with a group of their own, by the sizes that siblings have in common. */
  private readonly alike = new Map<string, ValueId[]>();
  private readonly rounds = new Map<ValueId, ReadonlySet<string>>();
  private readonly dependencyOrder = new DependencyOrder<Node>((node, visit) => this.bindings.someSource(node, visit), (node) => this.bindings.isReadByOthers(node));

  constructor(graph: Graph, values: ReadonlyMap<ValueId, Value>, { virtual, streamed }: Recomputed, reads: ReadonlyMap<ValueId, readonly Read[]>) {
    this.values = values;
    this.virtual = virtual;
    this.streamed = streamed;
    this.reads = reads;
    this.order = new Map(graph.values.map(({ id }, at) => [id, at]));
    this.bindings = new Bindings(graph, values, reads, this.nodeOf);
  }

  start(value: Equation, node: Node): void {
    this.nodeOf.set(value.id, node);
    this.dependencyOrder.append(node);
    const sizes = sizesKey(value);
    const alike = this.alike.get(sizes);
    if (alike) alike.push(value.id);
    else this.alike.set(sizes, [value.id]);
    this.bindings.start(value, node);
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
    if (node.kind === "contract" || node.kind === "scatter" || node.kind === "prefix" || node.kind === "search") return;
    const axes = node.roots.get(value.id)!;
    for (const other of this.siblings(value, node.kind)) {
      const [into, own] = [this.nodeOf.get(other)!, this.nodeOf.get(value.id)!];
      if (into === own || into.kind !== own.kind || this.isRefused(own, into) || !sameAxes(into.roots.get(other)!, axes)) continue;
      if (own.kind === "stream" && !this.walkTogether(value, other)) continue;
      if (!this.tryUnite(into, own)) this.refuse(own, into);
    }
  }

  /** Whether two streams read something at the same place in every round: those of keys and of values do, that of queries goes another way. */
  private walkTogether(value: Equation, other: ValueId): boolean {
    const [own, others] = [this.roundsOf(value.id), this.roundsOf(other)];
    for (const read of others) if (own.has(read)) return true;
    return false;
  }

  /** What a stream reads anew in every round, as texts; asked for again with every pair of streams. */
  private roundsOf(id: ValueId): ReadonlySet<string> {
    const known = this.rounds.get(id);
    if (known) return known;
    const rank = this.values.get(id)!.shape.length;
    const found = this.reads.get(id)!.filter(({ slots }) => slots.flatMap(indicesIn).some((index) => index >= rank && index < INNER));
    const rounds = new Set(found.map((read) => JSON.stringify(read)));
    this.rounds.set(id, rounds);
    return rounds;
  }

  /** Values of the same sizes that read something in common with it, in order; sums over leading axes need nothing in common. */
  private siblings(value: Equation, kind: GroupKind): readonly ValueId[] {
    const alike = this.alike.get(sizesKey(value))!;
    if (kind === "columns") return alike;
    const reading = new Set<ValueId>();
    for (const { value: source } of this.reads.get(value.id)!)
      if (this.values.get(source)!.shape.length > 1) for (const reader of this.bindings.readers.get(source)!) reading.add(reader);
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
        const key = this.bindings.storageKey(id);
        if (!this.bindings.outputs.has(id)) packs.set(key, [...(packs.get(key) ?? []), id]);
      }
    return [...packs.values()].filter((members) => members.length > 1).map((members) => ({ members: members.sort((a, b) => a - b) }));
  }

  /**
   * The recomputed values to store, one for each group with too many bindings: that with the most operands, the latest of equals;
   * a streamed one only where nothing else is left. Of a group with more than `A_FEW` too many, such as a sum over the losses of many
   * layers, that with the most operands which one kernel takes, so that it falls into parts and does not lose a term at a time.
   */
  excess(): ReadonlySet<ValueId> {
    const excess = new Set<ValueId>();
    for (const node of new Set(this.nodeOf.values())) {
      const bound = this.bindings.of(node).size;
      if (bound <= MOST_BINDINGS) continue;
      const passed = new Set([...node.roots.keys()].flatMap((id) => [...passedThrough(this.values.get(id) as Equation, this.values, this.virtual)]));
      const operands = (id: ValueId): number => new Set(readsOf(this.values.get(id) as Equation, this.values, this.virtual).map(({ value }) => value)).size;
      const most = bound > MOST_BINDINGS + A_FEW ? MOST_BINDINGS - 1 : Infinity;
      const [best] = [...passed]
        .map((id) => ({ id, streamed: Number(this.streamed.has(id)), operands: operands(id), order: this.order.get(id)! }))
        .filter((each) => each.operands > 1)
        .map((each) => ({ ...each, tooMany: Number(each.operands > most) }))
        .sort((a, b) => a.streamed - b.streamed || a.tooMany - b.tooMany || b.operands - a.operands || b.order - a.order);
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
    // Rows of it that the reader leaves out are rows all the same.
    if (!sameSizes(axes.map((axis) => producer.shape[axis]!), node.rows)) return;
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
    return sameSizes(into.rows, node.rows) && !this.readsElsewhere(into, node) && !this.readsElsewhere(node, into) && this.unite(into, node, into.rows, new Map(node.roots), into.kind);
  }

  /** Whether a value of one group reads one of the other at a row that is not its own. */
  private readsElsewhere(reader: Node, source: Node): boolean {
    return [...reader.roots].some(([id, axes]) =>
      this.reads.get(id)!.some(({ value, slots }) =>
        source.roots.get(value)?.some((axis, row) => {
          const slot = slots[axis]!;
          return slot.kind !== "index" || slot.at !== axes[row];
        }),
      ),
    );
  }

  private unite(into: Node, node: Node, rows: readonly Dim[], roots: ReadonlyMap<ValueId, readonly number[]>, kind: GroupKind): boolean {
    if (this.bindings.ofBoth(into, node) > MOST_BINDINGS || this.dependencyOrder.apart(into, node)) return false;
    this.dependencyOrder.merge(into, node);
    this.bindings.forget(into);
    this.bindings.forget(node);
    for (const [id, axes] of roots) into.roots.set(id, axes);
    for (const id of node.roots.keys()) this.nodeOf.set(id, into);
    into.rows = rows;
    into.kind = kind;
    return true;
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

  private refuse(a: Node, b: Node): void {
    const others = this.refused.get(a) ?? new Map<Node, number>();
    this.refused.set(a, others.set(b, this.changesOf(a, b)));
  }

  private isRefused(a: Node, b: Node): boolean {
    const then = this.refused.get(a)?.get(b) ?? this.refused.get(b)?.get(a);
    return then !== undefined && then === this.changesOf(a, b);
  }

  private changesOf(a: Node, b: Node): number {
    return this.bindings.changesOf(a) + this.bindings.changesOf(b);
  }

  private storedOf(node: Node): ValueId[] {
    const roots = new Set(node.roots.keys());
    return [...roots].filter((id) => this.bindings.isReadOutside(id, roots));
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
