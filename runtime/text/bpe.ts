import type { Segmenter } from "./assemble.ts";
import { Heap } from "./heap.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Two ids that are joined; pairs that stand earlier are joined first. */
export type Merge = readonly [number, number];

/** How vocabularies differ in what they do with a piece. */
export interface BpeSettings {
  /** For a symbol that has no token; without it such a symbol is left out. */
  readonly unk: number | undefined;
  /** Unknown symbols that follow each other are one. */
  readonly fused?: boolean;
  /** A symbol that has no token is spelt in bytes, <0xE2> and so on, where the vocabulary has those. */
  readonly spelt?: boolean;
  /** A piece that is a token is that token, whatever merges say. */
  readonly whole?: boolean;
  /** Ends the last symbol of a piece. */
  readonly suffix?: string;
}

/**
 * Byte-pair encoding (Sennrich, Haddow, Birch 2016, §3.2): within a piece the earliest merge of the list is applied, at its leftmost place,
 * until none applies.
 */
export function bpeSegmenter(vocabulary: readonly string[], merges: readonly Merge[], { unk, fused = false, spelt = false, whole = false, suffix = "" }: BpeSettings): Segmenter {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const size = vocabulary.length;
  const ranks = new Map(merges.map(([left, right], rank) => [left * size + right, rank]));
  const joined = merges.map(([left, right]) => idOf.get(`${vocabulary[left]}${vocabulary[right]}`) as number);
  const unknown = (symbol: string): readonly number[] => {
    const bytes = spelt ? Array.from(encodeUtf8(symbol), (byte) => idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)) : [undefined];
    return bytes.includes(undefined) ? (unk === undefined ? [] : [unk]) : (bytes as number[]);
  };
  return (piece) => {
    const known = whole ? idOf.get(piece) : undefined;
    if (known !== undefined) return [known];
    const ids: number[] = [];
    for (const symbol of suffix === "" ? piece : ending(piece, suffix)) {
      const id = idOf.get(symbol);
      if (id !== undefined) ids.push(id);
      else for (const part of unknown(symbol)) if (!(fused && part === unk && ids.at(-1) === unk)) ids.push(part);
    }
    return join(ids, ranks, joined, size);
  };
}

/** The symbols of a piece, the last with what ends it. */
function ending(piece: string, suffix: string): readonly string[] {
  const symbols = Array.from(piece);
  return [...symbols.slice(0, -1), `${symbols.at(-1) ?? ""}${suffix}`];
}

/** Two neighbours that a merge joins: the place of the first, and both as they stood when this was noted. */
interface Candidate {
  readonly rank: number;
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

/** Tokens are a linked list by places, so that a long piece, such as a gene, takes little longer for each of its symbols than a word. */
function join(ids: number[], ranks: ReadonlyMap<number, number>, joined: readonly number[], size: number): number[] {
  if (ranks.size === 0) return ids;
  const end = ids.length;
  const next = ids.map((_, at) => at + 1), previous = ids.map((_, at) => at - 1);
  const candidates = new Heap<Candidate>((a, b) => (a.rank !== b.rank ? a.rank < b.rank : a.at < b.at));
  const note = (at: number): void => {
    const after = next[at] as number;
    if (at < 0 || after >= end) return;
    const left = ids[at] as number, right = ids[after] as number;
    const rank = ranks.get(left * size + right);
    if (rank !== undefined) candidates.push({ rank, at, left, right });
  };
  for (let at = 0; at + 1 < end; at++) note(at);
  for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
    const { at, rank, left, right } = best;
    const after = next[at] as number;
    if (ids[at] !== left || after >= end || ids[after] !== right) continue;
    ids[at] = joined[rank] as number;
    ids[after] = GONE;
    const behind = (next[at] = next[after] as number);
    if (behind < end) previous[behind] = at;
    note(previous[at] as number);
    note(at);
  }
  return ids.filter((id) => id !== GONE);
}

/** In the place of a token that has been joined to the one before it. */
const GONE = -1;
