/**
 * An order of the groups in which each stands after those that it reads, kept while groups become one. It answers whether a group
 * depends on another by looking only at what stands between the two, which for neighbours in a model is little, however long the
 * model is (as in Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", 2006).
 */
export class DependencyOrder<Node extends object> {
  private readonly slots: (Node | undefined)[] = [];
  private readonly positions = new Map<Node, number>();
  /** Calls `visit` with each group that `node` reads, perhaps several times, and stops where that returns true. */
  private readonly someRead: (node: Node, visit: (read: Node) => boolean) => boolean;
  private readonly isRead: (node: Node) => boolean;

  constructor(someRead: (node: Node, visit: (read: Node) => boolean) => boolean, isRead: (node: Node) => boolean) {
    this.someRead = someRead;
    this.isRead = isRead;
  }

  /** Behind all others. */
  append(node: Node): void {
    this.positions.set(node, this.slots.length);
    this.slots.push(node);
  }

  /** Whether one of the two depends on the other through a third group, so that they cannot be one. */
  apart(a: Node, b: Node): boolean {
    const [first, second] = this.positions.get(a)! < this.positions.get(b)! ? [a, b] : [b, a];
    if (!this.isRead(first)) return false;
    const start = this.positions.get(first)!;
    const seen = new Set<Node>();
    const leadsToFirst = (node: Node): boolean =>
      this.someRead(node, (read) => {
        if (read === first) return node !== second;
        if (this.positions.get(read)! < start || seen.has(read)) return false;
        seen.add(read);
        return leadsToFirst(read);
      });
    return leadsToFirst(second);
  }

  /** To be called before the groups become one, which must not be `apart`: from then on `into` stands for both. */
  merge(into: Node, other: Node): void {
    const [from, to] = [this.positions.get(into)!, this.positions.get(other)!].sort((a, b) => a - b) as [number, number];
    const between = this.slots.slice(from + 1, to).filter((node) => node !== undefined);
    const first = this.slots[from]!;
    const later = new Set<Node>([first]);
    if (this.isRead(first)) for (const node of between) if (this.someRead(node, (read) => later.has(read))) later.add(node);
    later.delete(first);
    // What depends on the first moves behind both; the second depends on none of it.
    const ordered = [...between.filter((node) => !later.has(node)), into, ...later];
    this.slots.fill(undefined, from, to + 1);
    this.positions.delete(other);
    for (const [at, node] of ordered.entries()) {
      this.slots[from + at] = node;
      this.positions.set(node, from + at);
    }
  }
}
