/** A run of words, all in both texts or all in one only. */
export interface Run {
  readonly in: "both" | "hypothesis" | "reference";
  readonly text: string;
}

/**
 * How a hypothesis differs from its reference, by words between spaces: the runs along a longest common subsequence, in reading order; where
 * they differ, the hypothesis' words come before the reference's. The runs of "both" and "hypothesis" joined by spaces are the hypothesis.
 */
export function wordDifference(hypothesis: string, reference: string): readonly Run[] {
  const ours = words(hypothesis), theirs = words(reference);
  const common = commonLengths(ours, theirs);
  const at = (i: number, j: number): number => common[i * (theirs.length + 1) + j] as number;
  const runs: { in: Run["in"]; words: string[] }[] = [];
  const add = (where: Run["in"], word: string): void => {
    const last = runs.at(-1);
    if (last?.in === where) last.words.push(word);
    else runs.push({ in: where, words: [word] });
  };
  let i = 0, j = 0;
  while (i < ours.length || j < theirs.length) {
    if (i < ours.length && j < theirs.length && ours[i] === theirs[j]) {
      add("both", ours[i++] as string);
      j++;
    } else if (i < ours.length && (j === theirs.length || at(i + 1, j) >= at(i, j + 1))) {
      add("hypothesis", ours[i++] as string);
    } else {
      add("reference", theirs[j++] as string);
    }
  }
  return runs.map((run) => ({ in: run.in, text: run.words.join(" ") }));
}

function words(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** Entry [i, j]: the length of the longest common subsequence of what follows from i and from j. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j]
        ? 1 + (lengths[(i + 1) * width + j + 1] as number)
        : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number);
    }
  }
  return lengths;
}
