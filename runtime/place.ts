/**
 * Placement: gives every temporary of a session's entries a range of an arena, once, for the session's largest sizes. Two
 * temporaries share bytes only when no dispatch could see both. Pure, so that it is tested without a device.
 */
import { valueAboveBinding } from "./errors.ts";
import { ALIGNMENT, DEFAULT_BINDING } from "./program.ts";
import type { Entry } from "./program.ts";
import { elementCount, evaluateShape, isSymbolic } from "./size.ts";
import type { Sizes } from "./size.ts";

/** All in bytes. */
export interface Placement {
  readonly arenas: readonly number[];
  /** The same order as the entries and their temporaries. */
  readonly places: readonly (readonly Place[])[];
  /** The largest sum of what is alive at one time: no arena could be smaller. */
  readonly live: number;
}

export interface Place {
  readonly arena: number;
  readonly offset: number;
  /** What the value takes at the bounds. */
  readonly bytes: number;
}

/** A block that must not overlap others alive at a moment of `first` … `last`. `bytes` is a multiple of ALIGNMENT. */
interface Block {
  readonly at: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Entries stand one behind the other in time, in any order, so what lives in one shares its place with what lives in
 * another; an entry's outputs keep theirs until the entry runs again. Throws a TfmError where one value alone is above `limit`.
 */
export function place(entries: readonly Entry[], bounds: Sizes, limit: number = DEFAULT_BINDING): Placement {
  const blocks: Block[] = [];
  const bytes: number[] = [];
  let start = 0;
  for (const entry of entries) {
    const outputs = new Set(entry.outputs.map(({ at }) => (at.kind === "temporary" ? at.at : -1)));
    entry.temporaries.forEach((temporary, index) => {
      const size = elementCount(evaluateShape(temporary.shape, bounds)) * 4;
      if (size > limit) throw valueAboveBinding(temporary.name, size, limit, isSymbolic(temporary.shape));
      const pinned = outputs.has(index);
      blocks.push({
        at: bytes.length,
        bytes: padded(size),
        first: pinned ? 0 : start + temporary.first,
        last: pinned ? Number.MAX_SAFE_INTEGER : start + temporary.last,
      });
      bytes.push(size);
    });
    start += Math.max(1, entry.steps.length);
  }
  const { arenas, offsets } = placeBlocks(blocks, limit);
  let next = 0;
  const places = entries.map((entry) =>
    entry.temporaries.map((): Place => {
      const at = next++;
      const { arena, offset } = offsets[at] as Offset;
      return { arena, offset, bytes: bytes[at] as number };
    }),
  );
  return { arenas, places, live: largestLiveSet(blocks) };
}

/** The next place behind so many bytes at which a binding may start. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** What a range of so many bytes takes: never nothing, for it has to be bound. */
export function padded(bytes: number): number {
  return Math.max(ALIGNMENT, aligned(bytes));
}

interface Offset {
  readonly arena: number;
  readonly offset: number;
}

interface Packing {
  readonly arenas: readonly number[];
  readonly offsets: readonly Offset[];
}

/** Best fit in several orders, the smallest result: no order is best for all programs (Pisarchyk and Lee 2020, arXiv:2001.03288). */
function placeBlocks(blocks: readonly Block[], limit: number): Packing {
  const pinnedFirst = (block: Block): number => (block.last === Number.MAX_SAFE_INTEGER ? 0 : 1);
  const duration = (block: Block): number => block.last - block.first + 1;
  const orders: readonly ((a: Block, b: Block) => number)[] = [
    (a, b) => b.bytes - a.bytes || duration(b) - duration(a),
    (a, b) => duration(b) - duration(a) || b.bytes - a.bytes,
    (a, b) => b.bytes * duration(b) - a.bytes * duration(a),
    (a, b) => a.first - b.first || b.last - a.last || b.bytes - a.bytes,
    (a, b) => b.last - a.last || a.first - b.first || b.bytes - a.bytes,
  ];
  const live = largestLiveSet(blocks);
  let best: Packing | undefined;
  for (const order of orders) {
    const sorted = blocks.toSorted((a, b) => pinnedFirst(a) - pinnedFirst(b) || order(a, b) || a.at - b.at);
    const packing = placeInOrder(sorted, blocks.length, limit);
    if (best === undefined || total(packing) < total(best)) best = packing;
    if (total(best) <= live) break;
  }
  return best ?? { arenas: [], offsets: [] };
}

const total = (packing: Packing): number => packing.arenas.reduce((sum, bytes) => sum + bytes, 0);

/** Each block goes into the smallest gap that holds it, of the first arena that has one; arenas grow up to `limit`. */
function placeInOrder(sorted: readonly Block[], count: number, limit: number): Packing {
  const arenas: number[] = [];
  const offsets = new Array<Offset>(count);
  /** Per arena, by offset. */
  const placed: { block: Block; offset: number }[][] = [];
  for (const block of sorted) {
    for (let arena = 0; ; arena++) {
      const held = (placed[arena] ??= []);
      const offset = bestGap(block, held, limit);
      if (offset === undefined) continue;
      const before = held.findIndex((other) => other.offset > offset);
      held.splice(before < 0 ? held.length : before, 0, { block, offset });
      arenas[arena] = Math.max(arenas[arena] ?? 0, offset + block.bytes);
      offsets[block.at] = { arena, offset };
      break;
    }
  }
  return { arenas, offsets };
}

function bestGap(block: Block, held: readonly { readonly block: Block; readonly offset: number }[], limit: number): number | undefined {
  let end = 0;
  let best: number | undefined;
  let bestSize = Number.POSITIVE_INFINITY;
  for (const { block: other, offset } of held) {
    if (other.last < block.first || other.first > block.last) continue;
    const gap = offset - end;
    if (gap >= block.bytes && gap < bestSize) {
      best = end;
      bestSize = gap;
    }
    end = Math.max(end, offset + other.bytes);
  }
  if (best !== undefined) return best;
  return end + block.bytes <= Math.max(limit, block.bytes) ? end : undefined;
}

function largestLiveSet(blocks: readonly Block[]): number {
  const changes = blocks.flatMap((block) => [
    { time: block.first, bytes: block.bytes },
    { time: block.last + 1, bytes: -block.bytes },
  ]);
  changes.sort((a, b) => a.time - b.time || a.bytes - b.bytes);
  let live = 0;
  let largest = 0;
  for (const { bytes } of changes) {
    live += bytes;
    largest = Math.max(largest, live);
  }
  return largest;
}
