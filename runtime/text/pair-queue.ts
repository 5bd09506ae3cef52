import { Heap } from "./heap.ts";

/** Pairs of ids by how often they occur, the commonest at hand although counts change all the time. */
export class PairQueue {
  private readonly entries = new Map<number, Entry>();
  /** With stale items: an entry is pushed anew when its count grows, and sinks when it is met with an outdated count. */
  private readonly heap = new Heap<Item>((a, b) => (a.count !== b.count ? a.count > b.count : a.entry.key < b.entry.key));
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
    for (const entry of this.touched) this.heap.push({ entry, count: entry.count });
    this.touched.clear();
    for (;;) {
      const item = this.heap.pop();
      if (item === undefined) return undefined;
      const { entry, count } = item;
      if (entry.count === count && count > 0) return { pair: entry.pair, count, words: [...entry.words] };
      if (entry.count > 0 && entry.count < count) this.heap.push({ entry, count: entry.count });
    }
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
