/** Pairs of ids by how often they occur, the commonest at hand although counts change all the time. */
export class PairQueue {
  private readonly entries = new Map<number, Entry>();
  /** A binary heap with stale items: an entry is pushed anew when its count grows, and sinks when it is met with an outdated count. */
  private readonly heap: Item[] = [];
  /** Entries whose count has grown since the last question. */
  private readonly touched = new Set<Entry>();

  /** Adds `count` (which may be negative) occurrences, seen in the given word. */
  add(left: number, right: number, count: number, word: number): void {
    const key = left * IDS + right;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { pair: [left, right], key, count: 0, words: new Set() };
      this.entries.set(key, entry);
    }
    entry.count += count;
    if (count > 0) {
      entry.words.add(word);
      this.touched.add(entry);
    }
  }

  /** The commonest pair, of equals the one of smallest ids; undefined when none is left. The words are those that may contain it. */
  commonest(): { readonly pair: readonly [number, number]; readonly count: number; readonly words: readonly number[] } | undefined {
    for (const entry of this.touched) this.push({ entry, count: entry.count });
    this.touched.clear();
    for (;;) {
      const item = this.pop();
      if (item === undefined) return undefined;
      const { entry, count } = item;
      if (entry.count === count && count > 0) return { pair: entry.pair, count, words: [...entry.words] };
      if (entry.count > 0 && entry.count < count) this.push({ entry, count: entry.count });
    }
  }

  private push(item: Item): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, heap[parent] as Item)) break;
      heap[at] = heap[parent] as Item;
      at = parent;
    }
    heap[at] = item;
  }

  private pop(): Item | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Item, heap[child] as Item)) child++;
      if (!before(heap[child] as Item, last)) break;
      heap[at] = heap[child] as Item;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

/** Above any number of ids; pairs are numbers so that maps of them are fast. */
const IDS = 2 ** 24;

interface Entry {
  readonly pair: readonly [number, number];
  readonly key: number;
  count: number;
  readonly words: Set<number>;
}

interface Item {
  readonly entry: Entry;
  readonly count: number;
}

function before(a: Item, b: Item): boolean {
  return a.count !== b.count ? a.count > b.count : a.entry.key < b.entry.key;
}

/** From left to right, in place: "aaa" with a, a → b becomes "ba". */
export function replacePair(ids: number[], left: number, right: number, id: number): void {
  let length = 0;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      ids[length++] = id;
      i++;
    } else {
      ids[length++] = ids[i] as number;
    }
  }
  ids.length = length;
}
