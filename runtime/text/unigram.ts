import type { Segmenter } from "./assemble.ts";

/** Below the least likely token, in logarithms: what an unknown character costs. As in SentencePiece. */
const UNKNOWN_PENALTY = 10;

/**
 * The unigram model (Kudo 2018): each token has a probability, and a piece is cut so that the product of its tokens' probabilities is
 * largest. Scores are their logarithms, in the order of the ids. `isText` tells which tokens a piece may be cut into.
 */
export function unigramSegmenter(vocabulary: readonly string[], scores: readonly number[], unk: number, isText: (id: number) => boolean): Segmenter {
  const known = lexicon(vocabulary, scores, unk, isText);
  // Unknown characters that follow each other in a piece are one token.
  return (piece) => likeliestCut(Array.from(piece), known).filter((id, at, ids) => id !== unk || ids[at - 1] !== unk);
}

interface Lexicon {
  readonly unk: number;
  readonly idOf: ReadonlyMap<string, number>;
  readonly scores: readonly number[];
  readonly unknownScore: number;
  /** Characters of the longest token. */
  readonly longest: number;
}

function lexicon(vocabulary: readonly string[], scores: readonly number[], unk: number, isText: (id: number) => boolean): Lexicon {
  const idOf = new Map(vocabulary.flatMap((token, id) => (isText(id) ? [[token, id] as const] : [])));
  let longest = 1;
  for (const token of idOf.keys()) longest = Math.max(longest, Array.from(token).length);
  const least = scores.reduce((low, score) => Math.min(low, score), Infinity);
  return { unk, idOf, scores, unknownScore: least - UNKNOWN_PENALTY, longest };
}

/** A token that ends at a place of the piece: where it begins, and the score of the best way to its end. */
interface Node {
  readonly id: number;
  readonly score: number;
  readonly from: number;
  total: number;
  before: Node | undefined;
}

/**
 * The tokens of a piece, by Viterbi over those that fit; of equal ways the one whose last token is longer. Sums are made in the order in
 * which the `tokenizers` libraries make them.
 */
function likeliestCut(characters: readonly string[], { unk, idOf, scores, unknownScore, longest }: Lexicon): readonly number[] {
  const length = characters.length;
  const ending: Node[][] = Array.from({ length: length + 1 }, () => []);
  const root: Node = { id: -1, score: 0, from: 0, total: 0, before: undefined };
  (ending[0] as Node[]).push(root);
  const attach = (node: Node, at: number): Node => {
    for (const left of ending[at] as Node[]) {
      const total = left.total + node.score;
      if (node.before === undefined || total > node.total) {
        node.before = left;
        node.total = total;
      }
    }
    return node;
  };
  for (let at = 0; at < length; at++) {
    let token = "", single = false;
    for (let to = at + 1; to <= Math.min(length, at + longest); to++) {
      token += characters[to - 1];
      const id = idOf.get(token);
      if (id === undefined) continue;
      if (to === at + 1) single = true;
      (ending[to] as Node[]).push(attach({ id, score: scores[id] as number, from: at, total: 0, before: undefined }, at));
    }
    if (!single) (ending[at + 1] as Node[]).push(attach({ id: unk, score: unknownScore, from: at, total: 0, before: undefined }, at));
  }
  const ids: number[] = [];
  let node = attach({ id: -1, score: 0, from: length, total: 0, before: undefined }, length).before;
  while (node !== undefined && node !== root) {
    ids.push(node.id);
    node = node.before;
  }
  return ids.reverse();
}
