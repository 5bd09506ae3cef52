/** What the kernels of groups bind: values in memory, packs of equal ones as one, states and their next content as one. */
import { key } from "../../dim.ts";
import type { Equation, Graph, Value, ValueId } from "../../ir/graph.ts";
import { stateKey } from "../../ir/walk.ts";
import { scatterMatch } from "../../kernels/scatter.ts";
import type { Node } from "./node.ts";
import type { Read } from "./reads.ts";

/** WebGPU's default for storage buffers in a shader stage. */
export const MOST_BINDINGS = 8;

export class Bindings {
  readonly outputs: ReadonlySet<ValueId>;
  readonly readers = new Map<ValueId, Set<ValueId>>();
  private readonly values: ReadonlyMap<ValueId, Value>;
  private readonly reads: ReadonlyMap<ValueId, readonly Read[]>;
  private readonly nodeOf: ReadonlyMap<ValueId, Node>;
  /** The state that an output is the next content of, where the graph reads it too: one binding. */
  private readonly previous = new Map<ValueId, ValueId>();
  /** How often what a group binds has changed. */
  private readonly changes = new Map<Node, number>();
  private readonly touched = new Map<Node, ReadonlySet<string>>();
  /** Types and shapes as texts. */
  private readonly forms = new Map<ValueId, string>();
  /** The field whose inverse index list a scatter binds. */
  private readonly indexLists = new Map<ValueId, ValueId>();

  constructor(graph: Graph, values: ReadonlyMap<ValueId, Value>, reads: ReadonlyMap<ValueId, readonly Read[]>, nodeOf: ReadonlyMap<ValueId, Node>) {
    this.values = values;
    this.reads = reads;
    this.nodeOf = nodeOf;
    this.outputs = new Set(graph.outputs.map(({ value }) => value));
    const leaves = new Map(graph.values.flatMap((value) => (value.kind === "state" ? [[stateKey(value.state), value.id] as const] : [])));
    for (const { value, state } of graph.outputs) {
      const leaf = state && leaves.get(stateKey(state));
      if (leaf !== undefined) this.previous.set(value, leaf);
    }
    for (const [reader, found] of reads)
      for (const { value } of found) {
        const readers = this.readers.get(value);
        if (readers) readers.add(reader);
        else this.readers.set(value, new Set([reader]));
      }
  }

  start(value: Equation, node: Node): void {
    this.forms.set(value.id, `${value.type} ${value.shape.map(key).join(",")}`);
    const match = node.kind === "scatter" ? scatterMatch(value) : undefined;
    if (match) this.indexLists.set(value.id, match.input);
  }

  /** The ranges that the group's kernel binds, by their keys. */
  of(node: Node): ReadonlySet<string> {
    let found = this.touched.get(node);
    if (!found) this.touched.set(node, (found = this.touchedBy(new Set(node.roots.keys()))));
    return found;
  }

  /** Where neither reads the other, the two bind together what each binds by itself, which is found once. */
  ofBoth(a: Node, b: Node): number {
    const readsOther = (from: Node, to: Node): boolean => this.someSource(from, (source) => source === to);
    if (readsOther(a, b) || readsOther(b, a)) return this.touchedBy(new Set([...a.roots.keys(), ...b.roots.keys()])).size;
    const [own, others] = [this.of(a), this.of(b)];
    let count = own.size;
    for (const binding of others) if (!own.has(binding)) count++;
    return count;
  }

  /** What a group and its readers bind changes with the group. */
  forget(node: Node): void {
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

  changesOf(node: Node): number {
    return this.changes.get(node) ?? 0;
  }

  /** Calls `visit` with each group that it reads, and stops where that returns true. */
  someSource(node: Node, visit: (source: Node) => boolean): boolean {
    for (const id of node.roots.keys())
      for (const read of this.reads.get(id)!) {
        const source = this.nodeOf.get(read.value);
        if (source && source !== node && visit(source)) return true;
      }
    return false;
  }

  isReadByOthers(node: Node): boolean {
    for (const id of node.roots.keys()) for (const reader of this.readers.get(id) ?? []) if (this.nodeOf.get(reader) !== node) return true;
    return false;
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
  storageKey(id: ValueId, group?: string): string {
    const previous = this.previous.get(id);
    if (previous !== undefined) return `v${previous}`;
    const node = this.nodeOf.get(id);
    const isStatistic = node?.roots.get(id)?.length === this.values.get(id)!.shape.length;
    if (!node || this.outputs.has(id) || !(node.kind === "stream" || (node.kind === "row" && isStatistic))) return `v${id}`;
    return `${group ?? `n${node.number}`} ${this.forms.get(id)!}`;
  }

  isReadOutside(id: ValueId, roots: ReadonlySet<ValueId>): boolean {
    if (this.outputs.has(id)) return true;
    for (const reader of this.readers.get(id) ?? []) if (!roots.has(reader)) return true;
    return false;
  }
}
